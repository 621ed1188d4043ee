"""The document of the protocols shows every cell of every table."""

import pytest

from fast_channels.consumer.phases import PHASES
from fast_channels.protocol import CONNECTIONS, Table, Verdict
from repository_files.documents import MEANINGS, SECTIONS, WHAT_HAPPENS, protocol_document
from repository_files.mermaid import labels, state_diagram

TABLES = [
    table for kind in CONNECTIONS.values() for table in (kind.table, kind.requests) if table is not None
]


def cells(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table."""
    return [cell.strip(" `") for cell in line.strip("|").split("|")]


def test_the_document_is_the_same_every_time() -> None:
    """A check can compare it with what is committed."""
    assert protocol_document() == protocol_document()


def test_the_document_says_that_it_is_generated() -> None:
    """Who opens the file to change it reads where to change it."""
    assert protocol_document().startswith("<!-- Written by `nox -s generate`")


def test_every_verdict_is_explained() -> None:
    """The words in the cells are those of the list."""
    explained = [cells(line)[0] for line in protocol_document().splitlines() if line.startswith("| ")][
        2 : 2 + len(Verdict)
    ]

    assert {*MEANINGS} == {*Verdict}
    assert explained == ["STATE", *(verdict.value for verdict in MEANINGS if verdict is not Verdict.LEGAL)]


def test_every_protocol_has_a_section() -> None:
    """In the order of the protocols; the life of a consumer, which is the same for all, comes last."""
    titles = [line.removeprefix("## ") for line in protocol_document().splitlines() if line.startswith("## ")]

    assert titles == [*(SECTIONS[protocol].title for protocol in CONNECTIONS), "The life of a consumer"]


def test_the_life_of_a_consumer_can_be_read_back() -> None:
    """Every phase with what can happen in it; an empty cell changes nothing."""
    lines = protocol_document().splitlines()
    start = lines.index(f"| phase | {' | '.join(WHAT_HAPPENS.values())} |") + 2
    rows = {line[0]: line[1:] for line in map(cells, lines[start : start + len(PHASES)])}

    assert rows == {phase: [row.get(what, "") for what in WHAT_HAPPENS] for phase, row in PHASES.items()}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_its_diagram(table: Table) -> None:
    """What is drawn is what the machine reads."""
    assert f"```mermaid\n{state_diagram(table)}```" in protocol_document()


@pytest.mark.parametrize("table", TABLES)
def test_every_cell_can_be_read_back(table: Table) -> None:
    """Every event in every state: the state that follows, or the verdict."""
    lines = protocol_document().splitlines()
    start = lines.index(f"| event | {' | '.join(f'`{state}`' for state in table.cells)} |")
    rows = {line[0]: line[1:] for line in map(cells, lines[start + 2 : start + 2 + len(labels(table))])}

    assert rows == {
        label: [
            row[name].next if row[name].verdict is Verdict.LEGAL else row[name].verdict.value
            for row in table.cells.values()
        ]
        for name, label in labels(table).items()
    }
