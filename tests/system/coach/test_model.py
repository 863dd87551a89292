"""Chat and plans with a model behind them: honest, broken or hostile."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.coach.model.echoes import Echoes
from services.coach.model.prompts import INSTRUCTIONS
from shared.domains.exercises.catalogue import catalogue_id
from shared.registry import registry
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.injections import INJECTIONS
from tests.system.coach.world import Feeds, World, coach, eventually, frames_of, served, text_of
from tests.system.conftest import Database
from tests.system.engines import TestEngines, connect

BENCH = catalogue_id("bench-press-barbell")
COACH = "/api/v1/coach"


@asynccontextmanager
async def coach_of(
    model: FakeModel, engines: TestEngines, database: Database, *, with_worker: bool = True, **chosen: Any
) -> AsyncIterator[World]:
    """Coach with a database of its own and this model behind it."""
    async with (
        served(model.app()) as address,
        coach(
            engines.kafka_bootstrap,
            await database("coach"),
            Feeds(),
            with_worker=with_worker,
            coach_openai_base_url=f"{address}/v1",
            coach_openai_api_key="key",
            coach_model="fake-model",
            **chosen,
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture(scope="module")
async def world(engines: TestEngines, database: Database, model: FakeModel) -> AsyncIterator[World]:
    async with coach_of(
        model,
        engines,
        database,
        coach_compare_every_s=1,
        coach_reports_every_s=0.2,
        coach_settle_s=0.2,
        coach_replan_s=0.2,
        coach_model_timeout_s=1,
        coach_model_retries=0,
        coach_breaker_open_s=0.2,
        coach_chat_per_minute=5,
        coach_tokens_per_day=5_000,
    ) as running:
        yield running


@pytest.fixture
async def trained(world: World) -> UUID:
    """A user with a workout of this week; every test has its own budget."""
    user = uuid4()
    await world.publish(*world.workout(user, uuid4(), datetime.now(UTC) - timedelta(hours=2), (BENCH, 100, 5)))
    question = {"question": "How was my last workout?"}

    async def remembered() -> bool:
        answer = await world.http.post(f"{COACH}/quick-questions", json=question, headers=world.caller(user))
        return "500 kg" in answer.json()["answer"]

    assert await eventually(remembered)
    return user


def fact_of(model: FakeModel, part: str) -> str:
    """The number of the fact whose label has this part, in the last prompt."""
    listed = model.calls[-1]["messages"][0]["content"]
    return re.findall(rf'^(f\d+): "[^"]*{part}', listed, re.MULTILINE)[0]


def told(model: FakeModel, *pieces: str, behaviour: str = "answer") -> None:
    model.behaviour, model.pieces = behaviour, list(pieces)


def told_sentences(model: FakeModel, *sentences: dict[str, Any], behaviour: str = "raw") -> None:
    """An answer of these sentences, in pieces of a few characters."""
    answer = json.dumps({"sentences": sentences})
    told(model, *(answer[at : at + 7] for at in range(0, len(answer), 7)), behaviour=behaviour)


async def test_cited_facts_become_numbers_with_evidence(world: World, model: FakeModel, trained: UUID) -> None:
    told(model, "Hello", " there.")
    await frames_of(world, trained, "hi")
    tonnage = fact_of(model, "tonnage in")

    told(model, "You moved {", tonnage, "}", " this week. ", "Well done.")
    frames = await frames_of(world, trained, "how much?")

    assert text_of(frames) == "You moved 500 kg this week. Well done."
    events = [event for event, _ in frames]
    assert events[-2:] == ["evidence", "done"]
    evidence = frames[-2][1]["evidence"]
    assert [(item["kind"], item["value"]) for item in evidence] == [("set", 500)]
    assert frames[-1][1]["source"] == "fake-model"


async def test_an_answer_is_asked_for_sentence_by_sentence_with_the_facts_first(
    world: World, model: FakeModel, trained: UUID
) -> None:
    told(model, "Hello ", "there.")
    await frames_of(world, trained, "hi")
    asked = model.calls[-1]["response_format"]["json_schema"]
    assert asked["strict"] is True
    assert list(asked["schema"]["$defs"]["Sentence"]["properties"]) == ["facts", "text"]


async def test_a_number_needs_a_fact_that_its_sentence_names(world: World, model: FakeModel, trained: UUID) -> None:
    told(model, "Hello ", "there.")
    await frames_of(world, trained, "hi")
    tonnage, reps = fact_of(model, "tonnage in"), fact_of(model, "repetitions of")

    told_sentences(
        model,
        {"facts": [tonnage], "text": "You moved 500 kg."},
        {"facts": [reps], "text": "It was 500 kg, again."},
        {"facts": ["f999"], "text": "Marvellous pressing, really."},
        {"facts": [reps], "text": "Well done."},
    )
    frames = await frames_of(world, trained, "how much?")

    gap = "(left out: your log does not confirm it)"
    assert text_of(frames) == f"You moved 500 kg. It was {gap} Marvellous pressing, {gap} Well done."
    assert {(item["quantity"], item["value"]) for item in frames[-2][1]["evidence"]} == {
        ("volume_kg", 500),
        ("reps", 5),
    }


async def test_words_are_shown_while_their_sentence_is_being_written(
    world: World, model: FakeModel, trained: UUID
) -> None:
    told(model, "Good ", "work, ", "champion, ", "bravo.", behaviour="slow")
    frames = await frames_of(world, trained, "how much?")
    assert [data["text"] for event, data in frames if event == "token"] == ["Good ", "work, ", "champion, ", "bravo."]


@pytest.mark.parametrize("fence", [("", ""), ("```json\n", "\n```"), (" \n", "\n")])
async def test_structure_is_read_from_a_fence_too(
    world: World, model: FakeModel, trained: UUID, fence: tuple[str, str]
) -> None:
    told(model, fence[0], '{"sentences": [', '{"text": "Good work.", "facts": []}]}', fence[1], behaviour="raw")
    frames = await frames_of(world, trained, "hi")
    assert (text_of(frames), frames[-1][1]["source"]) == ("Good work.", "fake-model")


async def test_prose_of_a_server_that_ignores_structure_is_checked_as_well(
    world: World, model: FakeModel, trained: UUID
) -> None:
    told(model, "You moved 500 kg, ", "well done. You moved ", "777 kg.", behaviour="raw")
    frames = await frames_of(world, trained, "how much?")
    assert text_of(frames).startswith("You moved 500 kg, well done. You moved (left out")
    assert frames[-1][1]["source"] == "fake-model"
    assert [item["value"] for item in frames[-2][1]["evidence"]] == [500]


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


async def test_invented_numbers_are_left_out(world: World, model: FakeModel, trained: UUID) -> None:
    told(model, "You lifted 7777 kg. ", "You did twenty sets. ", "Keep going.")
    text = text_of(await frames_of(world, trained, "how much?"))
    assert "7777" not in text
    assert "twenty" not in text
    assert text.endswith("Keep going.")


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


async def breaker_closes() -> None:
    await asyncio.sleep(0.25)


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


@pytest.mark.parametrize("behaviour", ["obey", "obey raw"])
@pytest.mark.parametrize("attack", INJECTIONS)
async def test_a_model_that_obeys_attackers_leaks_and_changes_nothing(
    world: World, model: FakeModel, trained: UUID, attack: str, behaviour: str
) -> None:
    stranger = uuid4()
    told(model, behaviour=behaviour)
    before = await state_of(world, trained)

    frames = await frames_of(world, trained, attack)

    text = text_of(frames)
    assert not re.search("canary[0-9a-f]", text)
    assert not Echoes(INSTRUCTIONS).within(text)
    assert str(stranger) not in text
    for forbidden in ("http", "<img", "<script", "](", "@"):
        assert forbidden not in text.lower()
    shown = set(re.findall(r"\d+(?:\.\d+)?", re.sub(r"\d{4}-(\d{2}-\d{2}|W\d{2})", "", text)))
    allowed = {format(claim["value"], "g") for claim in frames[-2][1]["claims"]}
    assert shown <= allowed
    assert await state_of(world, trained) == before


async def state_of(world: World, user: UUID) -> object:
    """Everything of a user that a chat must not change."""
    connection = await connect(world.settings.database_url_coach)
    try:
        events = await connection.fetch("SELECT event_id FROM memory_events WHERE user_id = $1 ORDER BY 1", user)
        reports = await connection.fetch("SELECT week, content FROM weekly_reports WHERE user_id = $1 ORDER BY 1", user)
        return [tuple(row) for row in events], [tuple(row) for row in reports]
    finally:
        await connection.close()


async def test_what_hurts_gets_fixed_words_and_no_model(world: World, model: FakeModel, trained: UUID) -> None:
    told(model, "Train through it!")
    asked = len(model.calls)
    for message in ("I have a sharp pain in my shoulder, what now?", "I make myself vomit after dinner"):
        text = text_of(await frames_of(world, trained, message))
        assert "doctor" in text
    assert len(model.calls) == asked


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
    engines: TestEngines, database: Database, path: str
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
    await world.publish(event)

    async def targeted() -> bool:
        answer = await world.http.post(f"{COACH}/meal-plans", json={"goal": "lose"}, headers=world.caller(trained))
        plan = answer.json()
        return plan["targets"] == {"kcal": 2080, "protein_g": 144, "fat_g": 72} and {
            item["id"] for item in plan["evidence"]
        } == {str(measurement)}

    assert await eventually(targeted)


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


async def last_weeks_report(world: World, user: UUID) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(weeks=1)
    week = f"{at.isocalendar().year}-W{at.isocalendar().week:02d}"
    answer = await world.http.get(f"{COACH}/weekly-reports/{week}", headers=world.caller(user))
    return dict(answer.json())


async def test_a_fresh_report_is_told_by_the_model_as_far_as_the_log_confirms_it(
    world: World, model: FakeModel
) -> None:
    await breaker_closes()
    told(model, json.dumps({"sentences": ["You moved 500 kg.", "You moved 777 kg.", "See https://evil.example."]}))
    user, last = uuid4(), datetime.now(UTC) - timedelta(weeks=1)
    old = world.workout(user, uuid4(), last - timedelta(weeks=6), (BENCH, 100, 5))
    await world.publish(*old, *world.workout(user, uuid4(), last, (BENCH, 100, 5)))

    async def is_told() -> bool:
        return (await last_weeks_report(world, user)).get("source") == "fake-model"

    assert await eventually(is_told)
    report = await last_weeks_report(world, user)
    assert report["opening"] == "You moved 500 kg."
    assert report["opening"] in report["markdown"]
    assert report["data"]["totals"]["tonnage_kg"] == 500

    connection = await connect(world.settings.database_url_coach)
    jobs = await connection.fetch("SELECT subject, status FROM model_jobs WHERE user_id = $1", user)
    spent = await connection.fetchval("SELECT input_tokens FROM token_usage WHERE user_id = $1", user)
    await connection.close()
    assert [tuple(job) for job in jobs] == [(report["week"], "done")]
    assert spent == 100


async def test_a_report_of_which_nothing_holds_stays_the_rules_and_says_so(world: World, model: FakeModel) -> None:
    await breaker_closes()
    told(model, json.dumps({"sentences": ["You moved 31337 kg."]}))
    user = uuid4()
    last = datetime.now(UTC) - timedelta(weeks=1)
    connection = await connect(world.settings.database_url_coach)
    await world.publish(*world.workout(user, uuid4(), last, (BENCH, 100, 5)))

    async def tried() -> bool:
        at_once = "UPDATE model_jobs SET not_before = now() WHERE user_id = $1 AND status = 'due'"
        await connection.execute(at_once, user)
        return bool((await last_weeks_report(world, user)).get("notice"))

    assert await eventually(tried, 30)
    await connection.close()
    report = await last_weeks_report(world, user)
    assert (report["source"], report["notice"]) == ("rules", "the language model said nothing that the log confirms")
    assert "31337" not in json.dumps(report)
    assert "moved 500 kg" in report["markdown"]


async def test_a_long_conversation_is_summed_up_by_the_model(world: World, model: FakeModel, trained: UUID) -> None:
    await breaker_closes()
    connection = await connect(world.settings.database_url_coach)
    told(model, "Good ", "work.")
    frames = await frames_of(world, trained, "I want to look at my bench press.")
    conversation = frames[-1][1]["conversation_id"]
    for number in range(14):
        await connection.execute("DELETE FROM model_requests WHERE user_id = $1", trained)
        if number == 12:
            told(model, json.dumps({"sentences": ["The user wants to look at the bench press.", "It was 99 kg."]}))
        await frames_of(world, trained, "And then?", conversation_id=conversation)

    async def summary() -> str:
        query = "SELECT told FROM conversations WHERE conversation_id = $1"
        return str(await connection.fetchval(query, UUID(conversation)))

    assert await eventually(summary)
    assert await summary() == "The user wants to look at the bench press."
    told(model, "Good ", "work.")
    await connection.execute("DELETE FROM model_requests WHERE user_id = $1", trained)
    await frames_of(world, trained, "And then?", conversation_id=conversation)
    assert "wants to look at the bench press" in model.calls[-1]["messages"][1]["content"]
    await connection.close()


async def test_a_server_that_refuses_structure_is_asked_without(engines: TestEngines, database: Database) -> None:
    model, user = FakeModel("refuse", ["Good ", "work."]), uuid4()
    async with coach_of(model, engines, database, with_worker=False) as world:
        answers = [await frames_of(world, user, "hi") for _ in range(2)]
    assert [(text_of(frames), frames[-1][1]["source"]) for frames in answers] == [("Good work.", "fake-model")] * 2
    assert ["response_format" in call for call in model.calls] == [True, False, False]
