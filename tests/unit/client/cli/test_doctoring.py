"""Doctor and a server that is behind."""

from functools import partial

import httpx2
import pytest

from client.cli import doctoring
from client.projections import FOLD_VERSION, Projection
from client.protocol import Protocol
from shared.fold import fold
from tests.unit.client.cli.running import Run, answer
from tests.unit.client.fake_server import Body, FakeServer

PATIENCE = 3


class SlowServer(FakeServer):
    """One that has nothing of this log, and applies an event of others whenever it is asked, down to `left`."""

    def __init__(self, lag: int, left: int) -> None:
        super().__init__()
        self.lag, self.left = lag, left

    def _answer(self, request: httpx2.Request, path: str) -> tuple[int, Body]:
        match path.removeprefix("/api/v1"):
            case "/projections/status":
                self.lag = max(self.left, self.lag - 1)
                digest = "1" * 32 if self.lag else Projection(fold([])).content_digest.hash
                return 200, {"content_digest": digest, "fold_version": FOLD_VERSION, "lag_events": self.lag}
            case "/workouts" | "/metrics/weekly" | "/records" | "/measurements":
                return 200, {"items": []}
            case _:
                return super()._answer(request, path)


def doctor(run: Run, monkeypatch: pytest.MonkeyPatch, server: SlowServer, code: int = 0) -> dict[str, str | None]:
    """What is wrong, by the names of all checks; None where nothing is."""
    monkeypatch.setattr("client.cli.online.Protocol", partial(Protocol, transport=server.transport))
    monkeypatch.setattr(doctoring, "_TRIES", PATIENCE)
    monkeypatch.setattr(doctoring, "_PAUSE_SECONDS", 0)
    checks = answer(run("doctor", "--server", "http://server.test", "--json", code=code))["checks"]
    return {check["name"]: None if check["healthy"] else check["note"] for check in checks}


def test_doctor_waits_for_as_long_as_the_server_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = doctor(run, monkeypatch, SlowServer(lag=5 * PATIENCE, left=0))

    assert {"content", "workouts", "weekly", "records"} < found.keys()
    assert not any(found.values())


def test_what_the_server_has_not_applied_is_no_difference(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = doctor(run, monkeypatch, SlowServer(lag=5 * PATIENCE, left=7), code=1)

    assert {name: note for name, note in found.items() if note} == {
        "server": "it has still to apply 7 events: ask again"
    }
    assert not {"content", "workouts"} & found.keys()
