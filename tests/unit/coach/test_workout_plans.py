"""A workout plan takes injuries and pauses into account, or says that it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from services.coach.facts.log import TrainingLog
from services.coach.lasting import lasting_facts
from services.coach.model.gate import Gate, Turned
from services.coach.plans.bounds import FLOOR, allowance
from services.coach.plans.choice import Choice, injured_muscles
from services.coach.plans.shape import ChosenDay, ChosenExercise, ChosenWeek, WorkoutPlanRequest
from services.coach.plans.workouts import LEFT_OUT, STARTS_LIGHT, WorkoutPlans
from services.coach.store.facts import LastingFacts
from shared.domains.exercises.catalogue import catalogue_id
from shared.domains.exercises.vocabulary import Muscle
from tests.unit.coach.hevy import NOW
from tests.unit.coach.test_reports import log_of

BENCH, SQUAT = catalogue_id("bench-press-barbell"), catalogue_id("squat-barbell")
M = Muscle


@dataclass
class Remembered:
    injuries: Sequence[str] = ()

    async def of(self, _: UUID) -> list[dict[str, Any]]:
        return [{"kind": "injury", "text": text} for text in self.injuries]


@dataclass
class Told:
    """A gate with the week that its model proposes, or without a model."""

    week: ChosenWeek | None = None
    name: str = "a model"

    async def generate(self, *_: Any) -> ChosenWeek | Turned:
        return self.week or Turned("no language model is set up")


async def plan(
    request: WorkoutPlanRequest, log: TrainingLog, injuries: Sequence[str] = (), week: ChosenWeek | None = None
) -> dict[str, Any]:
    plans = WorkoutPlans(cast(LastingFacts, Remembered(injuries)), cast(Gate, Told(week)))
    return await plans.propose(UUID(int=1), request, log, NOW)


Said = list[tuple[str, dict[str, Any]]]


def workout(exercise_id: UUID, days_ago: int, sets: int = 12) -> Said:
    at, workout = (NOW - timedelta(days=days_ago)).isoformat(), str(UUID(int=days_ago))
    done = {"workout_id": workout, "exercise_id": str(exercise_id), "completed_at": at, "reps": 5, "weight": 150}
    turns = [("SetCompleted", {"set_id": str(UUID(int=100 * days_ago + turn)), **done}) for turn in range(sets)]
    return [("WorkoutStarted", {"workout_id": workout, "started_at": at}), *turns]


def trained(exercise_id: UUID, days_ago: int) -> TrainingLog:
    return log_of(*workout(exercise_id, days_ago))


def exercises_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for day in plan["days"] for one in day["exercises"]]


@pytest.mark.parametrize(
    ("injury", "muscles"),
    [
        ("I have a slipped disc", {M.LOWER_BACK, M.QUADRICEPS}),
        ("I had rotator cuff surgery", {M.SHOULDERS, M.CHEST}),
        ("I had ACL surgery", {M.QUADRICEPS, M.HAMSTRINGS}),
        ("I have tendonitis in my achilles", {M.CALVES}),
        ("an old hamstring injury", {M.HAMSTRINGS}),
        ("I have a hernia", {M.ABDOMINALS, M.LOWER_BACK}),
        ("bad knees", {M.QUADRICEPS}),
        ("I have a miraculous surgery on the ship to discuss", set()),
    ],
)
def test_injuries_are_known_by_whole_words(injury: str, muscles: set[Muscle]) -> None:
    found = injured_muscles([injury])
    assert muscles <= found
    assert bool(found) == bool(muscles)


async def test_muscles_near_a_remembered_injury_are_left_out() -> None:
    proposed = await plan(WorkoutPlanRequest(), trained(SQUAT, 3), ["I have a slipped disc"])
    assert proposed["cautions"] == [LEFT_OUT]
    assert exercises_of(proposed)
    assert str(SQUAT) not in {one["exercise_id"] for one in exercises_of(proposed)}


async def test_an_injury_in_the_notes_counts() -> None:
    request = WorkoutPlanRequest(notes="I had knee surgery last month and have a bad knee")
    proposed = await plan(request, trained(SQUAT, 3))
    assert proposed["cautions"] == [LEFT_OUT]
    assert str(SQUAT) not in {one["exercise_id"] for one in exercises_of(proposed)}


async def test_an_injury_that_names_no_known_part_is_said_to_be_left_aside() -> None:
    injury = "I have arthritis in my jaw"
    proposed = await plan(WorkoutPlanRequest(), trained(SQUAT, 3), [injury, "bad wrist"])
    assert proposed["cautions"][0] == LEFT_OUT
    assert injury in proposed["cautions"][1]
    assert "does not heed" in proposed["cautions"][1]
    assert "professional" in proposed["cautions"][1]
    alone = await plan(WorkoutPlanRequest(notes=f"{injury}."), trained(SQUAT, 3))
    assert [LEFT_OUT in alone["cautions"], injury in alone["cautions"][0]] == [False, True]


def test_what_trains_nobody_knows_what_is_left_out_where_muscles_are() -> None:
    own = UUID(int=77)
    log = log_of(("ExerciseDefined", {"exercise_id": str(own), "name": "Own", "muscle_category": "full_body"}))
    assert Choice(log, WorkoutPlanRequest(), frozenset(), NOW).allows(own)
    assert not Choice(log, WorkoutPlanRequest(), frozenset({M.CHEST}), NOW).allows(own)


@pytest.mark.parametrize(
    "said",
    ["I had an ACL reconstruction", "I have knee problems", "My weak lower back", "A herniated disc, years ago"],
)
def test_injuries_are_found_in_the_users_words(said: str) -> None:
    assert [fact.kind for fact in lasting_facts(said)] == ["injury"]


def test_an_injury_comes_before_the_other_facts() -> None:
    wishes = "".join(f"I love exercise number {number}. " for number in range(6))
    assert lasting_facts(f"{wishes}I have a bad knee.")[0].kind == "injury"


@pytest.mark.parametrize(("days_ago", "loads"), [(27, True), (40, False), (1_100, False)])
async def test_after_a_pause_no_loads_are_taken_from_before(days_ago: int, loads: bool) -> None:
    proposed = await plan(WorkoutPlanRequest(days_per_week=1), trained(BENCH, days_ago))
    (bench,) = [one for one in exercises_of(proposed) if one["exercise_id"] == str(BENCH)]
    assert (bench["weight_kg"] is not None, proposed["cautions"]) == (loads, [] if loads else [STARTS_LIGHT])


async def test_who_never_trained_is_told_of_no_pause() -> None:
    assert (await plan(WorkoutPlanRequest(), log_of()))["cautions"] == []


def test_the_sets_of_weeks_before_a_pause_allow_nothing() -> None:
    before = [said for days in (1_114, 1_107, 1_100) for said in workout(BENCH, days, 20)]
    assert "chest" not in allowance(log_of(*before), NOW)
    assert allowance(log_of(*before, *workout(BENCH, 2, 4)), NOW)["chest"] == FLOOR


@pytest.mark.parametrize(("days_per_week", "source"), [(1, "a model"), (3, "rules")])
async def test_a_models_plan_with_too_few_days_gives_way_to_the_rules(days_per_week: int, source: str) -> None:
    bench = ChosenExercise(exercise_id=BENCH, sets=3, reps=8)
    week = ChosenWeek(days=[ChosenDay(name="Day", exercises=[bench])])
    proposed = await plan(WorkoutPlanRequest(days_per_week=days_per_week), trained(BENCH, 3), week=week)
    assert (proposed["source"], len(proposed["days"])) == (source, days_per_week)


async def test_a_plan_without_enough_exercises_says_so() -> None:
    proposed = await plan(WorkoutPlanRequest(avoid=list(Muscle)), log_of())
    assert (proposed["days"], "too few days" in proposed["notice"]) == ([], True)
