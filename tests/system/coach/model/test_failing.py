"""A model that is broken, slow, or too dear."""

import json
from uuid import UUID, uuid4

import pytest

from tests.system.coach.fake_model import FakeModel
from tests.system.coach.model.telling import BENCH, breaker_closes, coach_of, told
from tests.system.coach.world import COACH, World, frames_of, text_of
from tests.system.conftest import Database
from tests.system.engines import RealEngines, connect


@pytest.mark.parametrize(
    "answer",
    [
        '{"sentences": [{"facts": [], "text": "Good work so far."}, {"facts": ["f1"], "te',
        '{"sentences": [{"facts": [], "text": "Good work so far."}, {"facts": "f1", "text": "Yes."}]}',
        '{"sentences": ["Good work so far."]}',
        '{"sentences": 31337}',
        '{"answer": "You moved 31337 kg."}',
        '{"sentences": []}',
        '{"sentences"= 31337}',
        "{}",
    ],
)
async def test_broken_or_foreign_structure_ends_with_the_rules(
    world: World, model: FakeModel, trained: UUID, answer: str
) -> None:
    await breaker_closes()
    told(model, *answer, behaviour="raw")
    frames = await frames_of(world, trained, "How was my last workout?")
    assert "500 kg" in text_of(frames)
    assert "31337" not in text_of(frames)
    assert (frames[-1][0], frames[-1][1]["source"]) == ("done", "rules")
    assert "the language model" in frames[-1][1]["notice"]


@pytest.mark.parametrize("behaviour", ["error", "garbage", "stall", "cut"])
async def test_a_broken_model_leaves_a_usable_chat(
    world: World, model: FakeModel, trained: UUID, behaviour: str
) -> None:
    await breaker_closes()
    told(model, "Good ", "work ", "so ", "far.", behaviour=behaviour)
    frames = await frames_of(world, trained, "How was my last workout?")
    assert "500 kg" in text_of(frames)
    assert "answered by fixed rules" in text_of(frames).lower()
    assert [event for event, _ in frames][-1] == "done"
    assert frames[-1][1]["source"] == "rules"

    conversation = frames[-1][1]["conversation_id"]
    kept = await world.http.get(f"{COACH}/conversations/{conversation}", headers=world.caller(trained))
    assert kept.json()["messages"][-1]["text"] == text_of(frames)


async def test_the_breaker_spares_a_dead_model(world: World, model: FakeModel, trained: UUID) -> None:
    await breaker_closes()
    told(model, behaviour="error")
    for _ in range(5):
        await frames_of(world, trained, "hi")
    asked = len(model.calls)
    assert asked
    told(model, "Back ", "again.")
    await breaker_closes()
    other = uuid4()
    assert text_of(await frames_of(world, other, "hi")) == "Back again."


async def test_a_spent_minute_is_answered_by_rules(world: World, model: FakeModel, trained: UUID) -> None:
    await breaker_closes()
    told(model, "Hello ", "there.")
    answers = [await frames_of(world, trained, "hi") for _ in range(6)]
    assert [frames[-1][1]["source"] for frames in answers] == ["fake-model"] * 5 + ["rules"]
    assert "budget" in answers[-1][-1][1]["notice"]


async def test_tokens_are_counted_and_a_spent_day_is_answered_by_rules(
    world: World, model: FakeModel, trained: UUID
) -> None:
    told(model, "Hello ", "there.")
    await frames_of(world, trained, "hi")
    connection = await connect(world.settings.database_url_coach)
    spent = await connection.fetchrow("SELECT input_tokens, output_tokens FROM token_usage WHERE user_id = $1", trained)
    assert tuple(spent) == (100, 10)
    await connection.execute("UPDATE token_usage SET input_tokens = 5000 WHERE user_id = $1", trained)
    await connection.close()

    frames = await frames_of(world, trained, "hi")
    assert frames[-1][1]["source"] == "rules"
    assert "today's budget" in frames[-1][1]["notice"]


async def test_a_server_that_refuses_structure_is_asked_without(engines: RealEngines, database: Database) -> None:
    model, user = FakeModel("refuse", ["Good ", "work."]), uuid4()
    async with coach_of(model, engines, database, with_worker=False) as world:
        answers = [await frames_of(world, user, "hi") for _ in range(2)]
    assert [(text_of(frames), frames[-1][1]["source"]) for frames in answers] == [("Good work.", "fake-model")] * 2
    assert ["response_format" in call for call in model.calls] == [True, False, False]


async def test_a_server_that_refuses_structure_is_told_the_shape_of_plans_in_words(
    engines: RealEngines, database: Database
) -> None:
    exercises = [{"exercise_id": str(BENCH), "sets": 3, "reps": 5}]
    week = json.dumps({"days": [{"name": "Monster day", "exercises": exercises}]})
    model, asked = FakeModel("refuse", ["```json\n", week, "\n```"]), {"days_per_week": 1}
    async with coach_of(model, engines, database, with_worker=False) as world:
        plans = [
            (await world.http.post(f"{COACH}/workout-plans", json=asked, headers=world.caller(uuid4()))).json()
            for _ in range(4)
        ]
    assert [plan["source"] for plan in plans] == ["fake-model"] * 4
    assert ["response_format" in call for call in model.calls] == [True, False, False, False, False]
    assert all('"exercise_id"' in call["messages"][0]["content"] for call in model.calls[1:])


async def test_requests_that_a_server_does_not_take_are_no_outage(engines: RealEngines, database: Database) -> None:
    model, user = FakeModel("reject"), uuid4()
    async with coach_of(model, engines, database, with_worker=False) as world:
        for _ in range(4):
            plan = await world.http.post(f"{COACH}/workout-plans", json={}, headers=world.caller(user))
            assert plan.json()["source"] == "rules"
        told(model, "Good ", "work.")
        assert text_of(await frames_of(world, user, "hi")) == "Good work."
