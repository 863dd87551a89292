"""The whole Hevy history through Kafka, the worker and HTTP: answers and reports equal SQL over the raw rows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.domains.exercises.catalogue import catalogue_id
from tests.eventually import eventually
from tests.system.coach.world import COACH, World, record_history
from tests.unit.coach.expected import EXPECTED, rows
from tests.unit.coach.expected_reports import hard_sets, markdown, totals
from tests.unit.coach.raw import until

BENCH = catalogue_id("bench-press-barbell")


@pytest.fixture(scope="module")
async def trained(world: World) -> UUID:
    """The user of the history, when all reports are made."""
    user = uuid4()
    await world.publish(*record_history(world, user, uuid4()))
    until(datetime.now(UTC))
    weeks = {label for (label,) in rows("SELECT week FROM workouts UNION SELECT week FROM body")}

    async def reported() -> bool:
        return {item["week"] for item in await reports(world, user)} == weeks

    await eventually(reported, 120)
    return user


async def reports(world: World, user: UUID) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_cursor": None}
    while page["next_cursor"] or not items:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        answer = await world.http.get(f"{COACH}/weekly-reports", params=cursor, headers=world.caller(user))
        page = answer.json()
        if not page["items"]:
            break
        items += page["items"]
    return items


async def test_all_quick_questions_equal_sql_over_the_raw_rows(world: World, trained: UUID) -> None:
    listed = await world.http.get(f"{COACH}/quick-questions", headers=world.caller(trained))
    questions = [item["question"] for item in listed.json()["items"]]
    assert len(questions) >= 20
    for question in questions:
        asked = {"question": question}
        answer = (await world.http.post(f"{COACH}/quick-questions", json=asked, headers=world.caller(trained))).json()
        assert answer["answer"] == EXPECTED[question](datetime.now(UTC))
        assert answer["source"] == "rules"


async def test_all_reports_equal_sql_over_the_raw_rows(world: World, trained: UUID) -> None:
    for item in await reports(world, trained):
        path = f"{COACH}/weekly-reports/{item['week']}"
        report = (await world.http.get(path, headers=world.caller(trained))).json()
        assert report["revision"] == 1
        assert report["data"]["totals"] == totals(item["week"])
        assert report["data"]["hard_sets"] == hard_sets(item["week"])
        assert report["markdown"] == markdown(item["week"])


async def test_a_new_set_is_seen_at_once_and_the_rest_is_as_before(world: World, trained: UUID) -> None:
    async def asked() -> str:
        body = {"question": "How was my last workout?"}
        answer = await world.http.post(f"{COACH}/quick-questions", json=body, headers=world.caller(trained))
        return str(answer.json()["answer"])

    before = await asked()
    await world.publish(*world.workout(trained, uuid4(), datetime.now(UTC), (BENCH, 111, 7)))

    async def seen() -> bool:
        return "777 kg" in await asked()

    assert "777 kg" not in before
    await eventually(seen)
