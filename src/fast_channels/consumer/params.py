"""The path and query parameters of a connection, as a model."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, get_origin
from urllib.parse import parse_qsl

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from pydantic_core import to_json
from typing_extensions import TypeVar

from fast_channels.exceptions import InvalidParamsError
from fast_channels.messages.annotations import members
from fast_channels.messages.errors import shortened
from fast_channels.untrusted import MAX_MISTAKES

JSON_HEADERS = [(b"content-type", b"application/json")]

MAX_FIELDS = 1000
"""How many parameters a query may have; a longer one is refused before it is taken apart."""

Model = TypeVar("Model", bound=BaseModel)


def error_body(error: InvalidParamsError) -> bytes:
    """Return the body of a response that tells what is wrong with parameters, as FastAPI's do."""
    return to_json({"detail": error.errors})


class ParamsReader(Generic[Model]):
    """Makes a model out of the parameters of a connection.

    A parameter of the path comes before one of the query that has the same name, or another name of the same
    field. A parameter of the query
    is a list of values if the model declares a list, a set or a tuple for it; any other may be given once.

    Args:
        model: The model.
    """

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self._lists = frozenset(
            name
            for field_name, field in model.model_fields.items()
            if any(_is_list(kind) for kind in members(field.annotation))
            for name in _names(field_name, field.validation_alias)
        )
        fields = [
            frozenset(_names(name, field.validation_alias)) for name, field in model.model_fields.items()
        ]
        self._same = {name: names for names in fields if len(names) > 1 for name in names}

    def read(self, scope: Mapping[str, Any]) -> Model:
        """Return the parameters of a connection.

        Args:
            scope: The connection scope. Path parameters are where Starlette keeps them, in `path_params`,
                or where Channels does, in `url_route`.

        Raises:
            InvalidParamsError: They do not fit the model.
        """
        route: Mapping[str, Any] = scope.get("url_route") or {}
        path: Mapping[str, Any] = scope.get("path_params") or route.get("kwargs") or {}
        query = self._query(scope.get("query_string") or b"")
        for name in path:
            # Who may see what depends on the path, and what the router has checked is not asked again.
            for same in self._same.get(name, ()):
                query.pop(same, None)
        try:
            return self.model.model_validate({**query, **path})
        except ValidationError as error:
            invalid = InvalidParamsError(_errors(error, path))
        raise invalid

    def _query(self, query: bytes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        try:
            pairs = parse_qsl(
                query.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )
        except ValueError as error:
            text = f"The query cannot be read: {shortened(str(error))}"
            raise InvalidParamsError([{"type": "query_invalid", "loc": ["query"], "msg": text}]) from None
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return {
            name: values if name in self._lists or len(values) > 1 else values[0]
            for name, values in found.items()
        }


def _errors(error: ValidationError, path: Mapping[str, Any]) -> list[dict[str, Any]]:
    if (count := error.error_count()) > MAX_MISTAKES:
        return [{"type": "too_many_errors", "loc": ["query"], "msg": f"{count} mistakes"}]
    return [
        {**item, "loc": _location(item["loc"], path), "msg": shortened(item["msg"])}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _location(location: tuple[int | str, ...], path: Mapping[str, Any]) -> list[int | str]:
    return ["path" if location and location[0] in path else "query", *location]


def _is_list(kind: Any) -> bool:
    kind = get_origin(kind) or kind
    return (
        isinstance(kind, type) and issubclass(kind, Iterable) and not issubclass(kind, str | bytes | Mapping)
    )


def _names(name: str, alias: object) -> Iterator[str]:
    yield name
    for choice in alias.choices if isinstance(alias, AliasChoices) else [alias]:
        first = choice.path[0] if isinstance(choice, AliasPath) else choice
        if isinstance(first, str):
            yield first
