"""The parameters of a connection, as a model: those of its path, query, headers and cookies."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Generic, NamedTuple, get_origin
from urllib.parse import parse_qsl

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json
from typing_extensions import TypeVar

from fast_channels.consumer.cookies import parse_cookies
from fast_channels.consumer.markers import Cookie, Marker, Path, markers_of
from fast_channels.exceptions import InvalidParamsError
from fast_channels.messages.annotations import members
from fast_channels.messages.errors import shortened
from fast_channels.untrusted import MAX_MISTAKES

MAX_FIELDS = 1000
"""How many parameters a query may have; a longer one is refused before it is taken apart."""

Model = TypeVar("Model", bound=BaseModel)


def error_body(error: InvalidParamsError) -> bytes:
    """Return the body of a response that tells what is wrong with parameters, as FastAPI's do."""
    return to_json({"detail": error.errors})


UNMARKED: Final = "path_or_query"
"""From which part a field without a marker comes."""


class ParamsReader(Generic[Model]):
    """Makes a model out of the parameters of a connection.

    A field with a marker is taken from the part that it names, and from no other. One without comes from the
    path or the query: a parameter of the path comes before one of the query that has the same name, or
    another name of the same field. A parameter of the query, or a header, is a list of values if the model
    declares a list, a set or a tuple for it; any other may be given once.

    Args:
        model: The model.
        names: Local variables around its definition, for string annotations.

    Raises:
        TypeError: A marker cannot be followed.
    """

    def __init__(self, model: type[Model], names: Mapping[str, Any] | None = None) -> None:
        self.model = model
        self._names = names or {}
        if model.__pydantic_complete__:
            # So that what is wrong is said when the consumer is defined, not when somebody connects.
            _ = self._plan

    @cached_property
    def _plan(self) -> "_Plan":
        # Of a model that is not complete nobody knows what its fields are.
        self.model.model_rebuild()
        return _Plan(self.model, markers_of(self.model, self._names))

    @property
    def places(self) -> Mapping[str, tuple[str, str]]:
        """For the names of each field the part from which it comes, and its name there."""
        return self._plan.places

    def read(self, scope: Mapping[str, Any]) -> Model:
        """Return the parameters of a connection.

        Args:
            scope: The connection scope. Path parameters are where Starlette keeps them, in `path_params`,
                or where Channels does, in `url_route`.

        Raises:
            InvalidParamsError: They do not fit the model.
        """
        plan = self._plan
        route: Mapping[str, Any] = scope.get("url_route") or {}
        path: Mapping[str, Any] = scope.get("path_params") or route.get("kwargs") or {}
        values, places = plan.values(path, scope)
        try:
            return self.model.model_validate(values)
        except ValidationError as error:
            invalid = InvalidParamsError(_errors(error, places))
        try:
            raise invalid
        finally:
            # It refers to this frame, which would refer to it.
            del invalid


class _Field(NamedTuple):
    """A field with a marker.

    Attributes:
        key: The name under which the model takes it.
        known: All names under which it would.
        marker: From which part of the connection it comes.
        names: What it may be called there.
        many: Whether it takes all values of its name.
    """

    key: str
    known: tuple[str, ...]
    marker: Marker
    names: tuple[str, ...]
    many: bool


class _Plan:
    """Where the fields of a model come from.

    Args:
        model: The model, complete.
        markers: The markers of its fields.

    Raises:
        TypeError: A marker cannot be followed.
    """

    def __init__(self, model: type[BaseModel], markers: Mapping[str, Marker]) -> None:
        plain = {name: field for name, field in model.model_fields.items() if name not in markers}
        names = [frozenset(_names(name, field.validation_alias)) for name, field in plain.items()]
        self._same = {name: known for known in names for name in known}
        self._lists = frozenset(
            one
            for name, field in plain.items()
            if _is_many(field)
            for one in _names(name, field.validation_alias)
        )
        self._fields = [_marked(model, name, marker) for name, marker in markers.items()]
        for field in self._fields:
            if shared := sorted(self._same.keys() & {*field.known}):
                raise TypeError(
                    f"{model.__qualname__} has two fields called {shared[0]}, and one has a marker: rename it"
                )
        # What belongs to a field with a marker comes from nowhere else.
        self._taken = {
            part: frozenset(
                name
                for field in self._fields
                for name in (*field.known, *(field.names if field.marker.part == part else ()))
            )
            - self._same.keys()
            for part in ("path", "query")
        }
        asked = {name for field in self._fields if field.marker.part == "query" for name in field.names}
        closed = model.model_config.get("extra") == "forbid"
        self._forbidden = self._taken["query"] - asked if closed else frozenset[str]()

    @property
    def places(self) -> Mapping[str, tuple[str, str]]:
        """For the names of each field the part from which it comes, and its name there."""
        marked = {one: (field.marker.part, field.names[0]) for field in self._fields for one in field.known}
        return {**{name: (UNMARKED, name) for name in self._same}, **marked}

    def values(
        self, path: Mapping[str, Any], scope: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Mapping[str, tuple[str, str]]]:
        """Return what the model is made of, and for each name from which part it is, and its name there.

        Raises:
            InvalidParamsError: The query cannot be read, or has what is nowhere declared.
        """
        found = _query(scope.get("query_string") or b"")
        values: dict[str, Any] = {
            name: given if name in self._lists or len(given) > 1 else given[0]
            for name, given in found.items()
            if name not in self._taken["query"]
        }
        for name in path:
            # Who may see what depends on the path, and what the router has checked is not asked again.
            for same in self._same.get(name, ()):
                values.pop(same, None)
        values |= {name: value for name, value in path.items() if name not in self._taken["path"]}
        places = {name: ("path", name) for name in path}
        if self._fields:
            self._add_marked(values, places, _Parts(path, found, scope))
        if wrong := sorted(self._forbidden & found.keys()):
            text = "Extra inputs are not permitted"
            raise InvalidParamsError(
                [{"type": "extra_forbidden", "loc": ["query", name], "msg": text} for name in wrong]
            )
        return values, places

    def _add_marked(
        self, values: dict[str, Any], places: dict[str, tuple[str, str]], parts: "_Parts"
    ) -> None:
        for field in self._fields:
            places |= dict.fromkeys(field.known, (field.marker.part, field.names[0]))
            if given := parts.find(field.marker, field.names):
                values[field.key] = given if field.many or len(given) > 1 else given[0]


def _marked(model: type[BaseModel], name: str, marker: Marker) -> _Field:
    """Return a field with a marker.

    Raises:
        TypeError: The marker cannot be followed.
    """
    field = model.model_fields[name]
    where = f"{model.__qualname__}.{name}"
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [] if alias is None else [alias]
    own = tuple(choice for choice in choices if isinstance(choice, str))
    if len(own) < len(choices):
        raise TypeError(f"{where} has a marker, and an alias that is a path; give the marker an alias")
    if any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in members(field.annotation)):
        raise TypeError(f"{where} is a model with a marker; put markers on its fields")
    many = _is_many(field)
    if many and isinstance(marker, Cookie | Path):
        raise TypeError(f"{where} is a list, and the {marker.part} has one value for each name")
    names = (marker.alias,) if marker.alias is not None else own or (marker.external(name),)
    by_alias = own and model.model_config.get("validate_by_alias", True)
    return _Field(own[0] if by_alias else name, (name, *own), marker, names, many)


def _is_many(field: FieldInfo) -> bool:
    return any(map(_is_list, members(field.annotation)))


class _Parts:
    """The parts of a connection, taken apart when a field needs one.

    Args:
        path: The parameters of the path.
        query: Those of the query.
        scope: The connection scope.
    """

    def __init__(
        self, path: Mapping[str, Any], query: Mapping[str, list[str]], scope: Mapping[str, Any]
    ) -> None:
        self._path = path
        self._query = query
        self._scope = scope

    @cached_property
    def _headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self._scope.get("headers") or ():
            found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return found

    @cached_property
    def _cookies(self) -> dict[str, str]:
        return parse_cookies(self._headers.get("cookie", ()))

    def find(self, marker: Marker, names: Iterable[str]) -> list[Any]:
        """Return the values that a part has for a field."""
        look = _FIND[marker.part]
        return [value for name in names for value in look(self, name)]

    def in_path(self, name: str) -> list[Any]:
        """Return the value of a parameter of the path, if there is one."""
        return [self._path[name]] if name in self._path else []

    def in_query(self, name: str) -> list[str]:
        """Return the values of a parameter of the query."""
        return self._query.get(name, [])

    def in_headers(self, name: str) -> list[str]:
        """Return the values of a header."""
        return self._headers.get(name.lower(), [])

    def in_cookies(self, name: str) -> list[str]:
        """Return the value of a cookie, if there is one."""
        return [self._cookies[name]] if name in self._cookies else []


_FIND: Mapping[str, Callable[[_Parts, str], list[Any]]] = {
    "path": _Parts.in_path,
    "query": _Parts.in_query,
    "header": _Parts.in_headers,
    "cookie": _Parts.in_cookies,
}


def _query(query: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        text = f"The query cannot be read: {shortened(str(error))}"
        raise InvalidParamsError([{"type": "query_invalid", "loc": ["query"], "msg": text}]) from None
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _errors(error: ValidationError, places: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    if (count := error.error_count()) > MAX_MISTAKES:
        return [{"type": "too_many_errors", "loc": ["query"], "msg": f"{count} mistakes"}]
    return [
        {**item, "loc": _location(item["loc"], places), "msg": shortened(item["msg"])}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _location(location: tuple[int | str, ...], places: Mapping[str, tuple[str, str]]) -> list[int | str]:
    place = places.get(str(location[0])) if location else None
    return ["query", *location] if place is None else [*place, *location[1:]]


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
