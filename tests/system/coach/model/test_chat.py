"""Answers of an honest model: facts, sentences, a long conversation."""

import json
from uuid import UUID

import pytest

from tests.eventually import eventually
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.model.telling import breaker_closes, fact_of, told, told_sentences
from tests.system.coach.world import World, frames_of, text_of
from tests.system.engines import connect


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


async def test_invented_numbers_are_left_out(world: World, model: FakeModel, trained: UUID) -> None:
    told(model, "You lifted 7777 kg. ", "You did twenty sets. ", "Keep going.")
    text = text_of(await frames_of(world, trained, "how much?"))
    assert "7777" not in text
    assert "twenty" not in text
    assert text.endswith("Keep going.")


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

    await eventually(summary)
    assert await summary() == "The user wants to look at the bench press."
    told(model, "Good ", "work.")
    await connection.execute("DELETE FROM model_requests WHERE user_id = $1", trained)
    await frames_of(world, trained, "And then?", conversation_id=conversation)
    assert "wants to look at the bench press" in model.calls[-1]["messages"][1]["content"]
    await connection.close()
