"""The command line: each command parses, calls functions of other packages, and prints."""

import json
import logging
import os
import platform
import re
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import pydantic

from fast_channels import __version__
from fast_channels.checks import CODES, FORMATS, KINDS, explained, findings_in, like, page, relative
from fast_channels.codegen.application import application_schemas, application_types, foreign_types
from fast_channels.codegen.json_schema import text_of
from fast_channels.codegen.schemas import BASE_URI
from fast_channels.codegen.write import differences, own_files, write
from fast_channels.exceptions import SchemaError
from fast_channels.installation import DISTRIBUTION
from fast_channels.settings import SettingsError, settings_of
from fast_channels.targets import Target, TargetError, consumers_in, load
from fast_channels.worker import STOP_SECONDS, Worker

__all__ = ["command"]


class CannotDoError(click.ClickException):
    """A command cannot be carried out, though it was typed as it should be: its usage would not help."""

    exit_code = 2


FINDINGS = 1
"""Exit code of a check that found something; a mistake of usage has click's own, which is 2."""

STANDARD_OUTPUT: Final = "-"
"""In place of the name of a file or folder."""

_targets = click.argument("targets", nargs=-1, metavar="TARGET...")
_app_dir = click.option(
    "--app-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Where to look for modules first; by default the current directory.",
)
_only_check = click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; show what is not up to date."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__,
    "--version",
    message=f"{DISTRIBUTION} %(version)s (Python {platform.python_version()}, pydantic {pydantic.VERSION})",
)
@click.pass_context
def command(context: click.Context) -> None:
    """Check applications of fast_channels, generate files from their declarations, and run workers.

    A TARGET is a module or module:attribute: a consumer class, the result of its as_asgi(), or an
    application whose routes lead to consumers. Targets and outputs may also be set in the table
    [tool.fast-channels] of pyproject.toml; arguments take precedence.

    Exit codes: 0 for success, 1 if a check found a mistake, 2 if a command could not be run.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    with _sentences():
        context.default_map = settings_of(Path.cwd())


@command.command("check")
@_targets
@_app_dir
@click.option("--error-format", type=click.Choice([*FORMATS]), default="text", help="How findings are shown.")
@click.option(
    "--ignore",
    type=click.Choice([*CODES]),
    multiple=True,
    metavar="CODE",
    help="Leave out a kind of finding; may be repeated.",
)
def check(targets: tuple[str, ...], app_dir: Path, error_format: str, ignore: tuple[str, ...]) -> None:
    """Find mistakes in consumers that would only fail at run time."""
    with _sentences():
        loaded = _loaded(targets, app_dir)
        consumers = {found.consumer for target in loaded for found in consumers_in(target)}
        found = relative(findings_in(loaded), Path.cwd())
    shown = [one for one in found if one.code not in ignore]
    click.echo(_coloured(_PLACE_AND_CODE, FORMATS[error_format](shown)), nl=False)
    if error_format != "json":
        ignored = f", {len(found) - len(shown)} ignored" if len(found) > len(shown) else ""
        where = ", ".join(target.text for target in loaded)
        result = click.style(_count(len(shown), "finding"), fg="red" if shown else "green", bold=True)
        click.echo(f"checked {_count(len(consumers), 'consumer')} of {where}: {result}{ignored}")
    if shown and error_format == "text":
        codes = " ".join(dict.fromkeys(sorted(one.code for one in shown)))
        _note(f"fast-channels explain {codes} shows the reason, an example and the fix")
    if shown:
        sys.exit(FINDINGS)


@command.command("explain")
@click.argument("codes", nargs=-1, metavar="CODE...")
def explain(codes: tuple[str, ...]) -> None:
    """Show the reason, an example and the fix of a finding; without a code all of them, in Markdown."""
    for code in codes:
        if code.upper() not in KINDS:
            meant = like(code) or KINDS
            raise click.UsageError(f"there is no finding {code!r}; did you mean {', '.join(meant)}?")
    texts = [explained(KINDS[code.upper()]) for code in codes]
    click.echo("\n".join(texts) if texts else page(), nl=False)


@command.command("schema")
@_targets
@_app_dir
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False),
    help="The folder of the schemas; - for one JSON object on the standard output.",
)
@click.option(
    "--base-uri", default=BASE_URI, show_default=True, help="The beginning of the $id of each schema."
)
@_only_check
def schema(
    targets: tuple[str, ...], app_dir: Path, output: str | None, base_uri: str, only_check: bool
) -> None:
    """Write the JSON Schemas of the messages of consumers.

    Consumers that declare no messages are skipped.
    """
    with _sentences():
        targets, output = _output(targets, output, only_check)
        generated = application_schemas(_loaded(targets, app_dir), base_uri, note=_note)
        if output == STANDARD_OUTPUT:
            documents = {name: json.loads(text) for name, text in generated.files.items()}
            click.echo(text_of(documents), nl=False)
            return
        folder = Path(output)
        owned = own_files(folder, generated.files, generated.owned, generated.foreign)
        _bring_up_to_date(folder, generated.files, owned, only_check=only_check)


@command.command("stubs")
@_targets
@_app_dir
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    help="The Python module to write; - for the standard output.",
)
@_only_check
def stubs(targets: tuple[str, ...], app_dir: Path, output: str | None, only_check: bool) -> None:
    """Write a module of types: Protocols of handlers, and messages as TypedDicts.

    A TARGET may also be a channel event, or a union of channel events. Consumers that declare no messages are
    skipped.
    """
    with _sentences():
        targets, output = _output(targets, output, only_check)
        loaded = _loaded(targets, app_dir)
        text = application_types(loaded, note=_note)
        if output == STANDARD_OUTPUT:
            click.echo(text, nl=False)
            return
        path = Path(output)
        files = {path.name: text} if text else {}
        own_files(path.parent, files, (), lambda _, current: foreign_types(loaded, current))
        _bring_up_to_date(path.parent, files, (), only_check=only_check)


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
    help="How long handlers may run after the signal to stop.",
)
def worker(layer: str, consumers: list[str], app_dir: Path, stop_timeout: float) -> None:
    """Run consumers on named channels, until SIGTERM or SIGINT.

    LAYER is the module:attribute of a channel layer, CONSUMER that of a consumer class or of the result of
    its as_asgi(), for example: app:layer thumbnails=app:ThumbnailConsumer
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
            raise click.UsageError(f"{text!r} does not have the form channel=module:attribute")
        if channel in by_channel:
            raise click.UsageError(f"the channel {channel!r} is given twice; it can have only one consumer")
        by_channel[channel] = target
    return by_channel


def _loaded(targets: Iterable[str], folder: Path) -> list[Target]:
    loaded = [load(target, folder) for target in targets]
    if not loaded:
        raise click.UsageError(
            "Missing argument 'TARGET...': name a module or module:attribute, for example app:app, or set "
            "targets in [tool.fast-channels] of pyproject.toml"
        )
    return loaded


def _output(targets: tuple[str, ...], output: str | None, only_check: bool) -> tuple[tuple[str, ...], str]:
    """Return the targets and the output of a command; a target that is - is an output."""
    if STANDARD_OUTPUT in targets:
        targets, output = tuple(one for one in targets if one != STANDARD_OUTPUT), STANDARD_OUTPUT
        targets = targets or click.get_current_context().lookup_default("targets") or ()
    if output is None:
        raise click.UsageError(
            "Missing option '-o' / '--output': name one, or - for the standard output, or set output in "
            "pyproject.toml"
        )
    if only_check and output == STANDARD_OUTPUT:
        raise click.UsageError("--check compares files; it cannot be used with -, the standard output")
    return targets, output


def _bring_up_to_date(
    folder: Path, files: Mapping[str, str], owned: Iterable[str], *, only_check: bool
) -> None:
    if only_check:
        found = [*differences(folder, files, owned)]
        click.echo(_coloured(_CHANGED_LINE, "".join(found)), nl=False)
        _say(f"{len(files)} generated, {len(found)} not up to date" if found else "up to date")
        if found:
            sys.exit(FINDINGS)
        return
    deleted = write(folder, files, owned)
    if len(files) > 1:
        _say(f"wrote {len(files)} files in {folder}")
    else:
        _say(" ".join(["wrote", *(str(folder / name) for name in files)]) if files else "nothing to write")
    for name in deleted:
        _say(f"deleted {folder / name}: its messages are no longer declared")


def _note(sentence: str) -> None:
    click.echo(f"{click.style('note:', bold=True)} {sentence}", err=True)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _style(**style: Any) -> Callable[[re.Match[str]], str]:
    return lambda found: click.style(found[0], **style)


_PLACE_AND_CODE = {r"(?m)^\S+:\d+:": _style(bold=True), r"(?m)\bFC\d+\b": _style(fg="red")}
_CHANGED_LINE = {r"(?m)^\+.*": _style(fg="green"), r"(?m)^-.*": _style(fg="red")}


def _coloured(styles: Mapping[str, Callable[[re.Match[str]], str]], text: str) -> str:
    """Return a text with colours; where the output is no terminal they are not written."""
    for pattern, styled in styles.items():
        text = re.sub(pattern, styled, text)
    return text


@contextmanager
def _sentences(*more: type[Exception]) -> Generator[None]:
    errors: tuple[type[Exception], ...] = (TargetError, SchemaError, SettingsError, OSError, *more)
    try:
        yield
    except errors as error:
        raise CannotDoError(str(error)) from error
