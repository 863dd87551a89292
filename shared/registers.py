"""Multi-value registers: the join under every field of every entity (law 5).

A register is a function of the *set* of its edits: order, duplicates and batches cannot change it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

Seen = Mapping[UUID, int]


class Stamp(NamedTuple):
    """Who edited and when, by the device's own clock. Ordered; unique for each edit."""

    occurred_at: datetime
    device_id: UUID
    sequence_number: int


class Edit(NamedTuple):
    """One value written to one field by one event."""

    stamp: Stamp
    value: Any


class Register(NamedTuple):
    """The edits that no other edit has seen (heads, latest stamp first) and what the edits together have seen."""

    heads: tuple[Edit, ...] = ()
    context: Seen = {}  # noqa: RUF012 (shared and never written: registers are values)

    @property
    def value(self) -> Any:
        """The value of the head with the greatest stamp; None where nothing was ever written."""
        return self.heads[0].value if self.heads else None

    @property
    def winner(self) -> Edit | None:
        """The edit that decides the value."""
        return self.heads[0] if self.heads else None

    @property
    def conflicts(self) -> tuple[Edit, ...]:
        """Heads that say something else than the value and that no later edit has settled."""
        return tuple(head for head in self.heads[1:] if head.value != self.heads[0].value)

    def has_seen(self, stamp: Stamp) -> bool:
        """Whether one of its edits was made knowing the edit with this stamp."""
        return _covers(self.context, stamp)

    def edited(self, edit: Edit, seen: Seen) -> "Register":
        """This register after one more edit. A device has always seen its own earlier events."""
        return self.joined(Register((edit,), seen_by(edit.stamp, seen)))

    def joined(self, other: "Register") -> "Register":
        """The least register that knows all that both know: commutative, associative, idempotent."""
        if not self.heads and not self.context:
            return other
        context = _pointwise_maximum(self.context, other.context)
        heads = {head.stamp: head for head in self.heads + other.heads if not _covers(context, head.stamp)}
        return Register(tuple(heads[stamp] for stamp in sorted(heads, reverse=True)), context)


def seen_by(stamp: Stamp, seen: Seen) -> Seen:
    """What an edit's device had seen: what it says of others, and its own earlier events, whatever it says of those.

    Without zeros, which say nothing: equal knowledge is an equal mapping.
    """
    known = {device_id: number for device_id, number in seen.items() if number > 0} if seen else {}
    known[stamp.device_id] = stamp.sequence_number - 1
    if stamp.sequence_number == 1:
        del known[stamp.device_id]
    return known


def _covers(context: Seen, stamp: Stamp) -> bool:
    return stamp.sequence_number <= context.get(stamp.device_id, 0)


def _pointwise_maximum(left: Seen, right: Seen) -> Seen:
    merged = dict(left)
    for device_id, number in right.items():
        if number > merged.get(device_id, 0):
            merged[device_id] = number
    return merged
