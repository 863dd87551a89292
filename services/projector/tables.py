"""How the tables of a generation are declared. A changed declaration is a new generation, not a migration."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.schema import SchemaItem

# Every table that a generation consists of; those of views join as their modules are loaded.
NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s"}
DECLARED = MetaData(naming_convention=NAMES)

Moment = DateTime(timezone=True)


def key(name: str, type_: Any) -> "Column[Any]":
    """A column that, with the user, says which row it is."""
    return Column(name, type_, primary_key=True)


def view_table(name: str, *items: SchemaItem) -> Table:
    """A view's table: the user, the view's own columns, and `content`, the canonical JSON of the whole row.

    Keys come first, then what is filtered, sorted or joined by.
    """
    return Table(name, DECLARED, key("user_id", Uuid), *items, Column("content", Text, nullable=False))


APPLIED = Table(
    "applied",
    DECLARED,
    Column("device_id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("count", BigInteger, nullable=False, server_default="0"),
    Column("hash", Text, nullable=False, server_default="0"),
    Index(None, "user_id"),
)

# `device_id` and `sequence_number` are an event's place in the fold: its origin's, where it was released. What it has
# as an event of the store is `own_device_id` and `own_sequence`.
HISTORY = Table(
    "history",
    DECLARED,
    key("user_id", Uuid),
    key("entity", Text),
    key("entity_id", Uuid),
    key("own_device_id", Uuid),
    key("own_sequence", BigInteger),
    Column("event_id", Uuid, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("sequence_number", BigInteger, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("seen", JSON),
    Column("correlation_id", Uuid),
)

# Events that could not be applied: they count as applied, and a retry folds them late.
DEAD_LETTERS = Table(
    "dead_letters",
    DECLARED,
    key("own_device_id", Uuid),
    key("own_sequence", BigInteger),
    Column("user_id", Uuid, nullable=False),
    Column("entity", Text),
    Column("entity_id", Uuid),
    Column("event_id", Uuid, nullable=False),
    Column("event", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="parked"),
    Column("parked_at", Moment, nullable=False),
    Index(None, "user_id"),
)
