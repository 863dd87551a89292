"""What `load` tells."""

import pytest

from deploy.local.operations import loading
from deploy.local.operations.playing import Load, Played


def test_one_is_not_many(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def measured(wanted: Load, *_: object) -> tuple[Played, Played]:
        played = Played(events=wanted.devices, syncs_s=[0.01], seconds=1)
        return played, played

    monkeypatch.setattr(loading, "measured", measured)

    loading.load(devices=1, seconds=1, batch=1)
    assert "1 phone, 1 event a sync, 1.0 s\nacknowledged   1 event, 1 a second" in capsys.readouterr().out
    loading.load(devices=2, seconds=1, batch=10)
    assert "2 phones, 10 events a sync, 1.0 s\nacknowledged   2 events, 2 a second" in capsys.readouterr().out
