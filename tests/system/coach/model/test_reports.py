"""Weekly reports in the words of a model."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.eventually import eventually
from tests.system.coach.fake_model import FakeModel
from tests.system.coach.model.telling import BENCH, breaker_closes, told
from tests.system.coach.world import COACH, World
from tests.system.engines import connect


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

    await eventually(is_told)
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

    await eventually(tried)
    await connection.close()
    report = await last_weeks_report(world, user)
    assert (report["source"], report["notice"]) == ("rules", "the language model said nothing that the log confirms")
    assert "31337" not in json.dumps(report)
    assert "moved 500 kg" in report["markdown"]
