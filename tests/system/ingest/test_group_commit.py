"""Requests that come at once share a transaction, and nothing else: each has its own verdict and its own fate."""

import asyncio
from uuid import UUID

import pytest

from tests.system.ingest.conftest import Ingest
from tests.system.ingest.phones import Phone, set_completed, sets


@pytest.fixture
def phones(ingest: Ingest) -> list[Phone]:
    return [Phone(ingest.client, ingest.tokens) for _ in range(40)]


async def meet(phones: list[Phone]) -> None:
    await asyncio.gather(*(phone.sync([]) for phone in phones))


async def transactions(ingest: Ingest, phones: list[Phone]) -> int:
    """How many transactions wrote the events of these devices."""
    found: int = await ingest.tables.fetchval(
        "SELECT count(DISTINCT xmin::text) FROM events WHERE device_id = ANY($1::uuid[])",
        [phone.device_id for phone in phones],
    )
    return found


async def heads(ingest: Ingest, phones: list[Phone]) -> dict[UUID, int]:
    rows = await ingest.tables.fetch(
        "SELECT device_id, last_accepted FROM devices WHERE device_id = ANY($1::uuid[])",
        [phone.device_id for phone in phones],
    )
    return {row["device_id"]: row["last_accepted"] for row in rows}


async def test_many_devices_at_once_take_few_transactions(ingest: Ingest, phones: list[Phone]) -> None:
    await meet(phones)

    answers = await asyncio.gather(*(phone.sync(sets(1, 3)) for phone in phones))

    assert [answer["accepted_count"] for answer in answers] == [3] * len(phones)
    assert await transactions(ingest, phones) < len(phones) / 2


async def test_what_is_wrong_with_one_is_nothing_to_the_others(ingest: Ingest, phones: list[Phone]) -> None:
    await meet(phones)
    forked, refused, late, again, *good = phones
    first = sets(1, 2)
    await asyncio.gather(forked.sync(sets(1, 1)), again.sync(first))

    answers = await asyncio.gather(
        forked.sync(sets(1, 1)),
        refused.sync([set_completed(1, event_type="Unheard"), set_completed(2)]),
        late.sync(sets(5, 6)),
        again.sync(first),
        *(phone.sync(sets(1, 2)) for phone in good),
    )

    codes = [[error["code"] for error in answer["errors"]] for answer in answers]
    assert codes[:4] == [["sequence_conflict"], ["unknown_event_type"], ["sequence_gap"] * 2, []]
    assert codes[4:] == [[]] * len(good)
    assert answers[3]["duplicate_count"] == 2
    assert await heads(ingest, phones) == {
        forked.device_id: 1,
        refused.device_id: 2,
        late.device_id: 0,
        **{phone.device_id: 2 for phone in (again, *good)},
    }


async def test_an_event_id_that_is_taken_sends_each_of_the_group_its_own_way(
    ingest: Ingest, phones: list[Phone]
) -> None:
    await meet(phones)
    cloned, *good = phones
    taken = set_completed(1)
    await cloned.sync([taken])

    answers = await asyncio.gather(
        cloned.sync([set_completed(2, event_id=taken["event_id"])]), *(phone.sync(sets(1, 2)) for phone in good)
    )

    assert [error["code"] for error in answers[0]["errors"]] == ["sequence_conflict"]
    assert [answer["accepted_count"] for answer in answers[1:]] == [2] * len(good)


async def test_one_device_that_sends_twice_at_once_is_answered_twice(ingest: Ingest, phones: list[Phone]) -> None:
    await meet(phones)
    phone, *others = phones
    events = sets(1, 4)

    first, second, *rest = await asyncio.gather(
        phone.sync(events[:2]), phone.sync(events), *(other.sync(sets(1, 1)) for other in others)
    )

    assert {first["accepted_count"], second["accepted_count"]} in ({2}, {0, 4})
    assert (await heads(ingest, [phone]))[phone.device_id] == 4
    assert [answer["accepted_count"] for answer in rest] == [1] * len(others)


async def test_who_leaves_before_the_answer_takes_nobody_along(ingest: Ingest, phones: list[Phone]) -> None:
    await meet(phones)
    gone, *others = phones
    leaving = asyncio.create_task(gone.sync(sets(1, 2)))
    staying = asyncio.gather(*(other.sync(sets(1, 2)) for other in others))
    await asyncio.sleep(0)

    leaving.cancel()
    answers = await staying

    assert [answer["accepted_count"] for answer in answers] == [2] * len(others)
    later = await gone.sync([])
    assert later["ack_cursor"]["last_acked_sequence"] in (0, 2)


async def test_a_group_that_is_held_up_holds_nobody_else_up(ingest: Ingest, phones: list[Phone]) -> None:
    await meet(phones)
    held, *others = phones
    async with ingest.tables.transaction():
        await ingest.tables.execute("SELECT FROM devices WHERE device_id = $1 FOR UPDATE", held.device_id)
        waiting = asyncio.create_task(held.sync(sets(1, 2)))
        await asyncio.sleep(0.1)

        async with asyncio.timeout(ingest.settings.ingest_statement_timeout):
            answers = await asyncio.gather(*(other.sync(sets(1, 1)) for other in others[:5]))

        assert not waiting.done()

    assert [answer["accepted_count"] for answer in answers] == [1] * 5
    assert (await waiting)["accepted_count"] == 2
