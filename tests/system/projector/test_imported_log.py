"""A real log of another app, once imported, gives the weekly metrics that SQL finds in its raw rows."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from client.importing import read_export
from client.imports import Known, plan_import
from services.projector.store.batch import ProjectorStore
from shared.domains.exercises.catalogue import find
from shared.envelope import AcceptedEvent
from shared.views.exercises import Exercises
from tests.histories import EPOCH
from tests.system.projector.feed import EventStore, served
from tests.system.projector.looking import apply
from tests.system.projector.phones import Reader, api

LOG = Path(__file__).parents[3].parent / "shared" / "data" / "hevy.csv"
ZONE = "Europe/Berlin"
COLUMNS = ("start_time", "end_time", "exercise_title", "set_type", "weight_kg", "reps", "rpe")
AT_ONCE = 3_000

TABLES = (
    f"CREATE TEMP TABLE raw ({', '.join(f'{name} text' for name in COLUMNS)})",
    "CREATE TEMP TABLE muscles (title text, muscle text, part numeric)",
)
# An assisted repetition moves the body's weight, which this file does not know, less the weight in it: nothing known.
# Weeks as the calendar of the place has them, seconds as its clocks ran, streaks as islands of weeks without a gap.
WEEKS = f"""
WITH rows AS (
  SELECT to_timestamp(start_time, 'DD Mon YYYY, HH24:MI')::timestamp AS began,
         to_timestamp(end_time, 'DD Mon YYYY, HH24:MI')::timestamp AS ended, exercise_title AS title, set_type,
         CASE WHEN exercise_title LIKE '%(Assisted)' THEN 0
              ELSE coalesce(nullif(weight_kg, '')::numeric * nullif(reps, '')::numeric, 0) END AS volume,
         nullif(rpe, '')::numeric AS rpe
  FROM raw
), working AS (SELECT date_trunc('week', began)::date AS monday, * FROM rows WHERE set_type <> 'warmup'),
weeks AS (
  SELECT date_trunc('week', began)::date AS monday, to_char(began, 'IYYY-"W"IW') AS week, count(*) AS workouts,
         sum(extract(epoch FROM ended AT TIME ZONE '{ZONE}' - began AT TIME ZONE '{ZONE}')) AS duration_s
  FROM (SELECT DISTINCT began, ended FROM rows) sessions GROUP BY 1, 2
), hard AS (
  SELECT monday, jsonb_object_agg(muscle, sets) AS hard_sets FROM (
    SELECT monday, muscle, sum(part) AS sets FROM working JOIN muscles USING (title)
    WHERE rpe IS NULL OR 10 - rpe <= 4 GROUP BY 1, 2
  ) found GROUP BY 1
), streaks AS (
  SELECT monday, row_number() OVER (PARTITION BY island ORDER BY monday) AS streak_weeks
  FROM (SELECT monday, monday - 7 * (row_number() OVER (ORDER BY monday))::int AS island FROM weeks) islands
)
SELECT week, monday AS week_start, workouts, count(title) AS sets, coalesce(sum(volume), 0) AS tonnage_kg, duration_s,
       avg(rpe) AS average_rpe, hard_sets, streak_weeks
FROM weeks LEFT JOIN working USING (monday) LEFT JOIN hard USING (monday) JOIN streaks USING (monday)
GROUP BY week, monday, workouts, duration_s, hard_sets, streak_weeks ORDER BY monday
"""


def imported(content: bytes, user: UUID, device: UUID) -> list[AcceptedEvent]:
    """What a phone that imports the file sends."""
    export = read_export(content, unit=None, time_zone=ZoneInfo(ZONE))
    plan = plan_import(export, Known({}, Exercises(), frozenset()), uuid4(), "0f", datetime.now(UTC))
    return [
        AcceptedEvent(
            event_id=uuid4(),
            event_type=draft.event.event_type,
            schema_version=draft.event.schema_version,
            payload=json.loads(draft.payload),
            correlation_id=draft.correlation_id,
            device_id=device,
            sequence_number=number,
            previous_sequence=number - 1,
            occurred_at=draft.occurred_at,
            received_at=datetime.now(UTC),
            user_id=user,
            server_epoch=EPOCH,
        )
        for number, draft in enumerate(plan.drafts, 1)
    ]


def muscles(titles: set[str]) -> list[tuple[str, str, float]]:
    """Which muscles get how much of a set, by the exercise's name in the file."""
    found: list[tuple[str, str, float]] = []
    for title in titles:
        exercise = find(title)
        if exercise is None:
            found.append((title, "other", 1))
        else:
            found.append((title, exercise.muscle_category.value, 1))
            found += [(title, muscle.value, 0.5) for muscle in exercise.secondary if muscle != exercise.muscle_category]
    return found


async def independent(pool: "asyncpg.Pool[asyncpg.Record]", content: bytes) -> Sequence[asyncpg.Record]:
    raw = [tuple(row[name] for name in COLUMNS) for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]
    async with pool.acquire() as connection, connection.transaction():
        for table in TABLES:
            await connection.execute(f"{table} ON COMMIT DROP")
        await connection.copy_records_to_table("raw", records=raw)
        await connection.copy_records_to_table("muscles", records=muscles({row[2] for row in raw}))
        weeks: Sequence[asyncpg.Record] = await connection.fetch(WEEKS)
        return weeks


@pytest.fixture(scope="module")
def content() -> bytes:
    if not LOG.exists():
        pytest.skip("the sample log is not beside the project")
    return LOG.read_bytes()


async def test_the_weeks_of_an_imported_log_are_those_of_its_raw_rows(
    url: str, store: ProjectorStore, pool: "asyncpg.Pool[asyncpg.Record]", content: bytes
) -> None:
    user, device = uuid4(), uuid4()
    events = imported(content, user, device)
    with served(EventStore()) as event_store:
        event_store.accept(events)
        for start in range(0, len(events), AT_ONCE):
            await apply(store, events[start : start + AT_ONCE])
        async with api(url, event_store) as client:
            weeks = await Reader(client, user, device).all_items("/metrics/weekly", limit=50)

    theirs = await independent(pool, content)
    assert len(theirs) > 50
    for mine, other in zip(weeks, theirs, strict=True):
        for name in ("week", "workouts", "sets", "streak_weeks"):
            assert mine[name] == other[name], (mine["week"], name)
        assert mine["week_start"] == other["week_start"].isoformat()
        for name in ("tonnage_kg", "duration_s", "average_rpe"):
            close = None if other[name] is None else pytest.approx(float(other[name]), abs=1e-6)
            assert mine[name] == close, (mine["week"], name)
        assert mine["hard_sets"] == json.loads(other["hard_sets"] or "{}"), mine["week"]
