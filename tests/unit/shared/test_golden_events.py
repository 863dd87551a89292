"""Every event ever published stays readable, and means today what its golden file says (law 10).

A file is written once, when its event or version is published, and never changed after: `payload` is what was stored,
`today` what the current software reads in it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.registry import UnknownEventType, registry

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "events").glob("*.json"))


def read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_what_was_published_means_what_it_meant(file: Path) -> None:
    golden = read(file)

    event = registry().parse(golden["event_type"], golden["schema_version"], golden["payload"])

    assert json.loads(event.model_dump_json(exclude_unset=True)) == golden["today"]
    assert registry().changes(event)
    assert registry().parse_record(golden["event_type"], golden["schema_version"], file.read_bytes()) == event


def test_every_event_has_a_file_for_every_version() -> None:
    published = {(golden["event_type"], golden["schema_version"]) for golden in map(read, GOLDEN)}

    assert published == {
        (name, version)
        for name, event in registry().events.items()
        if event.__module__.startswith("shared.domains.")
        for version in range(1, event.schema_version + 1)
    }


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_a_version_that_does_not_exist_yet_is_unknown(file: Path) -> None:
    golden = read(file)
    newest = registry().events[golden["event_type"]].schema_version

    with pytest.raises(UnknownEventType):
        registry().parse(golden["event_type"], newest + 1, golden["payload"])
    with pytest.raises(UnknownEventType):
        registry().parse_record(golden["event_type"], newest + 1, file.read_bytes())


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_an_unknown_field_is_refused(file: Path) -> None:
    golden = read(file)

    with pytest.raises(ValueError, match="surprise"):
        registry().parse(golden["event_type"], golden["schema_version"], {**golden["payload"], "surprise": 1})


def test_a_fold_does_not_see_the_difference_between_versions() -> None:
    old = {"goal_id": "0192a4e0-5b1c-7a10-8000-000000000008", "kind": "load", "target": 200}

    lifted = registry().parse("GoalSet", 1, old)

    assert lifted == registry().parse("GoalSet", 2, {**old, "unit": "kg"})
