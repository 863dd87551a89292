"""A model that obeys attackers, and what no model is asked."""

import re
from uuid import UUID, uuid4

import pytest

from services.coach.model.echoes import Echoes
from services.coach.model.prompts import INSTRUCTIONS
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.injections import INJECTIONS
from tests.system.coach.model.telling import told
from tests.system.coach.world import World, frames_of, text_of
from tests.system.engines import connect


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
