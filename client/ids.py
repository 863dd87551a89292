"""New ids: UUIDv7, so that they sort by the time at which they were made."""

from uuid import UUID

# A shorter end would be met by chance, and an empty one by every id.
_SHORTEST_END = 4


def new_id() -> UUID:
    import uuid_utils.compat

    return uuid_utils.compat.uuid7()


def ends(entity_id: UUID, reference: str) -> bool:
    """Whether the typed reference is the id, or an end of it that is long enough to mean it."""
    plain = reference.replace("-", "").casefold()
    return len(plain) >= _SHORTEST_END and entity_id.hex.endswith(plain)
