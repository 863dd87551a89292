"""What to do next, given what the log holds and what the server said. Pure: no I/O, no clock, no randomness of its own.

The engine carries these steps out; a simulator can drive the same functions without a network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from client.answers import Refusal, SyncAnswer, Unreachable, Verdict
from client.events import LoggedEvent, Seen, Status, mark

CONFLICT = "sequence_conflict"
NAME_TAKEN = "device_exists"
LOGIN_REQUIRED = "login_required"
LONGEST_GAP = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """What the log knows of its device before a push. `first_kept` is the least number that it still has (or next)."""

    device_id: UUID
    first_kept: int
    last_sequence: int
    server_epoch: UUID | None


@dataclass(frozen=True, slots=True)
class Go:
    """Go on: everything that was sent is settled."""


@dataclass(frozen=True, slots=True)
class Resend:
    """The server misses what comes from this number on, acknowledged or not."""

    from_sequence: int


@dataclass(frozen=True, slots=True)
class DeclareGaps:
    """The server waits for numbers that this log never had or has pruned."""

    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Another device uses our numbers: take a new device id and restamp what is unsent from `first_conflict` on."""

    first_conflict: int


@dataclass(frozen=True, slots=True)
class MeetEpoch:
    """The event store was restored from a backup: compare and send what it lacks."""

    server_epoch: UUID


@dataclass(frozen=True, slots=True)
class BackOff:
    """Nothing was changed; try again later, not before `at_least_s`."""

    reason: str
    at_least_s: float = 0


@dataclass(frozen=True, slots=True)
class RenewToken:
    """The token is not accepted: refresh it, or show the device secret."""

    reason: str


@dataclass(frozen=True, slots=True)
class SendLess:
    """The request was too large."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Trying again is of no use until the user does something; the log stays as it is."""

    code: str
    reason: str


Step = Go | Resend | DeclareGaps | Fork | MeetEpoch | BackOff
Obstacle = BackOff | RenewToken | SendLess | Stop


@dataclass(frozen=True, slots=True)
class Failure:
    """A number that was refused for good, and why."""

    sequence_number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on a batch, to be written down before the step is taken."""

    synced: tuple[int, ...]
    failed: tuple[Failure, ...]
    step: Step


def judge(view: View, sent: Sequence[LoggedEvent], answer: SyncAnswer) -> Judged:
    """What a sync answer means for the events that were sent."""
    verdicts = {verdict.event_id: verdict for verdict in answer.errors}
    synced = tuple(
        event.sequence_number
        for event in sent
        if event.event_id not in verdicts and event.sequence_number <= answer.last_acked_sequence
    )
    failed = tuple(
        Failure(event.sequence_number, _reason(verdicts[event.event_id]))
        for event in sent
        if event.event_id in verdicts and _is_final(verdicts[event.event_id])
    )
    return Judged(synced, failed, _step(view, sent, answer, settled=len(synced) + len(failed)))


def _is_final(verdict: Verdict) -> bool:
    return not verdict.retryable and verdict.code != CONFLICT


def _reason(verdict: Verdict) -> str:
    place = f" ({verdict.field})" if verdict.field else ""
    return f"{verdict.code}{place}: {verdict.message}"


def _step(view: View, sent: Sequence[LoggedEvent], answer: SyncAnswer, settled: int) -> Step:
    if view.server_epoch not in (None, answer.server_epoch):
        return MeetEpoch(answer.server_epoch)
    conflicts = [verdict.sequence_number for verdict in answer.errors if verdict.code == CONFLICT]
    if conflicts:
        return Fork(min(conflicts))
    if answer.last_acked_sequence > view.last_sequence and _all_settled(view, sent, settled):
        # A twin has gone on under our name: what it did comes to us only as another device's.
        return Fork(view.last_sequence + 1)
    expected = answer.last_acked_sequence + 1
    if expected < view.first_kept:
        return DeclareGaps(gaps_between(expected, view.first_kept - 1))
    if settled == len(sent) and (expected > view.last_sequence or (sent and expected > sent[-1].sequence_number)):
        return Go()
    if sent and expected == sent[0].sequence_number and not settled:
        return BackOff(next((_reason(verdict) for verdict in answer.errors), "the server settled nothing"))
    return Resend(expected)


def _all_settled(view: View, sent: Sequence[LoggedEvent], settled: int) -> bool:
    """Whether the log has nothing left that may turn out to be on the server already."""
    return settled == len(sent) and (not sent or sent[-1].sequence_number == view.last_sequence)


def gaps_between(first: int, last: int) -> tuple[tuple[int, int], ...]:
    """The range as gaps that are short enough to be declared."""
    starts = range(first, last + 1, LONGEST_GAP)
    return tuple((start, min(start + LONGEST_GAP - 1, last)) for start in starts)


def obstacle(answer: Refusal | Unreachable) -> Obstacle:
    """What stands in the way when a request did not succeed."""
    match answer:
        case Unreachable():
            return BackOff(str(answer))
        case Refusal(status=401, code=code) if code == LOGIN_REQUIRED:
            return Stop(code, "this session was ended: log in with `hypertrophy account login`")
        case Refusal(code="bad_credentials"):
            return Stop("bad_credentials", "the address or the password is wrong")
        case Refusal(status=401) | Refusal(code="wrong_device"):
            return RenewToken(answer.code)
        case Refusal(code="device_revoked"):
            return Stop(answer.code, "this device was signed out from another one; `hypertrophy account login` adds it")
        case Refusal(code=code) if code == NAME_TAKEN:
            return Stop(
                code,
                "the server knows this log by another secret: a copy of it goes on under its name, or session.json was "
                "lost; `hypertrophy account login` (or `register`, where there is no account) gives this one another "
                "name, and nothing is lost",
            )
        case Refusal(code="wrong_user"):
            return Stop(answer.code, "this log belongs to another user than the session; nothing was sent or lost")
        case Refusal(status=410):
            return Stop(answer.code, "the account was erased on the server; the log on this device stays")
        case Refusal(status=413):
            return SendLess()
        case Refusal(status=408 | 425 | 429) | Refusal(retry_after_s=float()):
            return BackOff(answer.detail or answer.code, answer.retry_after_s or 0)
        case Refusal(status=status) if status >= 500:
            return BackOff(answer.detail or answer.code)
        case Refusal():
            return Stop(answer.code, f"the server refused the request: {answer.detail or answer.code}")


def delay(attempt: int, obstacle: BackOff, chance: float, *, base_s: float = 0.5, longest_s: float = 60) -> float:
    """Seconds to wait before the next attempt: exponential, with `chance` (0 to 1) as jitter over the upper half."""
    exponential = min(longest_s, base_s * float(2 ** min(attempt, 16)))
    return max(obstacle.at_least_s, exponential * (0.5 + chance / 2))


def restamp(
    unsent: Sequence[LoggedEvent],
    fork: Fork,
    old_device: UUID,
    new_device: UUID,
    ids: Callable[[], UUID],
    first_number: int = 1,
) -> tuple[LoggedEvent, ...]:
    """The unsent events of the old device as events of the new.

    What was done and when stays. They have seen what the old device had in common with its twin.
    """
    return tuple(
        replace(
            event,
            event_id=ids(),
            device_id=new_device,
            sequence_number=number,
            seen=having_seen(event.seen, {old_device: fork.first_conflict - 1}),
            status=Status.PENDING,
        )
        for number, event in enumerate(unsent, start=first_number)
    )


def with_marks_of(renamed: Mapping[UUID, UUID], events: Iterable[LoggedEvent]) -> tuple[LoggedEvent, ...]:
    """The events, of which those that undo an event with another id now go on undoing it."""
    marks = {mark(old): mark(new) for old, new in renamed.items()}
    return tuple(
        replace(event, correlation_id=marks[event.correlation_id]) if event.correlation_id in marks else event
        for event in events
    )


def having_seen(seen: Seen, shared: Seen) -> Seen:
    """`shared` replaces what `seen` says of its devices: later numbers there are the twin's, whom we never met."""
    return {device_id: number for device_id, number in {**seen, **shared}.items() if number > 0}
