"""What all connections of a consumer would share without being meant to."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, get_origin

from typing_extensions import Format, get_annotations

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.definition import application_classes

from .finding import Finding, finding

__all__ = ["check_attributes"]

_MUTABLE = (list, dict, set, bytearray, deque)


def check_attributes(consumer: type[AsyncConsumer], arguments: Mapping[str, Any]) -> Iterator[Finding]:
    """Find mutable class attributes, which all connections share.

    Those that the library has too, such as `groups`, are settings that it only reads. One that is annotated
    with `ClassVar` or `Final` is meant to be shared.

    Args:
        consumer: The class.
        arguments: Those of `as_asgi()`, each an attribute of every consumer.
    """
    own = application_classes(consumer)
    library = {name for base in consumer.__mro__ if base not in own for name in vars(base)}
    passed_over = library | {"groups", *arguments}
    for base in own:
        for name, value in vars(base).items():
            if name in passed_over or name.startswith("__") or not issubclass(type(value), _MUTABLE):
                continue
            if not _is_meant(get_annotations(base, format=Format.FORWARDREF).get(name)):
                text = (
                    f"has the class attribute {name}, a {type(value).__name__} that all connections share; "
                    "set it in __init__(), or annotate it with ClassVar if that is meant"
                )
                yield finding("FC307", base, text)


def _is_meant(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return re.search(r"\b(ClassVar|Final)\b", annotation) is not None
    return annotation in (ClassVar, Final) or get_origin(annotation) in (ClassVar, Final)
