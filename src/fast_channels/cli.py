"""The command line: each command parses, calls functions of other rooms, and prints."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from fast_channels.checks import CODES, FORMATS, check, relative
from fast_channels.codegen.application import application_types, subjects_in
from fast_channels.codegen.schemas import BASE_URI, schemas_of
from fast_channels.codegen.write import differences, write
from fast_channels.exceptions import SchemaError
from fast_channels.targets import Target, TargetError, consumers_in, load

__all__ = ["command"]

FINDINGS = 1
"""Exit code of a check that found something; a mistake of usage has click's own, which is 2."""
