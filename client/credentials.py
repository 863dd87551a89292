"""How this device shows the server who it is: refresh, the device secret, a new device id. Never touches an event."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from client.answers import Refusal, Tokens, Unreachable
from client.decide import NAME_TAKEN, BackOff, RenewToken, SendLess, Stop, obstacle
from client.home import Home
from client.ids import new_id
from client.locks import locked
from client.protocol import Answer, Protocol
from client.queue import EventQueue
from client.recovery import Recovery
from client.session import Session

T = TypeVar("T")


class Hindered(Exception):
    """A request did not succeed; `obstacle` says what would help."""

    def __init__(self, obstacle: BackOff | SendLess | Stop) -> None:
        super().__init__(getattr(obstacle, "reason", "the request was too large"))
        self.obstacle = obstacle


class Credentials:
    """Asks the server on behalf of the log's device, with a token that it accepts."""

    def __init__(
        self,
        home: Home,
        session: Session,
        queue: EventQueue,
        recovery: Recovery,
        protocol: Protocol,
        clock: Callable[[], float] = time.time,
        ids: Callable[[], UUID] = new_id,
    ) -> None:
        self._home, self._session, self._queue, self._recovery = home, session, queue, recovery
        self._protocol, self._clock, self._ids = protocol, clock, ids

    async def ask(self, call: Callable[[str], Awaitable[Answer[T]]]) -> T:
        """What `answer` brings.

        Raises:
            Hindered: when the server gave no answer, or refused.
        """
        return _given(await self.answer(call))

    async def answer(self, call: Callable[[str], Awaitable[Answer[T]]]) -> Answer[T]:
        """What comes of a call that takes a bearer; the token is renewed once where it is not accepted.

        Raises:
            Hindered: when there is no token to be had.
        """
        bearer = await self.bearer()
        answer = await call(bearer)
        if isinstance(answer, Refusal) and isinstance(obstacle(answer), RenewToken):
            answer = await call(await self.bearer(stale=bearer))
        return answer

    async def bearer(self, stale: str | None = None) -> str:
        """An access token other than `stale`. Raises Hindered."""
        if token := self._fresh(stale):
            return token
        async with locked(self._home.lock("session")):
            # Another process may have renewed it while this one waited for the lock.
            return self._fresh(stale) or (await self._renewed()).access_token

    async def under_another_name(self) -> Tokens:
        """Goes on as another device of another, anonymous user, who gets the whole log. Raises Hindered."""
        async with locked(self._home.lock("session")):
            return await self._under_another_name()

    def _fresh(self, stale: str | None) -> str | None:
        held = self._session.held(self.device_id)
        return held.access_token if held and held.is_fresh(self._clock()) and held.access_token != stale else None

    @property
    def device_id(self) -> UUID:
        """The log's device now."""
        return self._queue.identity.device_id

    async def _renewed(self) -> Tokens:
        if held := self._session.held(self.device_id):
            answer = await self._protocol.refresh(held.refresh_token)
            if not isinstance(answer, Refusal) or not isinstance(obstacle(answer), RenewToken):
                return self.adopt(_given(answer))
        answer = await self._protocol.create_device(self.device_id, self._session.secret(self.device_id))
        if isinstance(answer, Refusal) and answer.code == NAME_TAKEN and self.is_anonymous:
            return await self._under_another_name()
        tokens = _given(answer)
        if tokens.is_new:
            self._recovery.forgotten(tokens.user_id)
        return self.adopt(tokens)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody could log in to the user of this log."""
        held = self._session.held(self.device_id)
        return self._queue.identity.user_id is None or (held is not None and held.is_anonymous)

    @property
    def is_abandoned(self) -> bool:
        """Whether the log was logged out of a user whom nobody can log in to."""
        return self._session.is_abandoned(self.device_id)

    def logged_out(self) -> None:
        """Forgets the tokens, once the server has ended the session."""
        self._session.drop_tokens(abandoned=self.device_id if self.is_anonymous else None)

    async def _under_another_name(self) -> Tokens:
        """The name of this log is taken by a twin from a backup, which was faster: at the first launch, or when a
        restored server had forgotten both."""
        old_device, device_id = self.device_id, self._next_device()
        tokens = _given(await self._protocol.create_device(device_id, self._session.secret(device_id)))
        self._recovery.renamed(old_device, device_id, tokens.user_id)
        self._session.became(device_id)
        return self.adopt(tokens)

    def adopt(self, tokens: Tokens) -> Tokens:
        """Keeps the tokens, and learns from them whose log this is."""
        if self._queue.identity.user_id != tokens.user_id:
            self._queue.belong_to(tokens.user_id)
        self._session.hold(tokens, self._clock())
        return tokens

    async def new_device(self) -> Tokens:
        """One more device of the same user, the same one again after a crash; the log is not its log yet."""
        device_id = self._next_device()
        secret = self._session.secret(device_id)
        return await self.ask(lambda bearer: self._protocol.create_device(device_id, secret, bearer=bearer))

    def _next_device(self) -> UUID:
        """The name that the log gets next; one that it got just before a crash is none of these."""
        self._session.became(self.device_id)
        return self._session.next_device(self._ids())

    def became(self, tokens: Tokens) -> None:
        """The log is the new device's now."""
        self._session.hold(tokens, self._clock())
        self._session.became(tokens.device_id)


def _given(answer: Answer[T]) -> T:
    if not isinstance(answer, Refusal | Unreachable):
        return answer
    match obstacle(answer):
        case RenewToken(reason):
            raise Hindered(BackOff(f"the server does not accept the token: {reason}"))
        case BackOff() | SendLess() | Stop() as found:
            raise Hindered(found)
