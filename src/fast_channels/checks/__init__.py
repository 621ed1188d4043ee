"""Finds mistakes in consumer classes that would only fail when a connection, a frame or an event arrives."""

from .consumer import check, findings_in
from .finding import Finding
from .kinds import CODES, KINDS, explained, like, page
from .report import FORMATS, relative

__all__ = [
    "CODES",
    "FORMATS",
    "KINDS",
    "Finding",
    "check",
    "explained",
    "findings_in",
    "like",
    "page",
    "relative",
]
