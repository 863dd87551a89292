"""Law 8 after every test: what people read is what their whole history gives."""

import time
from uuid import UUID

from deploy.local.operations.running import operating
from deploy.local.operations.verification.positions import check_positions
from deploy.local.stack import Stack
from services.projector.domain import states
from services.projector.store import history
from services.projector.store.batch import enter
from services.projector.views import whole
from services.projector.views.text import text_of
from shared.postgres import Connection, connect
from tests.system.projector.looking import contents

APPLIED_SECONDS = 60.0


class Rebuilt:
    """Holds live rows against what the history gives when it is folded from its beginning."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, UUID], int] = {}

    async def check_stack(self, stack: Stack) -> None:
        """The same for the projector of a running stack, once it has applied just the events of the event store."""
        await _applied(stack)
        await self.check(stack.environment()["DATABASE_URL_PROJECTOR"])

    async def check(self, url: str) -> None:
        """Every user whose rows may be others than at the last look."""
        opened = await connect(url, role="projector_worker")
        try:
            async with opened.transaction(isolation="repeatable_read"):
                generation = await enter(opened)
                for user_id, version in await opened.fetch("SELECT user_id, version FROM users"):
                    if self._seen.get((url, generation, user_id)) != version:
                        await _assert_rebuilt(opened, user_id)
                        self._seen[url, generation, user_id] = version
        finally:
            await opened.close()


async def _applied(stack: Stack) -> None:
    deadline = time.monotonic() + APPLIED_SECONDS
    async with operating(stack) as operator:
        while not (check := await check_positions(operator, "projector", patience=APPLIED_SECONDS)).agrees:
            assert time.monotonic() < deadline, check.difference


async def _assert_rebuilt(connection: Connection, user_id: UUID) -> None:
    entities = await history.entities_of_user(connection, user_id)
    rebuilt = whole(states(entities).get(user_id, {}))
    live = await contents(connection, user_id)
    assert live == {name: set(map(text_of, rows)) for name, rows in rebuilt.items()}, user_id
