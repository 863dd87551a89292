"""What stands in the lists of events that went no further: enough for the next command, at any width."""

from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from client.cli.__main__ import create_app
from deploy.local.operations import dead_letters, quarantine

DEVICE = UUID("018f3c1e-7b2a-7c3d-9e4f-5a6b7c8d9e0f")
REASON = "payload.sets[0] has to be a set: [red]expected[/red] what some workout holds, but found a list of a hundred"
WIDTHS = pytest.mark.parametrize("columns", ["80", "120"])


def listed(
    command: str, answer: Any, columns: str, monkeypatch: pytest.MonkeyPatch, wrapped: str = REASON
) -> list[str]:
    """The words of each line that the command prints; `wrapped` is in them, over several lines."""
    monkeypatch.setenv("COLUMNS", columns)
    for module in (dead_letters, quarantine):
        monkeypatch.setattr(module, "operate", lambda *_, **__: answer)
    done = CliRunner().invoke(create_app(), [command, "list"], catch_exceptions=False)
    assert wrapped.split() == [word for word in done.output.split() if word in wrapped.split()]
    return done.output.splitlines()


@WIDTHS
def test_a_dead_letter_is_listed_with_all_that_names_it(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"device_id": str(DEVICE), "sequence_number": 24_455, "event": {"event_type": "set.completed"}}

    lines = listed("dead-letters", ([{**item, "state": "parked", "reason": REASON}], []), columns, monkeypatch)

    assert any({str(DEVICE), "24455", "set.completed", "parked"} < set(line.split()) for line in lines)


@WIDTHS
def test_a_record_that_is_no_event_is_listed_with_its_place(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"topic": "hypertrophy.ingest.accepted-events.v1", "partition": 7, "record_offset": 9_876_543_210}

    lines = listed("dead-letters", ([], [{**place, "reason": REASON}]), columns, monkeypatch)

    assert any({place["topic"], "7", "9876543210"} < set(line.split()) for line in lines)


@WIDTHS
def test_a_refused_event_is_listed_with_all_that_names_it(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"device_id": str(DEVICE), "sequence_number": 24_455, "event_id": str(UUID(int=1)), "field": "sets"}
    code = {"code": "invalid_payload", "message": REASON, "released_at": "2026-11-22T05:28:00Z"}

    lines = listed("quarantine", [{**item, **code}], columns, monkeypatch)

    assert any({str(DEVICE), "24455", "invalid_payload", "(sets):"} < set(line.split()) for line in lines)
    assert any("2026-11-22T05:28:00Z" in line for line in lines)


@pytest.mark.parametrize(
    ("command", "answer", "said"),
    [("dead-letters", ([], []), "nothing is parked\n"), ("quarantine", [], "nothing is in quarantine\n")],
)
def test_where_there_is_nothing_one_line_says_so(
    command: str, answer: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\n".join([*listed(command, answer, "80", monkeypatch, wrapped=""), ""]) == said
