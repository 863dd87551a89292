"""Differences between log and server are found and named."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from client.answers import DeviceDigest, UserDigest
from client.doctor import compare_content, compare_events, compare_rows
from client.projections import FOLD_VERSION, Projection
from shared.digests import Digest, event_digest
from shared.domains.workouts.events import WorkoutStarted
from shared.fold import Recorded, fold

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
DEVICE, OTHER = UUID(int=1), UUID(int=2)
EVENT = event_digest(uuid4(), 1)


def server(**devices: Digest) -> UserDigest:
    found = [DeviceDigest(DEVICE if name == "own" else OTHER, 1, digest) for name, digest in devices.items()]
    return UserDigest(sum(devices.values(), start=Digest()), UUID(int=9), found)


def projection() -> Projection:
    event = WorkoutStarted(workout_id=UUID(int=5), started_at=AT, name="Legs")
    return Projection(fold([Recorded(event, uuid4(), DEVICE, 1, AT, {})]))


def item(**changed: Any) -> dict[str, Any]:
    return {**projection().workouts[0].content(), "degraded": False, **changed}


def test_equal_events_are_healthy() -> None:
    assert [finding.healthy for finding in compare_events({DEVICE: EVENT}, server(own=EVENT))] == [True]


def test_each_device_that_differs_is_named() -> None:
    findings = compare_events({DEVICE: EVENT}, server(other=EVENT))

    assert [finding.healthy for finding in findings] == [False, False]
    assert str(DEVICE) in findings[0].note
    assert str(OTHER) in findings[1].note


def test_the_content_is_compared_under_equal_rules_only() -> None:
    here = projection()
    same = {"fold_version": FOLD_VERSION, "content_digest": here.content_digest.hash}

    assert compare_content(here, same).healthy
    assert not compare_content(here, {**same, "content_digest": "0" * 32}).healthy
    assert "not comparable" in compare_content(here, {**same, "fold_version": "older", "content_digest": "0"}).note


def test_lists_are_compared_field_by_field() -> None:
    rows = projection().workouts

    assert compare_rows("workouts", rows, [item()]).healthy
    assert compare_rows("workouts", rows, [item(tonnage_kg=Decimal("0.0"))]).healthy
    assert "name is" in compare_rows("workouts", rows, [item(name="Push")]).note
    assert "only here" in compare_rows("workouts", rows, []).note
    assert "only there" in compare_rows("workouts", [], [item()]).note
    assert compare_rows("workouts", [], [item(status="discarded")]).healthy
