"""What the projector says on the effects topic: left in the outbox, in the transaction that makes it true."""

from uuid import UUID

from services.projector.store.refreshing import Conflicts
from shared.identity import ConflictFound, Effect
from shared.outbox import put, record_of
from shared.postgres import Connection
from shared.topics import EFFECTS


async def say(connection: Connection, *effects: Effect) -> None:
    """Says effects, once the transaction is committed."""
    await put(connection, EFFECTS, [record_of(effect) for effect in effects])


async def tell(connection: Connection, conflicts: Conflicts) -> None:
    """Says that devices disagree, entity by entity."""
    fields: dict[tuple[UUID, str, UUID], list[str]] = {}
    for user_id, row in conflicts:
        fields.setdefault((user_id, row.entity, row.entity_id), []).append(row.field)
    found = [
        ConflictFound(service="projector", user_id=user, entity=entity, entity_id=entity_id, fields=names)
        for (user, entity, entity_id), names in fields.items()
    ]
    await say(connection, *found)
