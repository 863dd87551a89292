"""Plans stay within their bounds, whatever a model proposes."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.coach.facts.claims import Cited, Kind, holds, quantity_of
from services.coach.facts.log import TrainingLog
from services.coach.model.gate import Gate
from services.coach.plans.bounds import NEWCOMER, allowance, bounded
from services.coach.plans.choice import STAPLES, Choice, injured_muscles
from services.coach.plans.meal_plans import MealPlans
from services.coach.plans.meals import MealPlanRequest, propose_meals
from services.coach.plans.shape import ChosenDay, ChosenExercise, ChosenWeek, WorkoutPlanRequest
from services.coach.plans.workouts import plan_json
from shared.domains.exercises.catalogue import CATALOGUE, catalogue_id
from shared.domains.exercises.vocabulary import Equipment, Muscle
from shared.registry import registry
from tests.unit.coach.hevy import NOW, training_log
from tests.unit.coach.test_reports import log_of

IDS = st.sampled_from([*list(training_log().working_by_exercise)[:40], *list(CATALOGUE)[:40], UUID(int=5)])
PLANK = catalogue_id("plank")
EXERCISES = st.builds(ChosenExercise, exercise_id=IDS, sets=st.integers(1, 6), reps=st.integers(3, 20))
WEEKS = st.builds(
    ChosenWeek,
    days=st.lists(
        st.builds(ChosenDay, name=st.just("Day"), exercises=st.lists(EXERCISES, min_size=1, max_size=8)),
        min_size=1,
        max_size=6,
    ),
)


@settings(deadline=None, max_examples=50)
@given(chosen=WEEKS, days=st.integers(1, 6))
def test_volume_and_loads_are_bounded(chosen: ChosenWeek, days: int) -> None:
    log = training_log()
    choice = Choice(log, WorkoutPlanRequest(days_per_week=days), frozenset({Muscle.CHEST}), NOW)
    planned = bounded(chosen, choice, days, NOW)
    assert len(planned) <= days
    sets: Counter[str] = Counter()
    for day in planned:
        for one in day.exercises:
            muscle = log.exercises[one.exercise_id].muscle_category
            assert muscle is not Muscle.CHEST
            sets[muscle.value if muscle else ""] += one.sets
            if one.weight:
                done = log.set_of(one.weight.cited[0].id)
                assert done is not None
                assert holds(one.weight, log)
                assert one.weight.value <= (done.weight or 0) * Decimal("1.05")
    limits = allowance(log, NOW)
    assert all(count <= limits.get(muscle, NEWCOMER) for muscle, count in sets.items() if muscle)


@pytest.mark.parametrize("days", range(1, 7))
def test_the_rules_plan_is_whole_and_its_templates_are_valid_events(days: int) -> None:
    for log in (training_log(), log_of()):
        choice = Choice(log, WorkoutPlanRequest(days_per_week=days), frozenset(), NOW)
        planned = bounded(choice.by_rules(), choice, days, NOW)
        assert len(planned) == days
        for template in plan_json(planned, log)["templates"]:
            registry().parse(template["event_type"], template["schema_version"], template["payload"])


def test_only_what_there_is_to_train_with_is_planned() -> None:
    request = WorkoutPlanRequest(days_per_week=4, equipment=[Equipment.DUMBBELL])
    choice = Choice(training_log(), request, injured_muscles(["bad knee"]), NOW)
    planned = bounded(choice.by_rules(), choice, 4, NOW)
    rows = [choice.log.exercises[one.exercise_id] for day in planned for one in day.exercises]
    assert {row.equipment for row in rows} <= {Equipment.DUMBBELL, Equipment.BODYWEIGHT, Equipment.NONE, None}
    assert Muscle.QUADRICEPS not in {row.muscle_category for row in rows}


def test_all_staples_are_in_the_catalogue() -> None:
    assert all(catalogue_id(slug) in CATALOGUE for slugs in STAPLES.values() for slug in slugs)


def planks(*seconds: int) -> TrainingLog:
    """A workout of three weeks ago, and the same days later with the given holds."""
    held: list[tuple[str, dict[str, Any]]] = []
    for number, (day, times) in enumerate([("2025-08-25", (300,)), ("2025-09-01", seconds)], start=1):
        at, workout = f"{day}T08:00:00Z", str(UUID(int=number))
        held += [("WorkoutStarted", {"workout_id": workout, "started_at": at})]
        for turn, time in enumerate(times):
            done = {"workout_id": workout, "exercise_id": str(PLANK), "completed_at": at, "duration_s": time}
            held += [("SetCompleted", {"set_id": str(UUID(int=100 * number + turn)), **done})]
    return log_of(*held)


def test_what_is_held_is_planned_in_seconds_of_the_last_workout() -> None:
    log = planks(45, 60, 50)
    choice = Choice(log, WorkoutPlanRequest(days_per_week=1), frozenset(), NOW)
    plan = plan_json(bounded(choice.by_rules(), choice, 1, NOW), log)
    plank = next(one for one in plan["days"][0]["exercises"] if one["exercise_id"] == str(PLANK))
    assert (plank["sets"], plank["reps"], plank["duration_s"]) == (3, None, 60)
    assert [(row["quantity"], row["value"]) for row in plank["evidence"]] == [
        ("duration_s", 45),
        ("duration_s", 60),
        ("duration_s", 50),
    ]
    template = next(one for one in plan["templates"][0]["payload"]["exercises"] if one["exercise_id"] == str(PLANK))
    assert template["target"] == {"duration_s": 60}
    assert "reps" not in template


def test_what_was_never_held_is_planned_for_half_a_minute() -> None:
    log = log_of()
    choice = Choice(log, WorkoutPlanRequest(days_per_week=1), frozenset(), NOW)
    week = ChosenWeek(days=[ChosenDay(name="Day", exercises=[ChosenExercise(exercise_id=PLANK, sets=3, reps=8)])])
    plan = plan_json(bounded(week, choice, 1, NOW), log)
    (plank,) = plan["days"][0]["exercises"]
    assert (plank["reps"], plank["duration_s"], plank["evidence"]) == (None, 30, [])
    for template in plan["templates"]:
        registry().parse(template["event_type"], template["schema_version"], template["payload"])


def weighing(weight: float = 60, **profile: Any) -> Any:
    at = "2025-09-01T08:00:00Z"
    return log_of(
        ("BodyMeasurementRecorded", {"measurement_id": str(UUID(int=3)), "measured_at": at, "weight": weight}),
        ("ProfileUpdated", {"height": 180, **profile}),
    )


def test_no_deficit_for_the_light_and_the_young() -> None:
    light = propose_meals(MealPlanRequest(goal="lose fat"), weighing(), NOW)
    young = propose_meals(MealPlanRequest(goal="cut"), weighing(height=150, birth_date=str(date(2010, 1, 1))), NOW)
    assert [plan["goal"] for plan in (light, young)] == ["maintain", "maintain"]
    assert light["cautions"]
    grown = weighing(height=150, birth_date="1990-01-01")
    assert propose_meals(MealPlanRequest(goal="cut"), grown, NOW)["goal"] == "lose"


@pytest.mark.parametrize("weight", [0.000001, 0.1, 0.3])
def test_a_weight_that_nobody_has_gives_foods_and_no_amounts(weight: float) -> None:
    plan = propose_meals(MealPlanRequest(), weighing(weight), NOW)

    assert plan["targets"] is None
    assert {food["grams"] for meal in plan["meals"] for food in meal["foods"]} == {None}
    assert "too light" in plan["cautions"][0]


def test_what_a_weighing_derives_may_be_nothing() -> None:
    assert quantity_of(Cited(Kind.MEASUREMENT, UUID(int=3)), "protein_g", weighing(0.1)) == 0


@pytest.mark.parametrize("words", ["vegan", "vegetarian"])
def test_diets_and_allergies_are_kept(words: str) -> None:
    plan = propose_meals(MealPlanRequest(diet=words, allergies=["soy", "gluten"]), weighing(), NOW)
    foods = {item["food"] for meal in plan["meals"] for item in meal["foods"]}
    assert foods
    assert not foods & {"firm tofu", "salmon, cooked", "chicken breast, cooked", "oats", "seitan", "soy yoghurt"}
    if words == "vegan":
        assert not foods & {"eggs", "skyr", "cottage cheese"}


async def test_words_of_harm_get_no_plan_and_reach_no_model() -> None:
    nobody = MealPlans(cast(Gate, None))
    request = MealPlanRequest(goal="lose", notes="500 calories a day please")
    plan = await nobody.propose(UUID(int=1), request, weighing(), NOW)
    assert plan["targets"] is None
    assert plan["meals"] == []
    assert "doctor" in plan["cautions"][0]
