"""A domain from outside the tree is folded, read, undone and rebuilt without touching another file."""

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

import pytest

from services.ingest.domain import Reading, Refusal
from services.ingest.reading import reading_of
from services.projector.rebuild.run import rebuild
from services.projector.settings import Settings
from services.projector.store import generations
from services.projector.store.batch import ProjectorStore
from services.projector.views import views
from shared.envelope import AcceptedEvent
from shared.postgres import connect, create_pool
from shared.registry import registry
from tests.histories import sent
from tests.system.conftest import Database
from tests.system.projector.feed import EventStore, served
from tests.system.projector.looking import apply, rows
from tests.system.projector.phones import Reader, api

HERE = "tests.system.projector.outside"


@pytest.fixture
def from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HYPERTROPHY_DOMAINS", f"{HERE}.ledger")
    monkeypatch.setenv("HYPERTROPHY_VIEWS", f"{HERE}.ledger_views")
    registry.cache_clear()
    views.cache_clear()
    yield
    registry.cache_clear()
    views.cache_clear()


def assert_judged_at_the_door(events: Sequence[AcceptedEvent]) -> None:
    """What ingest says of the events as they are sent, and of what is wrong with them."""
    sent_fields = ("event_id", "event_type", "schema_version", "payload", "sequence_number", "occurred_at")
    for event in events:
        raw = {name: value for name, value in event.model_dump(mode="json").items() if name in sent_fields}
        assert isinstance(reading_of(raw), Reading)
        for payload, field in ((event.payload | {"colour": "red"}, "payload.colour"), ({}, None)):
            refused = reading_of(raw | {"payload": payload})
            assert isinstance(refused, Refusal)
            assert refused.code == "invalid_payload"
            assert field in (None, refused.field)
    unknown = reading_of(raw | {"event_type": "ContactForgotten"})
    assert isinstance(unknown, Refusal)
    assert unknown.code == "unknown_event_type"


@pytest.mark.usefixtures("from_outside")
async def test_contacts_and_transactions_are_validated_folded_read_undone_and_rebuilt(database: Database) -> None:
    url = await database("projector")
    owner = await connect(url)
    await generations.ensure_live(owner)
    await owner.close()
    pool = await create_pool(url, role="projector_worker")
    store = ProjectorStore(pool)
    user, device, contact, transaction = uuid4(), uuid4(), str(uuid4()), str(uuid4())
    events = sent(
        user,
        device,
        [
            ("TransactionRecorded", {"transaction_id": transaction, "contact_id": contact, "amount": 12.5}),
            ("ContactAdded", {"contact_id": contact, "name": "Gym"}),
            ("ContactChanged", {"contact_id": contact, "name": "The gym"}),
        ],
    )
    assert_judged_at_the_door(events)
    with served(EventStore()) as event_store:
        event_store.accept(events)
        await apply(store, events)
        async with api(url, event_store) as client:
            phone = Reader(client, user, device)
            assert [item["name"] for item in (await phone.get("/contacts"))["items"]] == ["The gym"]
            amounts = [item["amount"] for item in (await phone.get("/entities/transaction"))["items"]]
            assert amounts == [12.5]

            answer = await client.post(f"/api/v1/history/{events[2].event_id}/undo", headers=phone.headers)
            await apply(store, [event_store.events[UUID(answer.json()["device_id"])][-1]])
            assert [item["name"] for item in (await phone.get("/contacts"))["items"]] == ["Gym"]

        before = await rows(store, user)
        settings = Settings(
            database_url_projector=url, ingest_url=event_store.url, auth_url=event_store.url, service_token="secret"
        )
        await rebuild(settings)
        assert await rows(store, user) == before
        assert {len(before["contacts"]), len(before["transactions"])} == {1}
    await pool.close()
