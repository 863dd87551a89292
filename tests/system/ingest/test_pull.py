"""Pull: the vector cursor, digests, and what was refused."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic_core import from_json

from services.ingest.store import feeds, pull
from services.ingest.store.pull import _QUARANTINE_OF, PAGE_BYTES
from shared.digests import digest_of_events
from shared.http import encode_cursor
from shared.postgres import connect, create_pool
from tests.system.ingest.conftest import Ingest
from tests.system.ingest.phones import Phone, set_completed, sets


async def pulled(phone: Phone, **params: Any) -> tuple[list[dict[str, Any]], str]:
    """Everything from a cursor on, page by page."""
    events: list[dict[str, Any]] = []
    while True:
        page = await phone.get("/events", **params)
        events += page["events"]
        if not page["has_more"]:
            return events, page["next_cursor"]
        params = {name: value for name, value in params.items() if name != "since"} | {"after": page["next_cursor"]}


async def test_everything_of_the_user_comes_once_page_by_page(ingest: Ingest, phone: Phone) -> None:
    tablet = ingest.phone(user_id=phone.user_id)
    sent = sets(1, 7)
    await phone.sync(sent)
    await tablet.sync(sets(1, 5))
    await ingest.phone().sync(sets(1, 5))

    events, cursor = await pulled(tablet, limit=3)

    assert len(events) == 12
    own = [event for event in events if event["device_id"] == str(phone.device_id)]
    for given, back in zip(sent, own, strict=True):
        assert {name: back[name] for name in given} == given
        assert back["received_at"].endswith("Z")
    assert (await pulled(tablet, after=cursor))[0] == []
    await phone.sync(sets(8, 8))
    assert [event["sequence_number"] for event in (await pulled(tablet, after=cursor))[0]] == [8]
    others, _ = await pulled(tablet, exclude_device=str(tablet.device_id))
    assert {event["device_id"] for event in others} == {str(phone.device_id)}


async def noted(phone: Phone, count: int) -> None:
    """Has a phone send events of some 10,000 bytes."""
    sent = sets(1, count)
    for event in sent:
        event["payload"]["notes"] = "ü" * 5_000
    for start in range(0, count, 90):
        await phone.sync(sent[start : start + 90])


async def test_a_page_of_long_events_is_no_longer_than_others(phone: Phone) -> None:
    # given events that are together longer than a page may be
    await noted(phone, 180)

    page = await phone.get("/events", limit=500)
    assert 90 < len(page["events"]) < 180
    assert page["has_more"]
    assert len(json.dumps(page["events"], ensure_ascii=False).encode()) < 1.1 * PAGE_BYTES

    events, _ = await pulled(phone, limit=500)
    assert [event["sequence_number"] for event in events] == list(range(1, 181))


@pytest.mark.parametrize(
    ("most", "sizes"), [(5_000, [1, 1, 1, 1, 1]), (11_000, [1, 1, 1, 1, 1]), (25_000, [2, 2, 1]), (60_000, [3, 2])]
)
async def test_an_event_that_is_longer_than_a_page_makes_one(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, most: int, sizes: list[int]
) -> None:
    await noted(phone, 5)
    monkeypatch.setattr(pull, "PAGE_BYTES", most)

    shown, params = [], {"limit": "3"}
    while True:
        page = await phone.get("/events", **params)
        shown.append(len(page["events"]))
        if not page["has_more"]:
            break
        params["after"] = page["next_cursor"]

    assert shown == sizes


async def test_refused_events_come_in_pages_of_so_many_bytes_too(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = [{**event, "event_type": "SongSung", "payload": {"text": "x" * 10_000}} for event in sets(1, 5)]
    await phone.sync(unknown)
    monkeypatch.setattr(pull, "PAGE_BYTES", 25_000)

    shown: list[list[int]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await phone.get("/quarantine", limit=500, **({"cursor": cursor} if cursor else {}))
        shown.append([refused["sequence_number"] for refused in page["items"]])
        cursor = page["next_cursor"]

    assert shown == [[1, 2], [3, 4], [5]]


async def test_readers_of_large_events_get_them_piece_by_piece(
    ingest: Ingest, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given events of which one piece of a feed holds but a few
    await noted(phone, 60)
    monkeypatch.setattr(feeds, "PAGE_BYTES", 100_000)
    device = str(phone.device_id)

    # when they are read as a range and as a snapshot
    ranged = await ingest.internal("/internal/events", device_id=device)
    connection = await connect(ingest.settings.database_url_ingest)
    pieces = [len(piece.splitlines()) async for piece in feeds.Feeds(connection).of_devices([phone.device_id])]
    await connection.close()

    # then never many come at once
    assert [json.loads(line)["sequence_number"] for line in ranged.text.splitlines()] == list(range(1, 11))
    assert sum(pieces) == 60
    assert max(pieces[1:]) <= 10


async def test_a_device_that_joins_the_user_is_pulled_from_its_start(ingest: Ingest, phone: Phone) -> None:
    await phone.sync(sets(1, 3))
    anonymous = ingest.phone()
    await anonymous.sync(sets(1, 2))
    _, cursor = await pulled(phone)

    await ingest.tables.execute("INSERT INTO user_aliases VALUES ($1, $2)", anonymous.user_id, phone.user_id)

    late, _ = await pulled(phone, after=cursor)
    assert [(event["device_id"], event["sequence_number"]) for event in late] == [
        (str(anonymous.device_id), 1),
        (str(anonymous.device_id), 2),
    ]
    assert len((await pulled(anonymous))[0]) == 5


async def test_the_token_knows_of_a_merge_before_it_was_heard(ingest: Ingest, phone: Phone) -> None:
    anonymous = ingest.phone()
    await anonymous.sync(sets(1, 2))

    merged = ingest.phone(user_id=phone.user_id, also=(anonymous.user_id,))

    assert len((await pulled(merged))[0]) == 2


async def test_since_a_time(phone: Phone) -> None:
    await phone.sync(sets(1, 2))
    moment = datetime.now(UTC).isoformat()
    await phone.sync(sets(3, 4))

    events, cursor = await pulled(phone, since=moment, limit=1)

    assert [event["sequence_number"] for event in events] == [3, 4]
    assert (await pulled(phone, after=cursor))[0] == []


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+10:00", "1732000000", "yesterday"])
async def test_since_what_is_no_time(phone: Phone, since: str) -> None:
    answer = await phone.client.get("/api/v1/sync/events", params={"since": since}, headers=phone.headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "since")


async def test_a_cursor_of_very_many_devices_does_not_fail(ingest: Ingest, phone: Phone) -> None:
    others = [ingest.phone(user_id=phone.user_id) for _ in range(400)]
    columns = "device_id, user_id, last_acked, last_accepted, accepted_count, digest, is_server"
    rows = [(other.device_id, phone.user_id, 1, 1, 1, bytes(16), False) for other in others]
    await ingest.tables.executemany(f"INSERT INTO devices ({columns}) VALUES ($1, $2, $3, $4, $5, $6, $7)", rows)
    vector = {"epoch": str(uuid4()), "at": {other.device_id.hex: 1 for other in others}}

    answer = await phone.client.get(
        "/api/v1/sync/events", params={"after": encode_cursor(vector)}, headers=phone.headers
    )

    assert answer.status_code == 200
    again = await phone.client.get(
        "/api/v1/sync/events", params={"after": answer.json()["next_cursor"]}, headers=phone.headers
    )
    assert again.status_code == 200


async def test_a_cursor_of_an_older_epoch_is_cut_to_what_the_restore_found(ingest: Ingest, phone: Phone) -> None:
    await phone.sync(sets(1, 5))
    _, cursor = await pulled(phone)
    async with ingest.tables.transaction():
        number = await ingest.tables.fetchval("INSERT INTO server_epochs (epoch) VALUES ($1) RETURNING number", uuid4())
        await ingest.tables.execute("INSERT INTO epoch_heads VALUES ($1, $2, 3)", number, phone.device_id)

    events, newer = await pulled(phone, after=cursor)

    assert [event["sequence_number"] for event in events] == [4, 5]
    assert (await pulled(phone, after=newer))[0] == []
    nowhere = await phone.client.get("/api/v1/sync/events", params={"after": "!!"}, headers=phone.headers)
    problem = nowhere.json()
    assert (nowhere.status_code, problem["code"], problem["field"]) == (422, "invalid_request", "after")


async def test_digests_of_the_user_its_devices_and_ranges(ingest: Ingest, phone: Phone) -> None:
    sent = sets(1, 20)
    sent[9] = set_completed(10, event_type="Unheard")
    await phone.sync(sent)
    tablet = ingest.phone(user_id=phone.user_id)
    await tablet.sync(sets(1, 1))
    pairs = [(UUID(event["event_id"]), event["sequence_number"]) for event in sent if event["sequence_number"] != 10]

    whole = await phone.get("/hash")
    part = await phone.get("/hash", **{"device_id": str(phone.device_id), "from": 5, "to": 15})

    mine = next(device for device in whole["devices"] if device["device_id"] == str(phone.device_id))
    expected = digest_of_events(pairs)
    assert (mine["last_sequence"], mine["count"], mine["hash"]) == (20, 19, expected.hash)
    assert whole["count"] == 20
    assert whole["hash"] != mine["hash"]
    of_range = digest_of_events(pair for pair in pairs if 5 <= pair[1] <= 15)
    assert (part["from"], part["to"], part["count"], part["hash"]) == (5, 15, 10, of_range.hash)
    stranger = await ingest.phone().client.get(
        "/api/v1/sync/hash", params={"device_id": str(phone.device_id)}, headers=ingest.phone().headers
    )
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")


async def test_the_refused_are_listed_with_reasons_to_their_user_only(ingest: Ingest, phone: Phone) -> None:
    bad = [set_completed(number, event_type="Unheard") for number in (1, 2, 3)]
    await phone.sync(bad)

    first = await phone.get("/quarantine", limit=2)
    second = await phone.get("/quarantine", limit=2, cursor=first["next_cursor"])

    items = first["items"] + second["items"]
    assert [item["event"] for item in items] == json.loads(json.dumps(bad))
    assert {item["code"] for item in items} == {"unknown_event_type"}
    assert second["next_cursor"] is None
    assert (await ingest.phone().get("/quarantine"))["items"] == []


STRANGERS = """
    INSERT INTO quarantined_events
        (device_id, sequence_number, event_id, user_id, received_at, content, raw, code, message)
    SELECT gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), now(), decode(repeat('0', 32), 'hex'), '', '', ''
    FROM generate_series(1, 2000)
"""


async def test_a_page_of_what_was_refused_does_not_go_through_everybodys(ingest: Ingest, phone: Phone) -> None:
    await ingest.tables.execute(STRANGERS)
    await phone.sync([set_completed(1, event_type="Unheard")])

    async with await create_pool(ingest.settings.database_url_ingest, min_size=0) as pool, pool.acquire() as connection:
        asked = (UUID(int=0), 0, 50, [phone.user_id])
        assert len(await connection.fetch(_QUARANTINE_OF, *asked)) == 1
        plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {_QUARANTINE_OF}", *asked)

    read = [node for node in _nodes(from_json(plan)[0]["Plan"]) if node.get("Relation Name") == "quarantined_events"]
    assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read) == 1


def _nodes(node: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
