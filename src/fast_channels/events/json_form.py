"""How the values of events look in JSON, for the JSON Schemas that are made from the models."""

from collections.abc import Mapping
from typing import Any

BYTES: Mapping[str, Any] = {"type": "string", "contentEncoding": "base64"}
