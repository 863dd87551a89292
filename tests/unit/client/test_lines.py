"""The lossless export: read into an empty log, it comes to the same."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from client.events import Draft, PulledEvent
from client.exporting.lines import plan_lines, read_lines, write_lines
from client.imports import Known
from client.projections import Projection, project
from client.pulled import PulledLog
from client.queue import EventQueue
from shared.domains.workouts.events import SetCorrected
from shared.fold import Key
from shared.values import format_moment
from tests.histories import history

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


class Log:
    def __init__(self, pulled: Iterable[PulledEvent] = ()) -> None:
        self.queue = EventQueue(sqlite3.connect(":memory:", isolation_level=None))
        self.pulled = PulledLog(self.queue.connection)
        self.pulled.store(pulled, "cursor", None, more=False)

    @property
    def projection(self) -> Projection:
        return project(self.queue, self.pulled)

    @property
    def values(self) -> Mapping[Key, Mapping[str, Any]]:
        """All that is known of everything but imports."""
        return {key: entity.values() for key, entity in self.projection.state.items() if key[0] != "import"}

    def exported(self) -> bytes:
        return "\n".join(write_lines(self.queue, self.pulled, self.projection, NOW)).encode()

    def read(self, content: bytes) -> None:
        known = Known(self.projection.state, self.projection.exercises, frozenset())
        self.queue.append(plan_lines(read_lines(content), known, uuid4(), "hash", NOW).drafts)


def pulled(seed: int, chance: Random) -> list[PulledEvent]:
    """What three phones of somebody said, whose clocks were nowhere near each other."""
    events = [
        PulledEvent.parse(event.model_dump(mode="json")) for event in history(seed, events=80, devices=3).received
    ]
    return [replace(event, occurred_at=format_moment(NOW - timedelta(hours=chance.randrange(500)))) for event in events]


@pytest.mark.parametrize("seed", range(12))
def test_an_export_that_is_read_into_an_empty_log_comes_to_the_same(seed: int) -> None:
    log = Log(pulled(seed, Random(seed)))

    other = Log()
    other.read(log.exported())

    assert other.values == log.values
    assert other.projection.conflicts == []


def test_what_counts_is_what_counted_whatever_its_line_is() -> None:
    # given a set that was corrected on one phone, and that another phone's late import of the old file tells again
    first, second, set_id = uuid4(), uuid4(), uuid4()
    done = {"set_id": str(set_id), "workout_id": str(uuid4()), "exercise_id": str(uuid4()), "reps": 5}
    done["completed_at"] = old = format_moment(NOW - timedelta(days=90))
    corrected = {"set_id": str(set_id), "reps": 6}
    log = Log(
        [
            PulledEvent(uuid4(), "SetCompleted", 1, done, first, 1, old),
            PulledEvent(uuid4(), "SetCorrected", 1, corrected, first, 2, format_moment(NOW - timedelta(days=10))),
            PulledEvent(
                uuid4(),
                "WorkoutStarted",
                1,
                {"workout_id": done["workout_id"], "started_at": old},
                second,
                1,
                format_moment(NOW),
            ),
            PulledEvent(uuid4(), "SetCompleted", 1, done, second, 2, old),
        ]
    )
    (shown,) = log.projection.sets
    assert shown.reps == 6

    # when the export is read into an empty log, and corrected there
    other = Log()
    other.read(log.exported())
    assert [row.reps for row in other.projection.sets] == [6]
    other.queue.append([Draft(SetCorrected(set_id=set_id, reps=7), NOW)])

    # then the correction counts
    assert [row.reps for row in other.projection.sets] == [7]
