"""The views of the ledger, with a route of their own."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import Column, Numeric, Text, Uuid

from services.projector.api.answers import marked, paged, reads
from services.projector.api.reads import Reads
from services.projector.store.lists import Listing
from services.projector.tables import key, view_table
from services.projector.views.view import entity_view
from shared.fold import Entity
from shared.http import Cursor, Limit
from shared.values import plain

router = APIRouter()


@dataclass(frozen=True)
class ContactRow:
    contact_id: UUID
    name: str

    def content(self) -> dict[str, Any]:
        return {"contact_id": str(self.contact_id), "name": self.name}


@dataclass(frozen=True)
class TransactionRow:
    transaction_id: UUID
    contact_id: UUID
    amount: Decimal

    def content(self) -> dict[str, Any]:
        ids = {"transaction_id": str(self.transaction_id), "contact_id": str(self.contact_id)}
        return {**ids, "amount": plain(self.amount)}


def contact_row(contact_id: UUID, entity: Entity) -> ContactRow | None:
    name = entity.value("name")
    return None if entity.removed or name is None else ContactRow(contact_id, name)


def transaction_row(transaction_id: UUID, entity: Entity) -> TransactionRow | None:
    if entity.removed or entity.value("contact_id") is None:
        return None
    return TransactionRow(transaction_id, entity.value("contact_id"), entity.value("amount") or Decimal(0))


CONTACTS = view_table("contacts_projection", key("contact_id", Uuid), Column("name", Text, nullable=False))
TRANSACTIONS = view_table(
    "transactions_projection",
    key("transaction_id", Uuid),
    Column("contact_id", Uuid, nullable=False),
    Column("amount", Numeric, nullable=False),
)


@router.get("/contacts", responses=reads(paged(marked(ContactRow))))
async def list_contacts(read: Reads, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """Contacts by name."""
    listing = Listing("contacts_projection", (("name", "text"), ("contact_id", "uuid")), identity="contact_id")
    return await read.page(listing, (), cursor, limit)


VIEWS = (
    entity_view("contact", CONTACTS, contact_row, name="contacts", whole=True, router=router),
    entity_view("transaction", TRANSACTIONS, transaction_row, name="transactions", whole=True),
)
