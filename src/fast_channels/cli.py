"""The command line: each command parses, calls functions of other rooms, and prints."""

import logging
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import click

from fast_channels.checks import CODES, FORMATS, findings_in, relative
from fast_channels.codegen.application import application_schemas, application_types
from fast_channels.codegen.schemas import BASE_URI
from fast_channels.codegen.write import bring_up_to_date
from fast_channels.exceptions import SchemaError
from fast_channels.targets import Target, TargetError, load
from fast_channels.worker import STOP_SECONDS, Worker

__all__ = ["command"]

FINDINGS = 1
"""Exit code of a check that found something; a mistake of usage has click's own, which is 2."""

_targets = click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
_app_dir = click.option(
    "--app-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where modules are looked for first; by default the current directory.",
)
_only_check = click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; show what is not up to date."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Check applications of fast_channels, write files from what they declare, and run workers.

    A TARGET is a module or module:attribute: a consumer class, what its as_asgi() returned, or an
    application whose routes lead to consumers.

    Exit codes: 0 if all is well, 1 if a check found something, 2 if a command could not be carried out.
    """


@command.command("check")
@_targets
@_app_dir
@click.option("--error-format", type=click.Choice([*FORMATS]), default="text", help="How findings are shown.")
@click.option(
    "--ignore",
    type=click.Choice([*CODES]),
    multiple=True,
    metavar="CODE",
    help="Pass over a kind of finding; may be repeated.",
)
def check(targets: list[str], app_dir: Path, error_format: str, ignore: list[str]) -> None:
    """Find in consumers what would only fail at run time."""
    with _sentences():
        found = findings_in(_loaded(targets, app_dir))
    shown = relative([one for one in found if one.code not in ignore], Path.cwd())
    _finish(FORMATS[error_format](shown), failed=bool(shown))


@command.command("schema")
@_targets
@_app_dir
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder of the schemas.",
)
@click.option(
    "--base-uri", default=BASE_URI, show_default=True, help="What the $id of each schema begins with."
)
@_only_check
def schema(targets: list[str], app_dir: Path, output: Path, base_uri: str, only_check: bool) -> None:
    """Write the JSON Schemas of what consumers say."""
    with _sentences():
        generated = application_schemas(_loaded(targets, app_dir), base_uri)
        found = bring_up_to_date(output, generated.files, generated.owned, only_check=only_check)
    _finish("".join(found), failed=bool(found))


@command.command("stubs")
@_targets
@_app_dir
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The Python module to write.",
)
@_only_check
def stubs(targets: list[str], app_dir: Path, output: Path, only_check: bool) -> None:
    """Write a module of types: Protocols of handlers, and messages as TypedDicts.

    A TARGET may also be a channel event, or a union of channel events.
    """
    with _sentences():
        text = application_types(_loaded(targets, app_dir))
        found = bring_up_to_date(output.parent, {output.name: text}, (), only_check=only_check)
    _finish("".join(found), failed=bool(found))


@command.command("worker")
@click.argument("layer", metavar="LAYER")
@click.argument("consumers", nargs=-1, required=True, metavar="CHANNEL=CONSUMER...")
@_app_dir
@click.option(
    "--stop-timeout",
    type=click.FloatRange(min=0),
    default=STOP_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long handlers may go on after the signal to stop.",
)
def worker(layer: str, consumers: list[str], app_dir: Path, stop_timeout: float) -> None:
    """Run consumers on named channels, until SIGTERM or SIGINT.

    LAYER is the module:attribute of a channel layer, CONSUMER that of a consumer class or of what its
    as_asgi() returned, for instance: app:layer thumbnails=app:ThumbnailConsumer
    """
    with _sentences(TypeError, ValueError):
        by_channel = _by_channel(consumers)
        source = load(layer, app_dir).value
        found = {channel: load(target, app_dir).value for channel, target in by_channel.items()}
        run = Worker(source, found, stop_timeout=stop_timeout).run
    # An application that has a logging of its own has set it up by now.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run()


def _by_channel(consumers: Iterable[str]) -> dict[str, str]:
    by_channel: dict[str, str] = {}
    for text in consumers:
        channel, _, target = text.partition("=")
        if not target:
            raise TargetError(f"{text!r} names no channel and consumer; write channel=module:attribute")
        if channel in by_channel:
            raise TargetError(f"the channel {channel!r} is named twice, and can have one consumer")
        by_channel[channel] = target
    return by_channel


def _loaded(targets: Iterable[str], folder: Path) -> list[Target]:
    return [load(target, folder) for target in targets]


@contextmanager
def _sentences(*more: type[Exception]) -> Generator[None]:
    errors: tuple[type[Exception], ...] = (TargetError, SchemaError, OSError, *more)
    try:
        yield
    except errors as error:
        raise click.UsageError(str(error)) from error


def _finish(output: str, *, failed: bool) -> None:
    click.echo(output, nl=False)
    if failed:
        sys.exit(FINDINGS)
