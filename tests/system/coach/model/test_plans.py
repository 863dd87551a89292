"""Plans and meals of a model, within the bounds of the rules."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from shared.domains.exercises.catalogue import catalogue_id
from shared.registry import registry
from tests.eventually import eventually
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.model.telling import BENCH, breaker_closes, coach_of, told
from tests.system.coach.world import COACH, World
from tests.system.conftest import Database
from tests.system.engines import RealEngines


async def test_a_models_plan_is_bounded_by_the_rules(world: World, model: FakeModel, trained: UUID) -> None:
    squat = catalogue_id("squat-barbell")
    week = {
        "days": [
            {
                "name": "Monster day",
                "exercises": [
                    {"exercise_id": str(BENCH), "sets": 6, "reps": 5},
                    {"exercise_id": str(uuid4()), "sets": 6, "reps": 5},
                    {"exercise_id": str(squat), "sets": 6, "reps": 5},
                ],
            }
        ]
    }
    told(model, json.dumps(week))
    answer = await world.http.post(
        f"{COACH}/workout-plans", json={"days_per_week": 1, "avoid": ["quadriceps"]}, headers=world.caller(trained)
    )
    plan = answer.json()
    assert plan["source"] == "fake-model"
    (day,) = plan["days"]
    assert [one["exercise_id"] for one in day["exercises"]] == [str(BENCH)]
    assert day["exercises"][0]["weight_kg"] <= 105
    assert day["exercises"][0]["evidence"]
    for template in plan["templates"]:
        registry().parse(template["event_type"], template["schema_version"], template["payload"])


async def test_a_plan_of_a_broken_model_comes_from_the_rules(world: World, model: FakeModel, trained: UUID) -> None:
    told(model, '{"days": []}')
    answer = await world.http.post(f"{COACH}/workout-plans", json={}, headers=world.caller(trained))
    plan = answer.json()
    assert plan["source"] == "rules"
    assert len(plan["days"]) == 3


@pytest.mark.parametrize("path", ["workout-plans", "meal-plans"])
async def test_a_plan_does_not_wait_for_the_retries_of_a_silent_model(
    engines: RealEngines, database: Database, path: str
) -> None:
    model = FakeModel("stall")
    chosen = {"coach_model_timeout_s": 0.3, "coach_model_retries": 5}
    async with coach_of(model, engines, database, with_worker=False, **chosen) as world:
        plan = (await world.http.post(f"{COACH}/{path}", json={}, headers=world.caller(uuid4()))).json()
    assert (plan["source"], plan["notice"]) == ("rules", "the language model did not answer")
    assert plan["days" if path == "workout-plans" else "meals"]
    assert len(model.calls) == 1


async def test_a_meal_plan_cites_the_weighing(world: World, trained: UUID) -> None:
    nothing = await world.http.post(f"{COACH}/meal-plans", json={"goal": "lose"}, headers=world.caller(trained))
    assert nothing.json()["targets"] is None

    measurement = uuid4()
    now = datetime.now(UTC)
    event = world.record(
        trained, uuid4(), "BodyMeasurementRecorded", now, measurement_id=measurement, measured_at=now, weight=80
    )
    profile = world.record(trained, uuid4(), "ProfileUpdated", now, height=180, birth_date="1990-01-01")
    await world.publish(event, profile)

    async def targeted() -> bool:
        answer = await world.http.post(f"{COACH}/meal-plans", json={"goal": "lose"}, headers=world.caller(trained))
        plan = answer.json()
        return plan["targets"] == {"kcal": 2080, "protein_g": 144, "fat_g": 72} and {
            item["id"] for item in plan["evidence"]
        } == {str(measurement)}

    await eventually(targeted)


async def test_a_models_meals_are_of_the_table_and_amounts_of_the_rules(
    world: World, model: FakeModel, trained: UUID
) -> None:
    await breaker_closes()
    day = {"meals": [["oats", "skyr"], ["chicken breast, cooked", "rice, cooked", "broccoli"]]}
    told(model, json.dumps(day))
    asked = {"meals_per_day": 2}
    plan = (await world.http.post(f"{COACH}/meal-plans", json=asked, headers=world.caller(trained))).json()
    assert plan["source"] == "fake-model"
    assert [{food["food"] for food in meal["foods"]} for meal in plan["meals"]] == [set(meal) for meal in day["meals"]]

    refused = await world.http.post(
        f"{COACH}/meal-plans", json={**asked, "diet": "vegan"}, headers=world.caller(trained)
    )
    assert refused.json()["source"] == "rules"
    assert "did not fit" in refused.json()["notice"]
    assert not {"skyr", "chicken breast, cooked"} & {
        food["food"] for meal in refused.json()["meals"] for food in meal["foods"]
    }
