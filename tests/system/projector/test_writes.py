"""Writes that wait are made as one statement, as soon as somebody needs to see one of them."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeAlias

import asyncpg
import pytest
from asyncpg.connection import LoggedQuery

from services.projector.views.writes import Writes
from shared.postgres import connect

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_SETS = "INSERT INTO done_sets SELECT * FROM unnest($1::int[], $2::text[])"
_WEEKS = "INSERT INTO done_weeks VALUES ($1)"
_GONE = "DELETE FROM done_sets WHERE id = ANY($1::int[])"


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Session]:
    session = await connect(url)
    await session.execute("CREATE TEMP TABLE done_sets (id int PRIMARY KEY, name text)")
    await session.execute("CREATE TEMP TABLE done_weeks (label text)")
    yield session
    await session.close()


async def stored(connection: Session) -> tuple[list[tuple[int, str]], list[str]]:
    sets = await connection.fetch("SELECT id, name FROM done_sets ORDER BY id")
    weeks = await connection.fetch("SELECT label FROM done_weeks")
    return [(row[0], row[1]) for row in sets], [row[0] for row in weeks]


def statements(connection: Session) -> Sequence[str]:
    said: list[str] = []

    def listen(query: LoggedQuery) -> None:
        if " done_" in query.query and not query.query.startswith("SELECT"):
            said.append(query.query)

    connection.add_query_logger(listen)
    return said


async def test_writes_of_several_tables_are_one_statement(connection: Session) -> None:
    writes = Writes(connection)
    said = statements(connection)

    await writes.add("done_sets", [(_SETS, ([1, 2], ["squat", "bench"]))])
    await writes.add("done_weeks", [(_WEEKS, ("2026-W47",))])
    await writes.make_for("another")
    waiting = await stored(connection)
    await writes.make_for("done_weeks")
    await writes.make()

    assert await stored(connection) == ([(1, "squat"), (2, "bench")], ["2026-W47"])
    assert (waiting, len(said)) == (([], []), 1)


async def test_other_rows_of_a_table_may_go_with_those_that_come(connection: Session) -> None:
    writes = Writes(connection)
    await writes.add("done_sets", [(_SETS, ([1, 2], ["squat", "bench"]))])
    await writes.make()

    await writes.add("done_sets", [(_GONE, ([1],)), (_SETS, ([3], ["row"]))])
    await writes.make()

    assert await stored(connection) == ([(2, "bench"), (3, "row")], [])


async def test_a_table_is_not_written_twice_by_one_statement(connection: Session) -> None:
    writes = Writes(connection)
    said = statements(connection)

    await writes.add("done_sets", [(_SETS, ([1], ["squat"]))])
    await writes.add("done_sets", [(_GONE, ([1],))])
    await writes.make()

    assert await stored(connection) == ([], [])
    assert len(said) == 2
