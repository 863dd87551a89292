"""Undo gives back what was there before, in every domain alike."""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from client.events import Draft, mark
from client.projections import project, recorded
from client.pulled import PulledLog
from client.queue import EventQueue
from client.undo import next_undo
from shared.domains.body.events import BodyMeasurementCorrected, BodyMeasurementRecorded, BodyMeasurementRemoved
from shared.domains.exercises.events import ExerciseDefined, ExercisesMerged, ExercisesSplit, ExerciseUpdated
from shared.domains.exercises.vocabulary import Muscle
from shared.domains.profile.events import GoalKind, GoalSet, ProfileUpdated, Sex
from shared.domains.templates.events import PlannedExercise, TemplateRemoved, TemplateSaved
from shared.domains.workouts.events import (
    SetCompleted,
    SetCorrected,
    SetRemoved,
    SetRestored,
    WorkoutDiscarded,
    WorkoutEnded,
    WorkoutStarted,
    WorkoutUpdated,
)
from shared.fold import Recorded
from shared.registry import DomainEvent

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)
WORKOUT = WorkoutStarted(workout_id=ONE, started_at=AT, name="Legs")
SET = SetCompleted(set_id=ONE, workout_id=ONE, exercise_id=TWO, completed_at=AT, reps=5, weight=Decimal(100))
EXERCISE = ExerciseDefined(exercise_id=ONE, name="Hill Carry", muscle_category=Muscle.GLUTES)
MEASURED = BodyMeasurementRecorded(measurement_id=ONE, measured_at=AT, weight=Decimal(80))
TEMPLATE = TemplateSaved(template_id=ONE, name="Legs", exercises=[PlannedExercise(exercise_id=TWO, sets=3)])
GOAL = GoalSet(goal_id=ONE, kind=GoalKind.LOAD, target=Decimal(100), unit="kg")


class Log:
    def __init__(self) -> None:
        self.queue = EventQueue(sqlite3.connect(":memory:", isolation_level=None))
        self.pulled = PulledLog(self.queue.connection)

    def add(self, *events: DomainEvent, together: UUID | None = None) -> None:
        self.queue.append(Draft(event, AT, together) for event in events)

    def undo(self) -> int:
        """How many events it took back."""
        found = next_undo(self.queue.said_here(), recorded(self.queue, self.pulled))
        if found is None:
            return 0
        for event, given_back in found.by:
            self.add(*given_back, together=mark(event.event_id))
        return len(found.action)

    @property
    def content(self) -> object:
        return project(self.queue, self.pulled).content_digest


@pytest.mark.parametrize(
    ("before", "undone"),
    [
        ([WORKOUT], WorkoutUpdated(workout_id=ONE, name="Push", notes="new")),
        ([WORKOUT], WorkoutEnded(workout_id=ONE, ended_at=AT)),
        ([WORKOUT], WorkoutDiscarded(workout_id=ONE)),
        ([WORKOUT], SET),
        ([WORKOUT, SET], SetCorrected(set_id=ONE, reps=8, rpe=Decimal(9))),
        ([WORKOUT, SET], SetRemoved(set_id=ONE)),
        ([EXERCISE], ExerciseUpdated(exercise_id=ONE, name="Carry")),
        ([EXERCISE], ExercisesMerged(from_id=ONE, into_id=TWO)),
        ([EXERCISE, ExercisesMerged(from_id=ONE, into_id=UUID(int=3))], ExercisesMerged(from_id=ONE, into_id=TWO)),
        ([EXERCISE, ExercisesMerged(from_id=ONE, into_id=TWO)], ExercisesSplit(from_id=ONE)),
        ([WORKOUT, SET, SetRemoved(set_id=ONE)], SetRestored(set_id=ONE)),
        ([], MEASURED),
        ([MEASURED], BodyMeasurementCorrected(measurement_id=ONE, weight=Decimal(81))),
        ([MEASURED], BodyMeasurementRemoved(measurement_id=ONE)),
        ([], TEMPLATE),
        ([TEMPLATE], TemplateSaved(template_id=ONE, name="Legs", exercises=[])),
        ([TEMPLATE], TemplateRemoved(template_id=ONE)),
        ([ProfileUpdated(sex=Sex.MALE)], ProfileUpdated(sex=Sex.FEMALE, birth_date=date(1990, 1, 1))),
        ([], GOAL),
        ([GOAL], GoalSet(goal_id=ONE, kind=GoalKind.LOAD, target=Decimal(120), unit="kg")),
    ],
    ids=lambda value: value.event_type if isinstance(value, DomainEvent) else f"after {len(value)}",
)
def test_undo_gives_back_what_was_there(before: list[DomainEvent], undone: DomainEvent) -> None:
    log = Log()
    log.add(*before)
    content = log.content
    log.add(undone)
    assert log.content != content

    log.undo()

    assert log.content == content


def test_a_later_edit_is_not_undone_with_an_earlier_one() -> None:
    log = Log()
    log.add(WORKOUT)
    log.add(SET)
    log.add(SetCorrected(set_id=ONE, reps=8))
    log.add(SetCorrected(set_id=ONE, notes="deep"))

    log.undo()
    log.undo()

    (row,) = project(log.queue, log.pulled).sets
    assert (row.reps, row.notes) == (5, None)


def test_edits_of_the_same_field_are_undone_one_after_the_other() -> None:
    log = Log()
    log.add(WORKOUT)
    log.add(SET)
    for reps in (8, 9, 9):
        log.add(SetCorrected(set_id=ONE, reps=reps))

    left = []
    for _ in range(3):
        log.undo()
        (row,) = project(log.queue, log.pulled).sets
        left.append(row.reps)

    assert left == [9, 8, 5]
    assert log.undo() == 1
    assert project(log.queue, log.pulled).sets == []
    log.undo()
    assert log.undo() == 0


def test_edits_of_one_field_that_were_logged_together_are_undone_together() -> None:
    log = Log()
    log.add(WORKOUT)
    log.add(SET)
    log.add(SetCorrected(set_id=ONE, reps=8), SetCorrected(set_id=ONE, reps=9), together=uuid4())

    log.undo()

    (row,) = project(log.queue, log.pulled).sets
    assert row.reps == 5


def test_what_another_phone_has_changed_since_is_passed_over() -> None:
    log = Log()
    log.add(WORKOUT)
    log.add(SET)
    log.add(SetCorrected(set_id=ONE, reps=8))
    everything = recorded(log.queue, log.pulled)
    seen = {everything[-1].device_id: everything[-1].sequence_number}
    later = SetCorrected(set_id=ONE, reps=10)
    everything.append(Recorded(later, uuid4(), uuid4(), 1, everything[-1].occurred_at, seen))

    found = next_undo(log.queue.said_here(), everything)

    assert found is not None
    assert [event.event_type for event in found.action] == ["SetCompleted"]
    assert [[event.event_type for event in action] for action in found.passed_over] == [["SetCorrected"]]


def test_what_was_logged_together_is_undone_together() -> None:
    log = Log()
    log.add(WORKOUT)
    log.add(SET, together=uuid4())
    log.add(*(SET.model_copy(update={"set_id": uuid4()}) for _ in range(3)), together=uuid4())

    assert log.undo() == 3
    assert log.undo() == 1
    assert log.undo() == 1
    assert log.undo() == 0


@pytest.mark.parametrize(("said", "left"), [([SET], 0), ([SET, SetRemoved(set_id=ONE)], 1)], ids=["set", "removal"])
def test_what_another_phone_said_alike_is_taken_back_too(said: list[DomainEvent], left: int) -> None:
    # given the same of two phones that have not seen each other
    log, other, earlier = Log(), uuid4(), AT - timedelta(hours=1)
    log.add(WORKOUT)
    for event in said:
        log.add(event)
    everything = recorded(log.queue, log.pulled)
    everything += [Recorded(event, uuid4(), other, number, earlier, {}) for number, event in enumerate(said, 1)]

    # when one of them undoes what it said last
    found = next_undo(log.queue.said_here(), everything)

    # then it is taken back
    assert found is not None
    for undone, given_back in found.by:
        log.add(*given_back, together=mark(undone.event_id))
    assert len(project(log.queue, log.pulled).sets) == left
