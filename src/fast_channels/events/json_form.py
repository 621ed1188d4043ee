"""How the values of ASGI look in JSON, and their rules there. JSON Schema 2020-12.

JSON has no bytes, so they are written in base64. What is known of some bytes, JSON Schema can only say of
their base64, with patterns. None of these looks ahead, so that every dialect of regular expressions has them.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

BASE64: Mapping[str, Any] = {
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}

# What has a title is defined once in a document.
BYTES: Mapping[str, Any] = {"title": "Bytes", **BASE64}


def containing(forbidden: bytes) -> str:
    """Return a pattern of the base64 of all bytes among which there is one of these.

    Three bytes are four characters of six bits each, so it may be the first, the second or the third.
    """
    choices = [choice for byte in forbidden for choice in _places(byte)]
    return f"^(?:.{{4}})*(?:{'|'.join(choices)})"


def _places(byte: int) -> Iterable[str]:
    low, middle = (byte & 0b11) << 4, (byte & 0b1111) << 2
    yield f"[{_ALPHABET[byte >> 2]}][{_ALPHABET[low : low + 16]}]"
    yield f".[{_ALPHABET[byte >> 4 :: 16]}][{_ALPHABET[middle : middle + 4]}]"
    yield f"..[{_ALPHABET[byte >> 6 :: 4]}][{_ALPHABET[byte & 0b111111]}]"


def in_any_case(word: bytes) -> str:
    """Return a pattern of the base64 of a word in upper case, lower case, or some of each.

    No character of base64 holds the bits that make the case of two letters.
    """
    both = zip(b64encode(word.lower()).decode(), b64encode(word.upper()).decode(), strict=True)
    choices = ("".join(sorted({*pair})) for pair in both)
    return f"^{''.join(f'[{choice}]' for choice in choices)}$"


def response_headers(
    title: str, not_in_name: bytes, not_in_value: bytes, *not_a_name: bytes
) -> dict[str, Any]:
    """Return the schema of headers.

    Args:
        title: What these headers are called.
        not_in_name: The bytes that no name contains.
        not_in_value: The bytes that no value contains.
        *not_a_name: Names that are not allowed.
    """
    names = [containing(not_in_name), *map(in_any_case, not_a_name)]
    name = {**BASE64, "minLength": 1, "not": {"anyOf": [{"pattern": pattern} for pattern in names]}}
    value = {**BASE64, "not": {"pattern": containing(not_in_value)}}
    pair = {"type": "array", "prefixItems": [name, value], "minItems": 2, "maxItems": 2}
    return {"title": title, "type": "array", "items": pair}


def in_ranges(ranges: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """Return the schema of a number that is in one of some ranges, bounds included."""
    return {"anyOf": [{"minimum": low, "maximum": high} for low, high in ranges]}


def exactly_one(schemas: Mapping[str, Mapping[str, Any]]) -> Callable[[dict[str, Any]], None]:
    """Return what makes of the schema of an object that of one with exactly one of some properties.

    Each of the forms that it then has is a complete schema with a title of its own, such as `SendText` and
    `SendBytes` of `SendEvent`, for tools that make a class of each. `null` is as good as no property.

    Args:
        schemas: What each property is where it is given.
    """

    def split(schema: dict[str, Any]) -> None:
        title = schema["title"].removesuffix("Event")
        whole = {key: schema.pop(key) for key in [*schema] if key not in _DESCRIBES}
        properties = whole.pop("properties")
        schema["oneOf"] = [
            {
                **whole,
                "title": f"{title}{given.capitalize()}",
                "required": [given],
                "properties": {
                    **properties,
                    **{
                        name: {**form} if name == given else {"type": "null", "default": None}
                        for name, form in schemas.items()
                    },
                },
            }
            for given in schemas
        ]

    return split


_DESCRIBES: Final = ("title", "description")
