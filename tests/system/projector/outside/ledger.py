"""Contacts and what is owed: a domain from outside the tree."""

from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from shared.registry import REMOVED, Change, Domain, DomainEvent, Stream
from shared.values import Name, Number


class ContactAdded(DomainEvent):
    event_type: ClassVar[str] = "ContactAdded"
    contact_id: UUID
    name: Name


class ContactChanged(DomainEvent):
    event_type: ClassVar[str] = "ContactChanged"
    contact_id: UUID
    name: Name | None = None


class ContactRemoved(DomainEvent):
    event_type: ClassVar[str] = "ContactRemoved"
    contact_id: UUID


class ContactRestored(DomainEvent):
    event_type: ClassVar[str] = "ContactRestored"
    contact_id: UUID


class TransactionRecorded(DomainEvent):
    event_type: ClassVar[str] = "TransactionRecorded"
    transaction_id: UUID
    contact_id: UUID
    amount: Number = Decimal(0)


class TransactionVoided(DomainEvent):
    event_type: ClassVar[str] = "TransactionVoided"
    transaction_id: UUID


EVENTS = (ContactAdded, ContactChanged, ContactRemoved, ContactRestored, TransactionRecorded, TransactionVoided)


def changes(event: DomainEvent) -> tuple[Change, ...]:
    match event:
        case ContactAdded() | ContactChanged():
            return (Change("contact", event.contact_id, event.changed("contact_id")),)
        case ContactRemoved():
            return (Change("contact", event.contact_id, {REMOVED: True}),)
        case ContactRestored():
            return (Change("contact", event.contact_id, {REMOVED: False}),)
        case TransactionRecorded():
            return (Change("transaction", event.transaction_id, event.changed("transaction_id")),)
        case TransactionVoided():
            return (Change("transaction", event.transaction_id, {REMOVED: True}),)
        case _:
            raise AssertionError(event)


DOMAIN = Domain(
    name="ledger",
    events=EVENTS,
    streams=(
        Stream("contact", "contact_id", "ContactAdded", "ContactChanged", "ContactRemoved", "ContactRestored"),
        Stream("transaction", "transaction_id", "TransactionRecorded", removes="TransactionVoided"),
    ),
    changes=changes,
)
