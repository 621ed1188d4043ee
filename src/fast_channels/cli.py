"""The command line: each command parses, calls a function of another room, and prints."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from fast_channels.checks import CODES, FORMATS, check, relative
from fast_channels.targets import Target, TargetError, consumers_in, load

__all__ = ["command"]

FINDINGS = 1
"""Exit code of a check that found something; click's own for a mistake of usage is 2."""

_targets = click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
_app_dir = click.option(
    "--app-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default="the current directory",
    help="Where the modules of the targets are looked for first.",
)
_check = click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Write nothing; show what is not up to date, with exit code 1.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fast-channels-typed", message="%(package)s %(version)s")
def command() -> None:
    """Tools for applications that are built with fast_channels.

    A TARGET is a module, or module:attribute: a consumer class, what its as_asgi() returned, or an
    application whose routes lead to consumers.

    Exit codes: 0 when all is well, 1 when a check found something, 2 when the command cannot be carried out.
    """


@command.command("check")
@_targets
@_app_dir
@click.option(
    "--error-format",
    type=click.Choice([*FORMATS]),
    default="text",
    show_default=True,
    help="How findings look.",
)
@click.option(
    "--ignore",
    multiple=True,
    type=click.Choice([*CODES]),
    metavar="CODE",
    help="A kind of finding to pass over.",
)
def check_command(
    targets: tuple[str, ...], app_dir: Path, error_format: str, ignore: tuple[str, ...]
) -> None:
    """Find in consumers what would only fail at run time."""
    found = [one for target in _loaded(targets, app_dir) for one in consumers_in(target)]
    findings = [one for consumer in found for one in check(*consumer) if one.code not in ignore]
    shown = relative(findings, Path.cwd())
    click.echo(FORMATS[error_format](shown), nl=False)
    if shown:
        sys.exit(FINDINGS)


def _loaded(targets: Iterable[str], folder: Path) -> list[Target]:
    try:
        return [load(target, folder) for target in targets]
    except TargetError as error:
        raise click.UsageError(str(error)) from error
