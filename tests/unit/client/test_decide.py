"""Every verdict has a next step."""

from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.answers import Refusal, SyncAnswer, Unreachable, Verdict
from client.decide import (
    BackOff,
    DeclareGaps,
    Fork,
    Go,
    MeetEpoch,
    RenewToken,
    Resend,
    SendLess,
    Step,
    Stop,
    View,
    delay,
    gaps_between,
    judge,
    obstacle,
    restamp,
)
from client.events import LoggedEvent

DEVICE, OTHER, NEW, EPOCH = (UUID(int=number) for number in (1, 2, 3, 9))


def event(number: int, device: UUID = DEVICE, seen: dict[UUID, int] | None = None, at: str = "10") -> LoggedEvent:
    occurred_at = f"2026-11-21T{at}:00:00.000Z"
    return LoggedEvent(uuid4(), "WorkoutDiscarded", 1, "{}", device, number, occurred_at, seen=seen or {})


def verdict(of: LoggedEvent, code: str, *, retryable: bool = False) -> Verdict:
    return Verdict(of.event_id, of.sequence_number, code, None, "why", retryable)


def answer(acked: int, *errors: Verdict, epoch: UUID = EPOCH) -> SyncAnswer:
    return SyncAnswer(acked, acked, errors, epoch)


def view(last: int = 10, first_kept: int = 1) -> View:
    return View(DEVICE, first_kept, last, EPOCH)


def sent(first: int, last: int) -> list[LoggedEvent]:
    return [event(number) for number in range(first, last + 1)]


def step(acked: int, batch: list[LoggedEvent], *errors: Verdict, seen: View | None = None) -> Step:
    return judge(seen or view(), batch, answer(acked, *errors)).step


def test_all_accepted_goes_on() -> None:
    judged = judge(view(), sent(1, 5), answer(5))

    assert judged.synced == (1, 2, 3, 4, 5)
    assert judged.step == Go()


def test_a_final_refusal_is_settled_and_goes_on() -> None:
    batch = sent(1, 3)

    judged = judge(view(), batch, answer(3, verdict(batch[1], "invalid_payload")))

    assert judged.synced == (1, 3)
    assert [failure.sequence_number for failure in judged.failed] == [2]
    assert judged.step == Go()


def test_a_gap_sends_from_the_expected_number_on() -> None:
    batch = sent(6, 8)
    refused = [verdict(one, "sequence_gap", retryable=True) for one in batch]

    assert step(2, batch, *refused) == Resend(3)


def test_a_cursor_behind_an_empty_batch_sends_again() -> None:
    assert step(4, []) == Resend(5)
    assert step(10, []) == Go()


def test_numbers_that_are_gone_are_declared() -> None:
    assert step(2, sent(6, 8), seen=view(first_kept=6)) == DeclareGaps(((3, 5),))


def test_a_conflict_forks_at_the_first_number_and_settles_the_duplicates() -> None:
    batch = sent(4, 7)
    refused = [verdict(one, "sequence_conflict") for one in batch[1:3]]

    judged = judge(view(), batch, answer(9, *refused))

    assert judged.synced == (4, 7)
    assert judged.failed == ()
    assert judged.step == Fork(5)


def test_a_new_epoch_comes_before_everything_else() -> None:
    fresh = UUID(int=8)

    assert judge(view(), [], answer(0, epoch=fresh)).step == MeetEpoch(fresh)


def test_no_progress_is_no_reason_to_hurry() -> None:
    batch = sent(3, 4)
    refused = [verdict(one, "busy", retryable=True) for one in batch]

    assert isinstance(step(2, batch, *refused), BackOff)


def test_a_number_beyond_the_cursor_is_never_taken_for_settled() -> None:
    judged = judge(view(), sent(1, 4), answer(2))

    assert judged.synced == (1, 2)
    assert judged.step == Resend(3)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(401, "token_expired", ""), RenewToken),
        (Refusal(403, "wrong_device", ""), RenewToken),
        (Refusal(401, "login_required", ""), Stop),
        (Refusal(403, "wrong_user", ""), Stop),
        (Refusal(403, "device_revoked", ""), Stop),
        (Refusal(410, "user_erased", ""), Stop),
        (Refusal(413, "too_large", ""), SendLess),
        (Refusal(429, "too_many_requests", "", 7.0), BackOff),
        (Refusal(503, "unavailable", "", 2.0), BackOff),
        (Refusal(502, "http_502", ""), BackOff),
        (Refusal(422, "invalid_request", ""), Stop),
        (Unreachable("no signal"), BackOff),
    ],
)
def test_each_refusal_has_its_answer(refusal: Refusal | Unreachable, expected: type) -> None:
    assert isinstance(obstacle(refusal), expected)


@given(attempt=st.integers(0, 100), chance=st.floats(0, 1), wish=st.floats(0, 600))
def test_pauses_grow_to_a_limit_and_respect_the_servers_wish(attempt: int, chance: float, wish: float) -> None:
    seconds = delay(attempt, BackOff("", wish), chance)

    assert wish <= seconds <= max(wish, 60)
    assert seconds >= min(60, 0.5 * 2 ** min(attempt, 16)) / 2


@given(first=st.integers(1, 50_000), length=st.integers(1, 50_000))
def test_declared_gaps_cover_the_range_and_are_short_enough(first: int, length: int) -> None:
    gaps = gaps_between(first, first + length - 1)

    numbers = [number for low, high in gaps for number in (low, high)]
    assert numbers[0] == first
    assert numbers[-1] == first + length - 1
    assert all(high - low < 10_000 for low, high in gaps)
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(gaps))


def test_restamped_events_forget_the_twins_numbers() -> None:
    moved = restamp([event(5, seen={OTHER: 3, DEVICE: 9})], Fork(5), DEVICE, NEW, uuid4)

    assert moved[0].seen == {OTHER: 3, DEVICE: 4}
    assert (moved[0].device_id, moved[0].sequence_number) == (NEW, 1)
