"""Which exercises a plan may hold, and the rules' own choice of them."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.coach.facts.log import TrainingLog
from services.coach.facts.sheet import LATELY
from services.coach.plans.shape import ChosenDay, ChosenExercise, ChosenWeek, WorkoutPlanRequest
from services.coach.rules.progress import reference
from shared.domains.exercises.catalogue import CATALOGUE, catalogue_id
from shared.domains.exercises.vocabulary import Equipment, Muscle
from shared.views.exercises import ExerciseRow

ALWAYS = frozenset({Equipment.BODYWEIGHT, Equipment.NONE})
# The staples by muscle, best known first; the user's own habits come before them.
STAPLES: Mapping[Muscle, Sequence[str]] = {
    Muscle.QUADRICEPS: ("squat-barbell", "goblet-squat-dumbbell", "goblet-squat-kettlebell", "leg-press-machine",
                        "bulgarian-split-squat-dumbbell", "squat-band", "squat-bodyweight"),
    Muscle.CHEST: ("bench-press-barbell", "bench-press-dumbbell", "bench-press-cable", "push-up"),
    Muscle.LATS: ("lat-pulldown-cable", "lat-pulldown-machine", "lat-pulldown-band", "chin-up"),
    Muscle.BACK: ("bent-over-row-barbell", "bent-over-row-dumbbell", "bent-over-row-band", "inverted-row"),
    Muscle.HAMSTRINGS: ("romanian-deadlift-barbell", "romanian-deadlift-dumbbell", "romanian-deadlift-kettlebell",
                        "lying-leg-curl-machine", "nordic-hamstring-curl"),
    Muscle.GLUTES: ("glute-bridge-barbell", "glute-bridge-dumbbell", "glute-bridge"),
    Muscle.SHOULDERS: ("overhead-press-barbell", "overhead-press-dumbbell", "shoulder-press-machine",
                       "overhead-press-band", "pike-push-up"),
    Muscle.BICEPS: ("bicep-curl-barbell", "bicep-curl-dumbbell", "bicep-curl-cable", "bicep-curl-band"),
    Muscle.TRICEPS: ("bench-press-close-grip-barbell", "floor-press-dumbbell", "cross-body-triceps-extension-cable",
                     "diamond-push-up"),
    Muscle.CALVES: ("standing-calf-raise-machine", "standing-calf-raise-dumbbell", "standing-calf-raise-bodyweight"),
    Muscle.ABDOMINALS: ("crunch-cable", "bicycle-crunch", "crunch"),
}  # fmt: skip
M = Muscle
FULL = (
    ("Full body A", (M.QUADRICEPS, M.CHEST, M.BACK, M.SHOULDERS, M.ABDOMINALS)),
    ("Full body B", (M.HAMSTRINGS, M.LATS, M.CHEST, M.BICEPS, M.TRICEPS)),
    ("Full body C", (M.QUADRICEPS, M.BACK, M.SHOULDERS, M.GLUTES, M.CALVES)),
)
UPPER = ("Upper body", (M.CHEST, M.BACK, M.SHOULDERS, M.LATS, M.BICEPS, M.TRICEPS))
LOWER = ("Lower body", (M.QUADRICEPS, M.HAMSTRINGS, M.GLUTES, M.CALVES, M.ABDOMINALS))
PUSH = ("Push", (M.CHEST, M.SHOULDERS, M.CHEST, M.TRICEPS))
PULL = ("Pull", (M.BACK, M.LATS, M.BACK, M.BICEPS))
SPLITS: Mapping[int, Sequence[tuple[str, Sequence[Muscle]]]] = {
    1: FULL[:1],
    2: FULL[:2],
    3: FULL,
    4: (UPPER, LOWER, UPPER, LOWER),
    5: (PUSH, PULL, LOWER, UPPER, LOWER),
    6: (PUSH, PULL, LOWER, PUSH, PULL, LOWER),
}
# What to leave alone, by the beginnings of the words that an injury is told in.
INJURED: Mapping[str, Sequence[Muscle]] = {
    "knee|acl|mcl|pcl|menisc|patell": (M.QUADRICEPS, M.HAMSTRINGS, M.CALVES),
    "shoulder|rotator|labrum|impinge|clavic|collarbone": (M.SHOULDERS, M.CHEST),
    "backs?\\b|dis[ck]s?\\b|spin|lumbar|vertebra|sciatic|scolio": (M.LOWER_BACK, M.BACK, M.HAMSTRINGS, M.QUADRICEPS),
    "elbow": (M.TRICEPS, M.BICEPS, M.FOREARMS),
    "wrist|carpal|thumb|fingers?\\b|forearm": (M.FOREARMS, M.CHEST, M.SHOULDERS),
    "hips?\\b|groin|adductor|pelvi": (M.GLUTES, M.QUADRICEPS, M.HAMSTRINGS, M.ADDUCTORS, M.ABDUCTORS),
    "ankle|achilles|calf|calves|shin|foot\\b|feet\\b|plantar": (M.CALVES, M.QUADRICEPS),
    "neck|cervical|whiplash": (M.NECK, M.TRAPS),
    "hernia|abdom": (M.ABDOMINALS, M.LOWER_BACK, M.QUADRICEPS, M.HAMSTRINGS, M.GLUTES, M.ADDUCTORS),
    "hamstring": (M.HAMSTRINGS, M.GLUTES),
    "quads?\\b|quadricep": (M.QUADRICEPS,),
    "bicep": (M.BICEPS, M.BACK, M.LATS),
    "tricep": (M.TRICEPS, M.CHEST, M.SHOULDERS),
    "pecs?\\b|pector|chest": (M.CHEST,),
}
# Nobody knows what these train besides.
UNTOLD = frozenset({None, M.FULL_BODY, M.OTHER})


def injured_muscles(injuries: Sequence[str]) -> frozenset[Muscle]:
    """What to leave alone, by the body parts that injuries name."""
    said = "\n".join(injuries).casefold()
    return frozenset(muscle for part, near in INJURED.items() if re.search(rf"\b(?:{part})", said) for muscle in near)


class Choice:
    """The exercises that fit a request, by muscle, the user's most done first."""

    def __init__(self, log: TrainingLog, request: WorkoutPlanRequest, avoid: frozenset[Muscle], now: datetime) -> None:
        self.log = log
        self._request = request
        self._avoid = avoid | set(request.avoid)
        since = reference(log, now) - LATELY
        self._done = {
            exercise_id: sum(row.completed_at >= since for row in rows)
            for exercise_id, rows in log.working_by_exercise.items()
        }

    def allows(self, exercise_id: UUID) -> bool:
        """Whether the exercise exists, can be done with what there is, and trains nothing to be avoided."""
        row = self.log.exercises.get(exercise_id)
        if row is None or not row.listed or row.muscle_category in self._avoid:
            return False
        if self._avoid and row.muscle_category in UNTOLD:
            return False
        return not self._avoid & set(row.secondary) and self._can_be_done(row)

    def _can_be_done(self, row: ExerciseRow) -> bool:
        wanted = self._request.equipment
        return wanted is None or row.equipment is None or row.equipment in {*wanted, *ALWAYS}

    def of(self, muscle: Muscle) -> list[UUID]:
        """Exercises for a muscle, the best first."""
        habits = [
            exercise_id
            for exercise_id, count in sorted(self._done.items(), key=lambda item: (-item[1], item[0]))
            if count and (row := self.log.exercises.get(exercise_id)) and row.muscle_category is muscle
        ]
        staples = [exercise_id for slug in STAPLES.get(muscle, ()) if (exercise_id := catalogue_id(slug)) in CATALOGUE]
        return [found for found in dict.fromkeys([*habits, *staples]) if self.allows(found)]

    def offered(self) -> dict[UUID, str]:
        """What a model may choose from, with names."""
        return {found: self.log.name(found) for muscle in STAPLES for found in self.of(muscle)[:6]}

    def by_rules(self) -> ChosenWeek:
        """A balanced week of the usual split."""
        days = []
        for name, muscles in SPLITS[self._request.days_per_week]:
            chosen: list[UUID] = []
            for muscle in muscles:
                chosen += [found for found in self.of(muscle) if found not in chosen][:1]
            exercises = [ChosenExercise(exercise_id=found, sets=3, reps=self._request.reps) for found in chosen]
            days += [ChosenDay(name=name, exercises=exercises)] if exercises else []
        return ChosenWeek.model_construct(days=days)
