"""What an operator is told when there is nothing to talk to, or when a service says no."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.progress import Progress
from typer.testing import CliRunner

from client.cli.__main__ import create_app
from client.cli.commands import COMMANDS
from deploy.local.operations import rebuilding, republishing
from deploy.local.operations.backup.databases import claimed
from deploy.local.operations.running import NotRunning, Operator, Refused
from deploy.local.stack import RunningStack, claim

NEED_A_STACK = [
    ["verify"],
    ["republish"],
    ["rebuild"],
    ["quarantine", "list"],
    ["dead-letters", "list"],
    ["admin", "invite"],
]


def operator(answers: Any, environment: Mapping[str, str] | None = None) -> Operator:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answers), base_url="http://stack")
    return Operator(RunningStack("http://stack", 1, {}, environment or {}), http)


@pytest.mark.parametrize("command", NEED_A_STACK, ids=" ".join)
def test_without_a_stack_one_line_says_how_to_start_it(command: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(create_app(), [*command, "--data", str(tmp_path)])

    assert isinstance(done.exception, NotRunning)
    assert f"./hypertrophy up --data {tmp_path}" in str(done.exception)


@pytest.mark.parametrize(
    ("at_work", "named"),
    [(lambda data: claim(data, "at http://stack"), "at http://stack"), (claimed, "of a backup or restore")],
    ids=["a start", "a backup"],
)
def test_while_somebody_is_at_work_on_the_folder_one_line_says_who(
    at_work: Callable[[Path], AbstractContextManager[Any]], named: str, tmp_path: Path
) -> None:
    with at_work(tmp_path):
        done = CliRunner().invoke(create_app(), ["verify", "--data", str(tmp_path)])

    assert isinstance(done.exception, NotRunning)
    assert f"wait for `ready`, or the end, of process {os.getpid()} {named}" in str(done.exception)


def test_every_command_of_care_is_listed() -> None:
    listed = {command.name for command in COMMANDS}

    assert {command[0] for command in NEED_A_STACK} | {"backup", "restore", "bench", "chaos"} <= listed


async def test_all_pages_of_a_list_are_read() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        second = request.url.params.get("cursor") == "next"
        return httpx2.Response(
            200, json={"items": [{"n": 2 if second else 1}], "next_cursor": None if second else "next"}
        )

    assert await operator(answer).all_items("/internal/list") == [{"n": 1}, {"n": 2}]


async def test_a_problem_document_speaks_for_itself() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(409, json={"code": "conflict", "detail": "a rebuild is running already"})

    with pytest.raises(Refused) as refused:
        await operator(answer).post("/internal/projector/rebuild")

    assert str(refused.value) == "a rebuild is running already"


def rebuilt(request: httpx2.Request) -> httpx2.Response:
    """Nothing is left to publish, and a rebuild ends at once."""
    nothing = {"events": 0, "batches": 0}
    return httpx2.Response(200, json={**nothing, "running": False, "succeeded": True, "generations": []})


LIVE = {
    "name": "generation_20261123_153501",
    "state": "live",
    "fold_version": "v1",
    "progress": {"events_done": 24_455, "seconds": 1.5, "events_per_second": 16_303, "differences": {}},
}


def test_the_outcome_of_a_rebuild_is_one_line_at_any_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(rebuilding, "operate", lambda *_, **__: LIVE)

    done = CliRunner().invoke(create_app(), ["rebuild"])

    assert done.output.endswith("24,455 events in 1.5 s (16,303 /s), fold version v1\n")
    assert len(done.output.splitlines()) == 1


def generation(state: str, done: int) -> dict[str, Any]:
    said = {"phase": state, "events_done": done, "events_total": 1_000, "events_per_second": 10, "eta_seconds": 99.0}
    return {"name": state, "state": state, "progress": said}


async def test_a_rebuild_is_followed_from_its_own_beginning_to_its_end() -> None:
    # given a rebuild after another, and what has been shown of it whenever it is asked how far it is
    states = [generation("live", 1_000), generation("building", 3), generation("building", 500)]
    states, shown = [*states, generation("switched", 1_000)], list[tuple[str, float, str]]()
    progress = Progress(disable=True)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(202, json={"started": True})
        (bar,) = progress.tasks
        shown.append((bar.description, bar.completed, bar.fields["eta"]))
        running = len(shown) < len(states)
        return httpx2.Response(
            200, json={"running": running, "succeeded": True, "generations": [states[len(shown) - 1]]}
        )

    # when it is followed
    await rebuilding.work(operator(answer), None, progress)
    # then nothing of the earlier one is shown, and no time left before there is a pace
    assert shown == [
        ("starting", 0, ""),
        ("starting", 0, ""),
        ("building", 3, "10 /s"),
        ("building", 500, "10 /s, 99 s left"),
    ]
    assert progress.tasks[0].completed == 1_000


@pytest.mark.parametrize("command", [["republish"], ["rebuild", "--view", "sets"]], ids=" ".join)
def test_a_pipe_gets_the_outcome_alone(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_topics(_: str) -> list[str]:
        return []

    found = operator(rebuilt, {"KAFKA_BOOTSTRAP_SERVERS": ""})
    for module in (rebuilding, republishing):
        monkeypatch.setattr(module, "operate", lambda _, work, **__: asyncio.run(work(found)))
    monkeypatch.setattr(republishing, "create_topics", no_topics)

    done = CliRunner().invoke(create_app(), command)

    assert done.exit_code == 0, done.exception
    assert len(done.output.splitlines()) == 1
