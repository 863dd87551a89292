"""What is packed is unpacked the same, and goes on like what was folded or asks for the whole history."""

import json
from pathlib import Path
from random import Random

import pytest

from services.coach.facts.log import TrainingLog
from services.coach.facts.packing import FORM, Document, HistoryNeeded, document, opened, packed, rows_alone, unpacked
from services.coach.facts.rows import Rows
from services.coach.reports.due import inputs_digest
from shared.digests import canonical_json
from shared.envelope import AcceptedEvent
from shared.fold import fold
from tests.histories import history

GOLDEN = Path(__file__).parents[2] / "golden" / "coach" / f"packed_log.{FORM}.json"
TYPES_THAT_ADD = {"WorkoutStarted", "SetCompleted"}


def rows_after(events: list[AcceptedEvent]) -> Rows:
    return Rows().after(fold(event.recorded() for event in events))


def contents(log: TrainingLog) -> list[str]:
    rows = [log.profile, *log.workouts, *log.sets, *log.measurements, *log.weeks, *log.records, *log.goals]
    return [canonical_json(row.content()) for row in rows]


def told(rows: Rows) -> list[str]:
    """All that coach knows, in the order in which it knows it."""
    log = TrainingLog.made_of(rows)
    named = [log.name(exercise_id) for exercise_id in sorted(log.working_by_exercise)]
    return contents(log) + named


@pytest.mark.parametrize("seed", range(8))
def test_what_was_packed_is_unpacked_the_same(seed: int) -> None:
    rows = rows_after([*history(seed, events=400).received])
    _, found = unpacked(packed(rows))
    assert told(found) == told(rows)
    assert document(found) == document(rows)
    assert told(rows_alone(packed(rows))) == told(rows)


@pytest.mark.parametrize("seed", range(4))
def test_reports_of_what_was_unpacked_would_say_the_same(seed: int) -> None:
    rows = rows_after([*history(seed, events=400).received])
    log, found = TrainingLog.made_of(rows), TrainingLog.made_of(unpacked(packed(rows))[1])
    assert log.weeks
    assert [inputs_digest(found, row.week) for row in found.weeks] == [
        inputs_digest(log, row.week) for row in log.weeks
    ]


@pytest.mark.parametrize("seed", range(12))
def test_later_events_make_the_same_as_a_fold_of_all_or_need_it(seed: int) -> None:
    random, events = Random(seed), [*history(seed, events=300).received]
    done = random.randrange(200, 280)
    state, rows = unpacked(packed(rows_after(events[:done])))
    while done < len(events):
        size = random.choice((1, 2, 5))
        try:
            state = fold((event.recorded() for event in events[done : done + size]), state)
            rows = rows.after(state)
        except HistoryNeeded:
            done += size
            state, rows = unpacked(packed(rows_after(events[:done])))
            continue
        done += size
        assert told(rows) == told(rows_after(events[:done]))


def test_new_workouts_need_no_history() -> None:
    events = [*history(3, events=300).received]
    known = {str(event.payload.get(name)) for event in events[:250] for name in ("workout_id", "set_id")}
    new = [event for event in events[250:] if event.event_type in TYPES_THAT_ADD]
    new = [event for event in new if str(event.payload["workout_id"]) not in known]
    assert new
    state, rows = unpacked(packed(rows_after(events[:250])))
    rows = rows.after(fold((event.recorded() for event in new), state))
    assert told(rows) == told(rows_after([*events[:250], *new]))


def test_an_edit_of_what_is_packed_needs_the_history() -> None:
    events = [*history(3, events=300).received]
    corrected = next(event for event in reversed(events) if event.event_type == "SetCorrected")
    before = events[: events.index(corrected)]
    state, _ = unpacked(packed(rows_after(before)))
    with pytest.raises(HistoryNeeded):
        fold([corrected.recorded()], state)


@pytest.mark.parametrize("content", [b"", b"no zlib", packed(Rows())[:-9]])
def test_what_cannot_be_read_needs_the_history(content: bytes) -> None:
    with pytest.raises(HistoryNeeded):
        unpacked(content)


def test_the_packed_form_is_that_of_its_version() -> None:
    """Where this fails, what is stored means something else now: raise `FORM` and write a golden file of its number."""
    rows = rows_after([*history(11, events=60).received])
    golden = json.loads(GOLDEN.read_text())
    assert json.loads(json.dumps(document(rows))) == golden
    assert told(opened(Document.read(golden))[1]) == told(rows)
