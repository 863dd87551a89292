"""New ids: UUIDv7, so that they sort by the time at which they were made."""

from uuid import UUID


def new_id() -> UUID:
    import uuid_utils.compat

    return uuid_utils.compat.uuid7()
