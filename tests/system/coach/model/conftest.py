"""One running coach with a model behind it, for the tests of one module."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.eventually import eventually
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.model.telling import BENCH, coach_of
from tests.system.coach.world import COACH, World, earlier_this_week
from tests.system.conftest import Database
from tests.system.engines import RealEngines


@pytest.fixture(scope="module")
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture(scope="module")
async def world(engines: RealEngines, database: Database, model: FakeModel) -> AsyncIterator[World]:
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
    await world.publish(*world.workout(user, uuid4(), earlier_this_week(timedelta(hours=2)), (BENCH, 100, 5)))
    question = {"question": "How was my last workout?"}

    async def remembered() -> bool:
        answer = await world.http.post(f"{COACH}/quick-questions", json=question, headers=world.caller(user))
        return "500 kg" in answer.json()["answer"]

    await eventually(remembered)
    return user
