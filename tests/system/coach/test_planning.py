"""Reports are planned user by user: none stops another, and none is lost or told twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.coach.logs import Logs
from services.coach.reports.loop import LATER, plan
from services.coach.store import WORKER_ROLE
from services.coach.store.memory import Memory
from services.coach.store.packed_logs import PackedLogs
from services.coach.store.reports import Pace, Reports
from shared.domains.exercises.catalogue import catalogue_id
from shared.envelope import AcceptedEvent
from shared.postgres import Pool, create_pool
from shared.topics import COACH as COACH_TOPIC
from tests.eventually import eventually
from tests.system.coach.world import Feeds, World, coach, said_on
from tests.system.conftest import Database
from tests.system.engines import RealEngines

BENCH = catalogue_id("bench-press-barbell")
PACE = Pace(every=timedelta(0), settle=timedelta(0), again=timedelta(seconds=30))


@pytest.fixture
async def world(engines: RealEngines, database: Database) -> AsyncIterator[World]:
    """A coach that plans nobody's reports by itself."""
    async with coach(engines.kafka_bootstrap, await database("coach"), Feeds(), coach_settle_s=3600) as running:
        yield running


@pytest.fixture
async def worker(world: World) -> AsyncIterator[Pool]:
    async with await create_pool(world.settings.database_url_coach, role=WORKER_ROLE, min_size=0) as pool:
        yield pool


async def test_a_user_whose_log_cannot_be_read_waits_and_the_others_get_their_reports(
    world: World, worker: Pool
) -> None:
    # given two users whose week has closed; what is remembered of the first is damaged
    first, second = sorted((uuid4(), uuid4()))
    long_ago = datetime.now(UTC) - timedelta(weeks=3)
    for user in (first, second):
        await world.publish(*world.workout(user, uuid4(), long_ago, (BENCH, 100, 5)))
    for user in (first, second):
        await remembered(worker, user, 3)
    await worker.execute("UPDATE memory_events SET event = '{' WHERE user_id = $1", first)
    logs, reports, packed_logs = Logs(Memory(worker), entities=0), Reports(worker), PackedLogs(worker)

    # when they are planned
    now = datetime.now(UTC) + timedelta(seconds=1)
    planned = await plan(logs, reports, packed_logs, now, PACE)

    # then the second has a report, and the first is looked at again only later
    assert planned == 2
    assert await reported(worker) == {second}
    assert list(await reports.stale(now, PACE)) == []
    assert first in await reports.stale(now + LATER, PACE)


async def test_a_week_at_the_beginning_of_the_calendar_has_its_report(world: World, worker: Pool) -> None:
    user = uuid4()
    await world.publish(*world.workout(user, uuid4(), datetime(1, 1, 1, tzinfo=UTC), (BENCH, 100, 5)))
    await remembered(worker, user, 3)

    await plan_all(worker, datetime.now(UTC) + timedelta(seconds=1))

    assert await week_starts(world, user) == ["0001-01-15"]


async def test_a_report_that_is_made_again_begins_where_the_week_does_by_now(world: World, worker: Pool) -> None:
    # given the report of a week from Monday on
    user, device = uuid4(), uuid4()
    await world.publish(*world.workout(user, device, datetime(2026, 1, 7, 9, tzinfo=UTC), (BENCH, 100, 5)))
    await remembered(worker, user, 3)
    await plan_all(worker, datetime.now(UTC) + timedelta(seconds=1))
    assert await week_starts(world, user) == ["2026-01-05"]

    # when the user's weeks start on Sunday
    await world.publish(world.record(user, device, "ProfileUpdated", week_start=7))
    await remembered(worker, user, 4)
    await plan_all(worker, datetime.now(UTC) + timedelta(minutes=1))

    # then the list says so, too
    report = await world.http.get("/api/v1/coach/weekly-reports/2026-W02", headers=world.caller(user))
    assert report.json()["data"]["week_start"] == "2026-01-04"
    assert await week_starts(world, user) == ["2026-01-04"]


async def test_old_weeks_of_one_user_do_not_keep_the_others_waiting(world: World, worker: Pool) -> None:
    # given somebody with years of weeks to tell of, and somebody with just the last
    first, second = sorted((uuid4(), uuid4()))
    for user, weeks in (
        (first, [f"{year}-W{week:02}" for year in range(2000, 2026) for week in range(1, 53)]),
        (second, ["2025-W52"]),
    ):
        await worker.executemany(
            "INSERT INTO report_jobs (user_id, week, inputs, status) VALUES ($1, $2, '', 'due')",
            [(user, week) for week in weeks],
        )

    # when the next jobs are taken
    jobs = [(job.user_id, job.week) for job in await Reports(worker).due(limit=10, of_one=3)]

    # then the newest of all are among them, and those of one user come together, oldest first
    assert jobs == [(first, "2025-W50"), (first, "2025-W51"), (first, "2025-W52"), (second, "2025-W52")]
    await worker.execute("DELETE FROM report_jobs WHERE user_id = ANY($1)", [first, second])


async def test_a_week_that_is_told_of_stays_so_on_a_journey_to_where_it_goes_on(world: World, worker: Pool) -> None:
    # given the report of a week that is over in Tokyo
    user, device, monday = uuid4(), uuid4(), datetime(2030, 9, 9, tzinfo=UTC)
    await world.publish(begun(world, user, device, monday + timedelta(days=2), "Asia/Tokyo"))
    await remembered(worker, user, 1)
    await plan_all(worker, monday + timedelta(days=6, hours=15))
    assert await told(world, user) == (1, 1)

    # when the user trains in Los Angeles, where it still is Sunday
    await world.publish(begun(world, user, device, monday + timedelta(days=6, hours=20), "America/Los_Angeles"))
    await remembered(worker, user, 2)
    await plan_all(worker, monday + timedelta(days=6, hours=21))

    # then the report stays until the week is over there, has the workout then, and is announced once
    assert await told(world, user) == (1, 1)
    await plan_all(worker, monday + timedelta(days=7, hours=7))
    assert await told(world, user) == (2, 2)
    assert len(await said_on(world, COACH_TOPIC, user)) == 1


def begun(world: World, user: UUID, device: UUID, at: datetime, zone: str) -> AcceptedEvent:
    return world.record(user, device, "WorkoutStarted", at, workout_id=uuid4(), started_at=at, time_zone=zone)


async def told(world: World, user: UUID) -> tuple[int, int]:
    """The revision of the week's report, and its workouts."""
    answer = await world.http.get("/api/v1/coach/weekly-reports/2030-W37", headers=world.caller(user))
    report = answer.json()
    return report["revision"], report["data"]["totals"]["workouts"]


async def remembered(worker: Pool, user: UUID, events: int) -> None:
    async def there() -> bool:
        count = await worker.fetchval("SELECT count(*) FROM memory_events WHERE user_id = $1", user)
        return bool(count == events)

    await eventually(there)


async def plan_all(worker: Pool, now: datetime) -> None:
    await plan(Logs(Memory(worker), entities=0), Reports(worker), PackedLogs(worker), now, PACE)


async def week_starts(world: World, user: UUID) -> list[str]:
    answer = await world.http.get("/api/v1/coach/weekly-reports", headers=world.caller(user))
    return [report["week_start"] for report in answer.json()["items"]]


async def reported(worker: Pool) -> set[UUID]:
    return {row["user_id"] for row in await worker.fetch("SELECT user_id FROM weekly_reports")}
