"""The generated schemas, ready to be asked what fits them."""

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from fast_channels.codegen.schemas import asgi_schemas


class Schema:
    """A JSON Schema, which fits the meta-schema.

    Args:
        schema: The schema.
        registry: What it may refer to.
    """

    def __init__(self, schema: Any, registry: Registry[Any] | None = None) -> None:
        Draft202012Validator.check_schema(schema)
        # A part of the types of jsonschema is unknown to strict checkers.
        self._validator: Any = Draft202012Validator(schema, registry=registry or Registry[Any]())

    def errors(self, value: Any) -> list[str]:
        """Return what is wrong with a value."""
        return [error.message for error in self._validator.iter_errors(value)]

    def accepts(self, value: Any) -> bool:
        """Tell whether a value fits."""
        fits: bool = self._validator.is_valid(value)
        return fits


BUNDLES: Mapping[str, Any] = {
    name.removesuffix(".json"): json.loads(text) for name, text in asgi_schemas().items()
}
"""The schemas of ASGI by protocol."""

REGISTRY: Registry[Any] = Registry[Any]().with_resources(
    [(bundle["$id"], Resource[Any].from_contents(bundle)) for bundle in BUNDLES.values()]
)

PARTS: Mapping[tuple[str, str], Schema] = {
    (protocol, part): Schema({"$ref": f"{bundle['$id']}#/$defs/{part}"}, REGISTRY)
    for protocol, bundle in BUNDLES.items()
    for part in ("scope", "receive", "send")
}
"""The parts of the schemas of ASGI, by protocol and part."""
