"""Whether types have a form in JSON."""

import warnings
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

__all__ = ["BinarySchema", "require_schema"]


class BinarySchema(GenerateJsonSchema):
    """Refuses to describe bytes that are written as UTF-8, which bytes need not be."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        """Describe bytes that have an encoding.

        Raises:
            UnicodeError: They are written as UTF-8.
        """
        described = super().bytes_schema(schema)
        if described["format"] == "binary":
            raise UnicodeError("bytes are written as UTF-8")
        return described


def require_schema(
    adapter: TypeAdapter[Any], mode: JsonSchemaMode, generator: type[GenerateJsonSchema] = GenerateJsonSchema
) -> None:
    """Do nothing if what is read (`validation`) or written (`serialization`) has a JSON Schema.

    Raises:
        pydantic.errors.PydanticUserError: It has none.
        UnicodeError: The generator says so.
    """
    with warnings.catch_warnings():
        # That a schema cannot show a default is no mistake.
        warnings.simplefilter("ignore")
        adapter.json_schema(mode=mode, schema_generator=generator)
