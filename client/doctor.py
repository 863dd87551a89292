"""Whether log and server agree: digests first, then the numbers that people look at. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from client.answers import UserDigest
from client.projections import FOLD_VERSION, Projection
from client.wording import counted
from shared.digests import EMPTY, Digest, canonical_json
from shared.views.rows import Row

# The lists that are compared item by item: path of the server's, and the fields that name an item.
COMPARED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "workouts": ("/workouts", ("workout_id",)),
    "weekly": ("/metrics/weekly", ("week",)),
    "records": ("/records", ("exercise_id", "kind", "load_kg")),
    "measurements": ("/measurements", ("measurement_id",)),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `note` says what is wrong, or what was seen."""

    name: str
    healthy: bool
    note: str


def compare_events(local: Mapping[UUID, Digest], server: UserDigest) -> list[Finding]:
    """The event digests, device by device."""
    there = {device.device_id: device.digest for device in server.devices}
    findings = []
    for device_id in sorted(local.keys() | there.keys()):
        ours, theirs = local.get(device_id, EMPTY), there.get(device_id, EMPTY)
        if ours != theirs:
            note = (
                f"device {device_id}: {counted(ours.count, 'event')} here, {theirs.count} there, or not the same ones"
            )
            findings.append(Finding("events", False, note))
    total = sum(local.values(), start=EMPTY)
    return findings or [
        Finding("events", True, f"{total.count} on {counted(len(local), 'device')}, digest {total.hash}")
    ]


def compare_content(projection: Projection, status: Mapping[str, Any]) -> Finding:
    """The content digests, where both sides count by the same rules."""
    ours, theirs = projection.content_digest.hash, str(status.get("content_digest"))
    if status.get("fold_version") != FOLD_VERSION:
        note = f"not comparable: rules {FOLD_VERSION} here, {status.get('fold_version')} there; update the older"
        return Finding("content", True, note)
    if ours != theirs:
        return Finding("content", False, f"digest {ours} here, {theirs} there")
    return Finding("content", True, f"digest {ours}")


def compare_rows(name: str, rows: Iterable[Row], items: Iterable[Mapping[str, Any]]) -> Finding:
    """One list, item by item; discarded workouts do not count on either side."""
    key = COMPARED[name][1]
    ours = {_key(row, key): row for row in (row.content() for row in rows) if row.get("status") != "discarded"}
    theirs = {_key(item, key): item for item in items if item.get("status") != "discarded"}
    if only := ours.keys() ^ theirs.keys():
        side = "here" if next(iter(only)) in ours else "there"
        return Finding(name, False, f"{len(ours)} here, {len(theirs)} there; only {side}: {next(iter(only))}")
    for found, row in ours.items():
        for field, value in row.items():
            here, there = canonical_json(value), canonical_json(theirs[found].get(field))
            if here != there:
                return Finding(name, False, f"{found}: {field} is {here} here, {there} there")
    return Finding(name, True, f"{len(ours)} equal")


def _key(item: Mapping[str, Any], fields: Sequence[str]) -> str:
    return " ".join(canonical_json(item.get(field)).strip('"') for field in fields)
