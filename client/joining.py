"""Into an account: registering and logging in, with what was logged here so far."""

from client.answers import Refusal, Tokens
from client.credentials import Credentials, Hindered
from client.decide import LOGIN_REQUIRED, NAME_TAKEN, BackOff, SendLess, Stop
from client.protocol import Answer, Protocol


class Joining:
    """What a user does so that the log becomes an account's. Both may raise Hindered."""

    def __init__(self, credentials: Credentials, protocol: Protocol) -> None:
        self._credentials, self._protocol = credentials, protocol

    async def register(self, email: str, password: str, name: str | None = None) -> Answer[Tokens]:
        """Turns the log's anonymous user into an account."""

        async def post(bearer: str) -> Answer[Tokens]:
            return await self._protocol.register(bearer, email, password, name)

        try:
            answer = await self._credentials.answer(post)
        except Hindered as hindered:
            if not self._needs_another_name(hindered):
                raise
            answer = await post((await self._credentials.under_another_name()).access_token)
        return self._adopted(answer)

    async def login(self, email: str, password: str) -> Answer[Tokens]:
        """Joins an account; what an anonymous user logged goes into it."""

        async def post(bearer: str | None) -> Answer[Tokens]:
            own = bearer if self._credentials.is_anonymous else None
            return await self._protocol.login(email, password, self._credentials.device_id, own)

        try:
            answer = await self._credentials.answer(post)
        except Hindered as hindered:
            if not isinstance(hindered.obstacle, Stop):
                raise
            answer = await post(None)
        if isinstance(answer, Refusal) and answer.code == NAME_TAKEN and await self._has_no_name():
            answer = await post((await self._credentials.under_another_name()).access_token)
        return self._adopted(answer)

    async def _has_no_name(self) -> bool:
        """Asks again, since a token that looks fresh may be one of a server that was restored since."""
        try:
            await self._credentials.bearer(stale=await self._credentials.bearer())
        except Hindered as hindered:
            return self._needs_another_name(hindered)
        return False

    def _needs_another_name(self, hindered: Hindered) -> bool:
        """Whether a twin from a backup goes on under the name of this log, on a server that had forgotten both; or the
        name is that of an anonymous user whom the log was logged out of, whatever would be lost."""
        match hindered.obstacle:
            case Stop(code=code):
                return code == NAME_TAKEN or (code == LOGIN_REQUIRED and self._credentials.is_abandoned)
            case BackOff() | SendLess():
                return False

    def _adopted(self, answer: Answer[Tokens]) -> Answer[Tokens]:
        return self._credentials.adopt(answer) if isinstance(answer, Tokens) else answer
