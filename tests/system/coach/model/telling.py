"""What the model of these tests is told to say."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.domains.exercises.catalogue import catalogue_id
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.world import Feeds, World, coach, served
from tests.system.conftest import Database
from tests.system.engines import RealEngines

BENCH = catalogue_id("bench-press-barbell")


@asynccontextmanager
async def coach_of(
    model: FakeModel, engines: RealEngines, database: Database, *, with_worker: bool = True, **chosen: Any
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


def fact_of(model: FakeModel, part: str) -> str:
    """The number of the fact whose label has this part, in the last prompt."""
    listed = model.calls[-1]["messages"][0]["content"]
    return str(re.findall(rf'^(f\d+): "[^"]*{part}', listed, re.MULTILINE)[0])


def told(model: FakeModel, *pieces: str, behaviour: str = "answer") -> None:
    model.behaviour, model.pieces = behaviour, list(pieces)


def told_sentences(model: FakeModel, *sentences: dict[str, Any], behaviour: str = "raw") -> None:
    """An answer of these sentences, in pieces of a few characters."""
    answer = json.dumps({"sentences": sentences})
    told(model, *(answer[at : at + 7] for at in range(0, len(answer), 7)), behaviour=behaviour)


async def breaker_closes() -> None:
    await asyncio.sleep(0.25)
