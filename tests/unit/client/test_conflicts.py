"""Conflicts thing by thing, and the edits that settle them, in every domain alike."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from client.conflicts import grouped, settling
from client.errors import NotFound
from client.projections import Projection
from shared.domains.exercises.events import ExercisesMerged, ExercisesSplit
from shared.domains.profile.events import ProfileUpdated
from shared.domains.templates.events import PlannedExercise, TemplateSaved
from shared.domains.workouts.events import SetCorrected, SetRemoved, SetRestored
from shared.fold import Recorded, fold
from shared.registry import DomainEvent

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)
EARLIER = TemplateSaved(template_id=ONE, name="Legs", exercises=[], notes="slow")
LATER = TemplateSaved(template_id=ONE, name="Legs", exercises=[PlannedExercise(exercise_id=TWO, sets=3)], notes="slow")


def apart(*events: DomainEvent) -> Projection:
    """Each event by another device that has seen none of the others; the last one is the latest."""
    return Projection(
        fold(
            Recorded(event, UUID(int=number), UUID(int=number), 1, AT + timedelta(minutes=number), {})
            for number, event in enumerate(events, start=1)
        )
    )


def settled(projection: Projection, values: Mapping[str, Any], devices: int = 2) -> Projection:
    """After one more device, which has seen them all, settled the only conflict."""
    (conflict,) = grouped(projection.conflicts)
    events = settling(conflict.key, values, projection.state[conflict.key])
    seen = {UUID(int=number): 1 for number in range(1, devices + 1)}
    return projection.after(
        Recorded(event, UUID(int=100 + number), UUID(int=99), number, AT, seen)
        for number, event in enumerate(events, start=1)
    )


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (SetCorrected(set_id=ONE, reps=5, weight=Decimal(105)), SetCorrected(set_id=ONE, reps=6, weight=Decimal(107))),
        (SetRemoved(set_id=ONE), SetRestored(set_id=ONE)),
        (ExercisesMerged(from_id=ONE, into_id=TWO), ExercisesSplit(from_id=ONE)),
        (ExercisesSplit(from_id=ONE), ExercisesMerged(from_id=ONE, into_id=TWO)),
        (ProfileUpdated(height=Decimal(180)), ProfileUpdated(height=Decimal("180.5"))),
        (EARLIER, LATER),
    ],
    ids=lambda event: event.event_type,
)
def test_either_value_can_be_made_the_one_that_counts(earlier: DomainEvent, later: DomainEvent) -> None:
    projection = apart(earlier, later)
    (conflict,) = grouped(projection.conflicts)
    before = projection.state[conflict.key].values()

    kept = settled(projection, conflict.kept())
    taken = settled(projection, conflict.taken(1))

    assert kept.conflicts == taken.conflicts == []
    assert kept.state[conflict.key].values() == before
    assert taken.state[conflict.key].values() == apart(earlier).state[conflict.key].values()


def test_one_field_is_settled_alone() -> None:
    projection = apart(SetCorrected(set_id=ONE, reps=5, notes="a"), SetCorrected(set_id=ONE, reps=6, notes="b"))
    (conflict,) = grouped(projection.conflicts)

    after = settled(projection, conflict.about("reps").taken(1))

    assert after.state[conflict.key].values() == {"reps": 5, "notes": "b"}
    assert [row.field for row in after.conflicts] == ["notes"]
    with pytest.raises(NotFound, match="notes or reps is"):
        conflict.about("weight")


def test_values_of_several_devices_are_not_taken_together() -> None:
    reps, notes = SetCorrected(set_id=ONE, reps=5), SetCorrected(set_id=ONE, notes="a")
    (conflict,) = grouped(apart(reps, notes, SetCorrected(set_id=ONE, reps=6, notes="b")).conflicts)

    with pytest.raises(NotFound, match="several devices"):
        conflict.taken(1)
