"""The end of an import. What it wrote are ordinary events whose `correlation_id` is the import's id."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.registry import DomainEvent
from shared.values import Count, Name


class ImportFinished(DomainEvent):
    """`file_hash` is the SHA-256 of the file in hex; `counts` says how many of what were written."""

    event_type: ClassVar[str] = "ImportFinished"
    import_id: UUID
    source: Name
    file_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z:_-]{1,128}$")]
    counts: Annotated[dict[Name, Count], Field(max_length=50)]


EVENTS: tuple[type[ImportFinished], ...] = (ImportFinished,)
