"""Finds in consumer classes what would only fail when a connection, a frame or an event comes."""

from .consumer import check, findings_in
from .finding import CODES, Finding
from .report import FORMATS, relative

__all__ = ["CODES", "FORMATS", "Finding", "check", "findings_in", "relative"]
