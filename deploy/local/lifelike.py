"""Made-up training that looks like a person's: for the demo, the benchmark and the storm. Seeded, so repeatable."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.domains.exercises.catalogue import CatalogueExercise, find
from shared.values import format_moment


@dataclass(frozen=True)
class Fact:
    """Something that happened on one phone: the part of an event that its envelope is put around."""

    phone: int
    event_type: str
    payload: dict[str, Any]
    occurred_at: datetime


@dataclass(frozen=True)
class Lift:
    """One exercise of a day: the first week's working weight in kg, what is added a week, sets and repetitions."""

    name: str
    weight: float
    step: float
    sets: int
    reps: int


PROGRAM: Sequence[tuple[str, Sequence[Lift]]] = (
    (
        "Upper A",
        (
            Lift("Bench Press (Barbell)", 75, 1.25, 4, 6),
            Lift("Bent Over Row (Barbell)", 65, 1.25, 4, 8),
            Lift("Overhead Press (Barbell)", 42.5, 0.5, 3, 8),
            Lift("Lat Pulldown (Cable)", 55, 1, 3, 10),
            Lift("Lateral Raise (Dumbbell)", 9, 0.25, 3, 14),
        ),
    ),
    (
        "Lower A",
        (
            Lift("Squat (Barbell)", 95, 2.5, 4, 6),
            Lift("Romanian Deadlift (Barbell)", 80, 2, 3, 8),
            Lift("Leg Press", 140, 5, 3, 12),
            Lift("Standing Calf Raise (Machine)", 70, 2.5, 3, 12),
        ),
    ),
    (
        "Upper B",
        (
            Lift("Incline Bench Press (Dumbbell)", 26, 0.5, 4, 9),
            Lift("Pull Up", 0, 0.5, 4, 7),
            Lift("Triceps Pushdown (Cable)", 25, 0.5, 3, 12),
            Lift("Bicep Curl (Dumbbell)", 13, 0.25, 3, 11),
            Lift("Face Pull (Cable)", 20, 0.5, 3, 15),
        ),
    ),
    (
        "Lower B",
        (
            Lift("Deadlift (Barbell)", 120, 2.5, 3, 5),
            Lift("Hip Thrust (Barbell)", 90, 2.5, 3, 10),
            Lift("Leg Curl (Machine)", 40, 1, 3, 12),
            Lift("Plank", 0, 0, 3, 0),
        ),
    ),
)
DAYS_OF_WEEK = (0, 1, 3, 4)
# Weeks in which the body loses weight; in as many it comes back.
_CUT = 40


class Diary:
    """Writes the facts of one person, who wears one phone's worth of logging on each of `phones` devices."""

    def __init__(self, seed: int, phones: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  lifelike, not secret
        self._phones = phones

    def weeks(self, first_monday: datetime, weeks: int, time_zone: str) -> Iterator[Fact]:
        """All facts in the order in which they happened. `first_monday` is local midnight, with its offset."""
        profile = {"sex": "male", "birth_date": "1991-05-17", "height": 181, "time_zone": time_zone}
        yield Fact(0, "ProfileUpdated", profile, first_monday + timedelta(hours=7))
        for week in range(weeks):
            monday = first_monday + timedelta(weeks=week)
            yield self._measurement(monday + timedelta(hours=7, minutes=30), week)
            for day, (name, lifts) in zip(DAYS_OF_WEEK, PROGRAM, strict=True):
                if self._random.random() < 0.06:
                    continue  # life happens
                start = monday + timedelta(days=day, hours=18, minutes=self._random.randrange(40))
                yield from self._workout(name, lifts, start, week, time_zone)

    def _id(self, at: datetime) -> str:
        """As phones make them, by `client.ids.new_id`: a UUIDv7, of its own time and seed."""
        milliseconds, chance = int(at.timestamp() * 1000), self._random.getrandbits
        return str(UUID(int=milliseconds << 80 | 7 << 76 | chance(12) << 64 | 2 << 62 | chance(62)))

    def _measurement(self, at: datetime, week: int) -> Fact:
        lean = _CUT - abs(_CUT - week % (2 * _CUT))
        weight = round(84 - 0.12 * lean + self._random.uniform(-0.4, 0.4), 1)
        girths = {"neck": 39, "waist": round(89 - 0.25 * lean, 1), "hip": 101, "height": 181}
        payload = {"measurement_id": self._id(at), "measured_at": format_moment(at), "weight": weight, **girths}
        return Fact(0, "BodyMeasurementRecorded", payload, at)

    def _workout(self, name: str, lifts: Sequence[Lift], start: datetime, week: int, time_zone: str) -> Iterator[Fact]:
        phone, workout_id, now = self._random.randrange(self._phones), self._id(start), start
        started = {"workout_id": workout_id, "started_at": format_moment(start), "name": name, "time_zone": time_zone}
        yield Fact(phone, "WorkoutStarted", started, start)
        for lift in lifts:
            # Now and then the other phone is at hand: its sets arrive apart from the workout that they belong to.
            hand = phone if self._random.random() < 0.85 else self._random.randrange(self._phones)
            exercise = _exercise(lift.name)
            for payload, seconds in self._sets(lift, exercise, week):
                now += timedelta(seconds=seconds)
                done = {
                    "set_id": self._id(now),
                    "workout_id": workout_id,
                    "exercise_id": str(exercise.exercise_id),
                    "completed_at": format_moment(now),
                }
                yield Fact(hand, "SetCompleted", done | payload, now)
                if payload.get("reps", 0) > 1 and self._random.random() < 0.02:
                    now += timedelta(seconds=20)
                    yield Fact(hand, "SetCorrected", {"set_id": done["set_id"], "reps": payload["reps"] - 1}, now)
        now += timedelta(minutes=3)
        yield Fact(phone, "WorkoutEnded", {"workout_id": workout_id, "ended_at": format_moment(now)}, now)

    def _sets(self, lift: Lift, exercise: CatalogueExercise, week: int) -> Iterator[tuple[dict[str, Any], int]]:
        if lift.reps == 0:
            yield from ((({"duration_s": 40 + 5 * week}), 120) for _ in range(lift.sets))
            return
        weight = _loadable(lift.weight + lift.step * (week - week // 4))
        basis = {"load_basis": "bodyweight"} if exercise.bodyweight_share else {}
        if lift.weight >= 60:
            for share, reps in ((0.5, 8), (0.75, 4)):
                yield {"reps": reps, "weight": _loadable(weight * share), "set_type": "warmup"}, 75
        for number in range(lift.sets):
            reps = max(1, lift.reps + self._random.choice((0, 0, 0, 1, -1)) - (number == lift.sets - 1))
            rpe = min(10, 7 + 0.5 * number + self._random.choice((0, 0.5)))
            yield {"reps": reps, "weight": weight, "rpe": rpe, **basis}, self._random.randrange(110, 200)


def _loadable(weight: float) -> float:
    """The nearest weight that the plates make: steps of 0.5 kg."""
    return round(weight * 2) / 2


def _exercise(name: str) -> CatalogueExercise:
    exercise = find(name)
    assert exercise is not None, name
    return exercise
