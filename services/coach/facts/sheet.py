"""The claims that answers, reports and prompts are made of."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.coach.facts.bests import Best
from services.coach.facts.claims import Cited, Claim, Kind, Rule, claim
from services.coach.facts.log import TrainingLog
from shared.domains.workouts.volume import is_hard
from shared.views.measurements import MeasurementRow
from shared.views.records import RecordKind, RecordRow
from shared.views.sets import SetRow
from shared.views.workouts import WorkoutRow

LATELY = timedelta(weeks=8)
"""How far back habits and loads are looked for."""
_QUANTITIES = {
    RecordKind.LOAD: "load_kg",
    RecordKind.REPS_AT_LOAD: "reps",
    RecordKind.E1RM: "e1rm_kg",
    RecordKind.SET_VOLUME: "volume_kg",
    RecordKind.SESSION_VOLUME: "volume_kg",
    RecordKind.DURATION: "duration_s",
    RecordKind.DISTANCE: "distance_m",
}


def of_sets(rows: Iterable[SetRow]) -> list[Cited]:
    return [Cited(Kind.SET, row.set_id) for row in rows]


def of_workouts(log: TrainingLog, workouts: Iterable[WorkoutRow]) -> list[Cited]:
    """Each workout by its last set; by itself where it has none."""
    return [
        Cited(Kind.SET, sets[-1].set_id)
        if (sets := log.sets_by_workout.get(workout.workout_id))
        else Cited(Kind.WORKOUT, workout.workout_id)
        for workout in workouts
    ]


def present(*claims: Claim | None) -> list[Claim]:
    return [made for made in claims if made is not None]


class Week:
    """The numbers of one training week."""

    def __init__(self, log: TrainingLog, week: str) -> None:
        self.log, self.week = log, week
        self.sets: Sequence[SetRow] = log.working_by_week.get(week, ())
        self.workouts = log.workouts_of(week)

    def trained(self) -> Claim | None:
        return self._claim("workouts", "workouts", "workouts", Rule.COUNT, of_workouts(self.log, self.workouts))

    def working_sets(self) -> Claim | None:
        return self._claim("working sets", "sets", "sets", Rule.COUNT, of_sets(self.sets))

    def hard_sets(self) -> Claim | None:
        return self._claim("hard sets", "sets", "hard", Rule.SUM, of_sets(self.sets))

    def tonnage(self) -> Claim | None:
        return self._claim("tonnage", "kg", "volume_kg", Rule.SUM, of_sets(self.sets))

    def effort(self) -> Claim | None:
        known = [row for row in self.sets if row.reserve is not None]
        return self._claim("average RPE", "RPE", "rpe", Rule.MEAN, of_sets(known))

    def minutes(self) -> Claim | None:
        timed = [workout for workout in self.workouts if workout.duration_s is not None]
        return self._claim("time trained", "min", "minutes", Rule.SUM, of_workouts(self.log, timed))

    def muscles(self) -> list[Claim]:
        """Hard sets by muscle, most first."""
        trained: dict[str, list[SetRow]] = {}
        for row in self.sets:
            if is_hard(row.set_type, row.reserve):
                for name in self.log.muscles(row.exercise_id):
                    trained.setdefault(name, []).append(row)
        found = present(*(self._muscle(name, rows) for name, rows in trained.items()))
        return sorted(found, key=lambda made: (-made.value, made.label))

    def _muscle(self, name: str, rows: Sequence[SetRow]) -> Claim | None:
        return self._claim(f"hard sets for {name.replace('_', ' ')}", "sets", f"hard.{name}", Rule.SUM, of_sets(rows))

    def body_weight(self) -> Claim | None:
        weighed = [row for row in self.log.measurements_by_week.get(self.week, ()) if row.weight_kg]
        return self._claim("body weight", "kg", "weight_kg", Rule.MEAN, of_measurements(weighed))

    def _claim(self, label: str, unit: str, quantity: str, rule: Rule, cited: Sequence[Cited]) -> Claim | None:
        return claim(f"{label} in {self.week}", unit, quantity, rule, cited, self.log)


def of_measurements(rows: Iterable[MeasurementRow]) -> list[Cited]:
    return [Cited(Kind.MEASUREMENT, row.measurement_id) for row in rows]


def best_e1rm(log: TrainingLog, exercise_id: UUID, start: datetime, end: datetime) -> tuple[Claim, SetRow] | None:
    """The best reliable estimate of a span, end excluded, with the set that it comes from (the earliest of equals)."""
    rows = [
        row
        for row in log.working_by_exercise.get(exercise_id, ())
        if start <= row.completed_at < end and row.e1rm_kg is not None and not row.low_confidence
    ]
    if not rows:
        return None
    best = max(rows, key=lambda row: row.e1rm_kg or 0)
    label = f"best estimated 1RM of {log.name(exercise_id)} on {log.day_of(best.completed_at, best.workout_id)}"
    made = claim(label, "kg", "e1rm_kg", Rule.VALUE, of_sets([best]), log)
    return (made, best) if made else None


def set_claims(log: TrainingLog, row: SetRow) -> tuple[Claim | None, Claim | None]:
    """Load and repetitions of one set."""
    name, day = log.name(row.exercise_id), log.day_of(row.completed_at, row.workout_id)
    load = claim(f"load of {name} on {day}", "kg", "load_kg", Rule.VALUE, of_sets([row]), log)
    return load, claim(f"repetitions of {name} on {day}", "reps", "reps", Rule.VALUE, of_sets([row]), log)


def best_claim(log: TrainingLog, best: Best) -> Claim | None:
    """A week's record as a claim: a number of its set."""
    kind, quantity = ("1RM", "e1rm_kg") if best.kind is RecordKind.E1RM else ("load", "load_kg")
    label = f"{kind} record of {log.name(best.exercise_id)}"
    return claim(label, "kg", quantity, Rule.VALUE, of_sets([best.row]), log)


def record_claim(log: TrainingLog, record: RecordRow) -> Claim | None:
    """A record as a claim: a number of its set, or the sum of its session."""
    kind = "1RM" if record.kind is RecordKind.E1RM else record.kind.value.replace("_", " ")
    label = f"{kind} record of {log.name(record.exercise_id)}"
    quantity = _QUANTITIES[record.kind]
    if record.kind is not RecordKind.SESSION_VOLUME:
        return claim(label, record.unit, quantity, Rule.VALUE, [Cited(Kind.SET, record.set_id)], log)
    done = log.sets_by_workout.get(record.workout_id, ())
    rows = [row for row in done if row.working and row.exercise_id == record.exercise_id]
    return claim(label, record.unit, quantity, Rule.SUM, of_sets(rows), log)


def favourites(log: TrainingLog, end: datetime, span: timedelta = LATELY, limit: int | None = 5) -> list[UUID]:
    """The exercises with most working sets in the span before `end`; of equal ones by name."""
    start = end - span
    counts = {
        exercise_id: sum(start <= row.completed_at < end for row in rows)
        for exercise_id, rows in log.working_by_exercise.items()
    }
    done = [exercise_id for exercise_id, count in counts.items() if count]
    return sorted(done, key=lambda exercise_id: (-counts[exercise_id], log.name(exercise_id), exercise_id))[:limit]
