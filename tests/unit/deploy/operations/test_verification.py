"""What a verification finds, judged on made-up stores and topics."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from deploy.local.operations.running import Operator
from deploy.local.operations.verification import positions
from deploy.local.operations.verification.content import Users, content_difference
from deploy.local.operations.verification.findings import Check, Findings
from deploy.local.operations.verification.positions import Position, check_positions, differences, first
from deploy.local.operations.verification.store import Chain, Store, check_store
from deploy.local.operations.verification.topics import Published, Topic, check_topic
from deploy.local.stack import RunningStack
from shared.digests import Digest
from shared.envelope import AcceptedEvent
from shared.feeds import Head
from shared.identity import UserErased, UserMerged
from shared.views.whole import FOLD_VERSION
from tests.histories import head_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EPOCH, DEVICE, USER = uuid4(), uuid4(), uuid4()


def chain(*numbers: int, received_at: datetime = NOW, user_id: UUID = USER) -> list[AcceptedEvent]:
    """A device's accepted events with these numbers."""
    return [
        AcceptedEvent(
            event_id=uuid4(),
            event_type="WorkoutStarted",
            schema_version=1,
            payload={"workout_id": str(uuid4()), "started_at": "2026-11-21T10:00:00.000Z"},
            device_id=DEVICE,
            sequence_number=number,
            occurred_at=received_at,
            user_id=user_id,
            previous_sequence=previous,
            received_at=received_at,
            server_epoch=EPOCH,
        )
        for previous, number in zip((0, *numbers), numbers, strict=False)
    ]


def store(events: list[AcceptedEvent], claimed: Head | None = None) -> Store:
    made = Store(EPOCH, {DEVICE: claimed or head_of(events)}, {DEVICE: Chain()})
    for event in events:
        made.chains[DEVICE].take(event)
    return made


def topic(events: list[AcceptedEvent]) -> Topic:
    published = Published()
    for event in events:
        published.take(event.sequence_number, str(event.event_id), event.previous_sequence)
    return Topic({DEVICE: published})


def test_a_sound_store_agrees_with_its_heads() -> None:
    check = check_store(store(chain(1, 2, 5)))

    assert (check.agrees, check.compared) == (True, 3)


def test_a_missing_event_breaks_the_chain_and_is_named() -> None:
    events = chain(1, 2, 3)

    check = check_store(store([events[0], events[2]], head_of(events)))

    assert "event 3 says that 2 came before it, but 1 did" in (check.difference or "")


def test_a_head_that_counts_otherwise_is_named() -> None:
    events = chain(1, 2)

    check = check_store(store(events, head_of(events).model_copy(update={"hash": "0" * 32})))

    assert str(DEVICE) in (check.difference or "")


def test_a_topic_may_repeat_but_not_reorder() -> None:
    events = chain(1, 2, 3)

    assert check_topic(store(events), topic([*events, *events]), NOW).agrees
    assert topic([*events, *events]).repeated == 3
    reordered = check_topic(store(events), topic([events[0], events[2], events[1]]), NOW)
    assert "event 3 follows 1" in (reordered.difference or "")


@pytest.mark.parametrize(
    "published",
    [
        pytest.param([(101, 105), (1, 105), (106, 107)], id="the topic was lost"),
        pytest.param([(50, 105), (1, 105), (106, 107)], id="retention ended its beginning"),
        pytest.param([(101, 105), (1, 60), (1, 105), (106, 107)], id="cut off and done again, after a loss"),
        pytest.param([(1, 60), (1, 107)], id="cut off and done again, on an empty topic"),
        pytest.param([(30, 60), (1, 107)], id="cut off, and its beginning ended"),
        pytest.param([(101, 103), (1, 100), (104, 107)], id="with what came in meanwhile"),
        pytest.param([(101, 103), (101, 105), (1, 107)], id="with a page that was published twice"),
        pytest.param([(1, 2), (4, 4), (3, 3), (5, 107), (1, 107)], id="after a wrong order"),
    ],
)
def test_what_was_published_again_is_in_order(published: list[tuple[int, int]]) -> None:
    events = chain(*range(1, 108))

    check = check_topic(store(events), topic([e for first, last in published for e in events[first - 1 : last]]), NOW)

    assert check.difference is None


@pytest.mark.parametrize(
    ("published", "early"),
    [
        ([1, 3, 2], "event 3 follows 1"),
        ([3, 4, 6, 5], "event 6 follows 4"),
        ([3, 2, 1], "event 2 follows 3"),
        ([5, 1, 2, 4, 3, 5, 6], "event 4 follows 2"),
        ([1, 3, 2, 1, 3, 2], "event 3 follows 1"),
        ([4, 5, 1, 3, 2, 4, 5], "event 3 follows 1"),
    ],
)
def test_a_wrong_order_is_found_wherever_it_is_and_however_often(published: list[int], early: str) -> None:
    events = chain(*range(1, max(published) + 1))

    check = check_topic(store(events), topic([events[number - 1] for number in published]), NOW)

    assert early in (check.difference or "")


def test_what_retention_may_have_ended_need_not_be_there() -> None:
    old, recent = chain(1, received_at=NOW - timedelta(days=8)), chain(1, received_at=NOW - timedelta(days=1))

    assert check_topic(store(old), Topic(), NOW).agrees
    assert "event 1" in (check_topic(store(recent), Topic(), NOW).difference or "")


def test_a_record_that_the_store_lacks_is_named() -> None:
    events = chain(1, 2, 3)
    without = [events[0], events[2].model_copy(update={"previous_sequence": 1})]

    check = check_topic(store(without), topic(events), NOW)

    assert "event 2 is on the topic, but not in the store" in (check.difference or "")


def test_a_read_store_differs_by_position_or_by_digest() -> None:
    claimed = head_of(chain(1, 2))
    equal = Position(2, claimed.digest)

    assert not differences({DEVICE: claimed}, {DEVICE: equal})
    assert differences({DEVICE: claimed}, {})
    tampered = differences({DEVICE: claimed}, {DEVICE: replace(equal, digest=Digest(2, 7))})
    assert str(DEVICE) in first(tampered)
    assert differences({}, {DEVICE: equal})
    assert not differences({}, {DEVICE: Position()})


def said(kind: type[UserMerged] | type[UserErased], number: int, **more: object) -> UserMerged | UserErased:
    return kind(number=number, occurred_at=NOW, **more)  # type: ignore[arg-type]


def test_content_is_gathered_by_the_root_of_merged_users_and_without_erased_ones() -> None:
    first_user, middle, root, gone = uuid4(), uuid4(), uuid4(), uuid4()
    users = Users(
        [
            said(UserMerged, 1, user_id=middle, merge_id=uuid4(), from_user_id=first_user),
            said(UserMerged, 2, user_id=root, merge_id=uuid4(), from_user_id=middle),
            said(UserErased, 3, user_id=gone, erasure_id=uuid4(), merged_user_ids=[]),
        ]
    )

    for owner in (first_user, middle, root, gone):
        for event in chain(1, user_id=owner):
            users.take(event)

    assert {user: len(events) for user, events in users.events.items()} == {root: 3}


def test_contents_are_compared_at_equal_fold_versions_only() -> None:
    expected = Digest(3, 5)
    answer = {"fold_version": FOLD_VERSION, "count": 3, "hash": expected.hash}

    assert content_difference(USER, expected, answer) is None
    assert "3 rows" in (content_difference(USER, expected, answer | {"count": 2}) or "")
    assert "rebuild" in (content_difference(USER, expected, answer | {"fold_version": "0"}) or "")


def test_findings_name_the_first_difference() -> None:
    findings = Findings([Check("store", 1, "events"), Check("topic", 0, "records", "gone"), Check("x", 0, "y", "z")])

    assert not findings.agrees
    assert findings.first_difference == "topic: gone"
    assert Findings([Check("store", 1, "events")]).as_json()["agrees"] is True


def test_a_record_that_is_no_event_is_counted_and_nothing_more() -> None:
    events = chain(1, 2, 3)
    found = topic(events)
    for value in (None, b"", b"\xff", b"[]", b"{}", b'{"device_id": 1}'):
        found.take(value, str(EPOCH))

    assert found.unreadable == 6
    assert check_topic(store(events), found, NOW).agrees


@dataclass
class Clock:
    """Time that passes by sleeping only."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(positions, "time", clock)
    monkeypatch.setattr(positions, "asyncio", clock)
    return clock


def stack_with_a_store(ready: Callable[[], bool], caught_up: Callable[[], bool]) -> Operator:
    """One device of two events, and a read store that has the first of them until it has caught up."""
    events = chain(1, 2)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/health/ready":
            return httpx2.Response(200 if ready() else 503)
        if request.url.path == "/internal/heads":
            heads = {
                "server_epoch": str(EPOCH),
                "heads": [head_of(events).model_dump(mode="json")],
                "next_cursor": None,
            }
            return httpx2.Response(200, json=heads)
        at = head_of(events if caught_up() else events[:1])
        position = {"device_id": str(DEVICE), "sequence": at.last_accepted_sequence, "count": at.count, "hash": at.hash}
        return httpx2.Response(200, json={"items": [position], "next_cursor": None})

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://stack")
    return Operator(RunningStack("http://stack", 1, {}, {}), http)


async def test_a_store_that_stands_still_and_differs_is_named(clock: Clock) -> None:
    check = await check_positions(stack_with_a_store(lambda: True, lambda: False), "coach", patience=90)

    assert "the event store is at 2" in (check.difference or "")
    assert clock.now < 90


async def test_a_store_whose_worker_only_just_starts_is_waited_for(clock: Clock) -> None:
    slow = stack_with_a_store(lambda: clock.now > 40, lambda: clock.now > 50)

    assert (await check_positions(slow, "coach", patience=90)).agrees


async def test_a_store_whose_worker_never_comes_is_waited_for_with_patience(clock: Clock) -> None:
    check = await check_positions(stack_with_a_store(lambda: False, lambda: False), "coach", patience=90)

    assert not check.agrees
    assert 90 < clock.now < 92
