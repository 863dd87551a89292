"""Brings the log and the server together: push, pull, and whatever the server's verdicts ask for."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from client.answers import Hint, Page, SyncAnswer
from client.credentials import Credentials, Hindered
from client.decide import (
    BackOff,
    DeclareGaps,
    Failure,
    Fork,
    Go,
    Judged,
    MeetEpoch,
    Resend,
    SendLess,
    Stop,
    delay,
    judge,
)
from client.home import Home
from client.ids import new_id
from client.locks import Busy, locked
from client.protocol import Answer, Protocol
from client.pulled import PulledLog
from client.queue import BATCH, Batch, EventQueue
from client.recovery import Recovery
from client.session import Session

Gaps = tuple[tuple[int, int], ...]
ATTEMPTS = 6
# Who asks for longer is not waited for.
PATIENCE_S = 60.0
LONGEST_PAUSE_S = 3_600.0
# A hint may get lost, so nobody waits for one longer than this.
POLL_S = 60.0
_LOCAL_POLL_S = 1.0


@dataclass(slots=True)
class Moved:
    """What one or more rounds have moved."""

    pushed: int = 0
    pulled: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Synced:
    """Log and server have the same events."""

    moved: Moved


@dataclass(frozen=True, slots=True)
class Paused:
    """The server could not be reached or asked for time, so many seconds; everything is kept and goes on with the next
    sync."""

    moved: Moved
    reason: str
    at_least_s: float = 0


@dataclass(frozen=True, slots=True)
class Halted:
    """Only the user can help; everything is kept."""

    moved: Moved
    code: str
    reason: str


Outcome = Synced | Paused | Halted


class SyncEngine:
    """Syncs one log with one server.

    `chance` gives the jitter (0 to 1), `sleep` waits seconds, `clock` tells seconds since 1970, `ids` makes device ids.
    """

    def __init__(
        self,
        home: Home,
        queue: EventQueue,
        session: Session,
        protocol: Protocol,
        *,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        ids: Callable[[], UUID] = new_id,
        batch: int = BATCH,
    ) -> None:
        self._home, self._queue, self._protocol = home, queue, protocol
        self.pulled = PulledLog(queue.connection)
        self._recovery = Recovery(queue, self.pulled)
        self.credentials = Credentials(home, session, queue, self._recovery, protocol, clock, ids)
        self._chance, self._sleep, self._batch = chance, sleep, batch
        self._moved = Moved()

    async def sync(self, attempts: int = ATTEMPTS) -> Outcome:
        """Rounds until one gets through, with growing pauses; `attempts` counts those in a row that moved nothing."""
        self._moved = Moved()
        attempt = 0
        while True:
            before = self._moved.pushed + self._moved.pulled
            outcome = await self._attempt()
            match outcome:
                case Synced() | Halted():
                    return self._noted(outcome)
                case BackOff():
                    progressed = self._moved.pushed + self._moved.pulled > before
                    attempt = 1 if progressed else attempt + 1
                    if outcome.at_least_s > PATIENCE_S:
                        asked = f"the server asks to be left alone for {outcome.at_least_s:,.0f} s"
                        reason = f"{outcome.reason}, and {asked}"
                        return self._noted(Paused(self._moved, reason, outcome.at_least_s))
                    if attempt >= attempts:
                        return self._noted(Paused(self._moved, outcome.reason))
                    await self._sleep(delay(attempt - 1, outcome, self._chance()))

    async def _attempt(self) -> Synced | Halted | BackOff:
        try:
            async with locked(self._home.lock("sync")):
                await self._round()
        except Busy as error:
            return BackOff(str(error))
        except Hindered as hindered:
            match hindered.obstacle:
                case BackOff() as back_off:
                    return back_off
                case SendLess():
                    return Halted(self._moved, "too_large", "the server refuses even the smallest request")
                case Stop(code, reason):
                    return Halted(self._moved, code, reason)
        return Synced(self._moved)

    def _noted(self, outcome: Outcome) -> Outcome:
        match outcome:
            case Synced():
                self._queue.remember_verdict("synced")
            case Paused(_, reason, _) | Halted(_, _, reason):
                self._queue.remember_verdict(reason)
        return outcome

    async def _round(self) -> None:
        await self._push()
        if self._queue.identity.recovering:
            await self._recover()
            if self._queue.identity.recovering:
                await self._recover()
            return
        await self._pull()
        # The pull may have met a restored server, or taken so long that there is more to send.
        if self._queue.standing.pending:
            await self._push()

    async def _push(self) -> None:
        gaps: Gaps = ()
        limit, asked = self._batch, False
        while True:
            batch = self._queue.take(limit)
            if asked and not batch.events and not gaps:
                return
            answer = await self._send(batch, gaps)
            if answer is not None:
                limit, asked, gaps = self._batch, True, await self._settle(batch, answer)
            elif len(batch.events) > 1:
                limit = len(batch.events) // 2
            else:
                # Where the server takes no request at all, or no token is to be had, the event is not to blame.
                await self._send(Batch(batch.view, ()), ())
                limit, gaps = self._batch, self._give_up(batch)

    async def _send(self, batch: Batch, gaps: Gaps) -> SyncAnswer | None:
        """The verdicts; None when the batch has to be smaller."""
        try:
            return await self.credentials.ask(partial(self._post, batch, gaps))
        except Hindered as hindered:
            if isinstance(hindered.obstacle, SendLess) and batch.events:
                return None
            raise

    async def _post(self, batch: Batch, gaps: Gaps, bearer: str) -> Answer[SyncAnswer]:
        # Read late: the way to the token may have shown that the log has a new user.
        user_id = self._queue.identity.user_id
        return await self._protocol.sync(bearer, batch.view.device_id, user_id, batch.events, gaps)

    def _give_up(self, batch: Batch) -> Gaps:
        """An event that is too large all alone must not hold up the others: its number is declared as a gap."""
        number = batch.events[0].sequence_number
        failure = Failure(number, "too_large: the server takes no event of this size")
        self._queue.settle(batch, Judged((), (failure,), Go()))
        self._moved.failed += 1
        return ((number, number),)

    async def _settle(self, batch: Batch, answer: SyncAnswer) -> Gaps:
        """Writes the verdicts down and takes the next step; gives back what to declare with the next batch."""
        self._queue.remember_epoch(answer.server_epoch)
        judged = judge(batch.view, batch.events, answer)
        self._queue.settle(batch, judged)
        self._moved.pushed += len(judged.synced)
        self._moved.failed += len(judged.failed)
        device_id = batch.view.device_id
        match judged.step:
            case Go():
                return ()
            case Resend(number):
                self._queue.resend_from(device_id, number)
            case DeclareGaps(gaps):
                return gaps
            case Fork() as fork:
                await self._fork(device_id, fork)
            case MeetEpoch(server_epoch):
                self._recovery.begin(server_epoch)
            case BackOff() as back_off:
                raise Hindered(back_off)
        return ()

    async def _fork(self, old_device: UUID, fork: Fork) -> None:
        tokens = await self.credentials.new_device()
        self._queue.fork(old_device, tokens.device_id, fork)
        self.credentials.became(tokens)

    async def _pull(self) -> None:
        while True:
            identity = self._queue.identity
            after = identity.pull_cursor
            # After a restore the server's word counts on own events too: it may have cut what they had seen.
            own = None if identity.recovering else identity.device_id
            page = await self.credentials.ask(partial(self._page, after, own))
            self.pulled.store(page.events, page.next_cursor, after, more=page.has_more)
            self._moved.pulled += len(page.events)
            if not page.has_more:
                return
            if page.next_cursor == after:
                raise Hindered(BackOff("the server's feed does not move on"))

    async def _page(self, after: str | None, excluded: UUID | None, bearer: str) -> Answer[Page]:
        return await self._protocol.events(bearer, after, exclude_device=excluded)

    async def _recover(self) -> None:
        """What a restored server lacks is sent again: the own log first, then what only this device still has.

        Where that took copies, another round reads them back.
        """
        device_id, last = self._queue.identity.device_id, self._queue.identity.last_sequence
        if differing := await self._differing(device_id, 1, last) if last else []:
            self._recovery.resend(device_id, differing)
            await self._push()
        await self._pull()
        device_id = self._queue.identity.device_id
        missing = self._recovery.missing(device_id)
        if not missing:
            self._recovery.finish()
            return
        tokens = await self.credentials.new_device()
        self._recovery.restamp(missing, device_id, tokens.device_id)
        self.credentials.became(tokens)
        await self._push()

    async def _differing(self, device_id: UUID, first: int, last: int) -> list[tuple[int, int]]:
        """The parts of the range where the server has not what this log has, found by comparing halves."""
        local = self._recovery.own_digest(device_id, first, last)
        server = await self.credentials.ask(lambda bearer: self._protocol.hash_of(bearer, device_id, first, last))
        if local == server or not local.count:
            return []
        if not server.count or first == last:
            return [(first, last)]
        middle = (first + last) // 2
        lower = await self._differing(device_id, first, middle)
        return lower + await self._differing(device_id, middle + 1, last)

    async def watch(self, poll_s: float = POLL_S) -> AsyncIterator[Outcome]:
        """Syncs now, and again at each hint, each new local event, and at the latest after `poll_s`.

        Raises:
            Exception: what nobody foresaw, of the listening too.
        """
        hinted = asyncio.Event()
        listening = asyncio.create_task(self._listen(hinted))
        listening.add_done_callback(lambda _: hinted.set())
        try:
            while not listening.done():
                hinted.clear()
                outcome = await self.sync()
                yield outcome
                if isinstance(outcome, Paused) and outcome.at_least_s:
                    await self._sleep(min(outcome.at_least_s, LONGEST_PAUSE_S))
                await self._until_needed(hinted, poll_s, patient=not isinstance(outcome, Synced))
            listening.result()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _until_needed(self, hinted: asyncio.Event, poll_s: float, *, patient: bool) -> None:
        waited = 0.0
        while waited < poll_s and not hinted.is_set():
            if not patient and self._queue.standing.pending:
                return
            try:
                await asyncio.wait_for(hinted.wait(), _LOCAL_POLL_S)
            except TimeoutError:
                waited += _LOCAL_POLL_S

    async def _listen(self, hinted: asyncio.Event) -> None:
        """Keeps a stream of hints open; what it misses while it is closed, the poll finds."""
        attempt = 0
        while True:
            try:
                bearer = await self.credentials.bearer()
                async for hint in self._protocol.hints(bearer):
                    if isinstance(hint, Hint):
                        attempt = 0
                        if hint.type != "token_expired":
                            hinted.set()
            except (Hindered, Busy):
                hinted.set()
            attempt += 1
            await asyncio.sleep(delay(attempt, BackOff(""), self._chance()))
