"""Undo gives back the earlier values of what an event still decides, and can itself be undone."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from services.projector.domain import EntityKey, entity_of, entries
from services.projector.undo import NothingToUndo, Told, Undoing, undo
from shared.envelope import AcceptedEvent
from shared.fold import fold
from shared.registry import REMOVED
from shared.views.conflicts import conflicts_of
from shared.views.rows import json_form
from tests.histories import EPOCH, Said, history, sent

SERVER = UUID(int=7)


def told(events: Sequence[AcceptedEvent], key: EntityKey) -> list[Told]:
    found = [(event, entry) for event in events for entry in entries(event, key.user_id) if entry.key == key]
    return [Told(event.event_type, entry.said) for event, entry in found]


def written(undoing: Undoing, user_id: UUID, number: int, after: AcceptedEvent) -> AcceptedEvent:
    """The event as ingest would write it, by the server's clock."""
    return AcceptedEvent(
        event_id=uuid4(),
        event_type=undoing.event_type,
        schema_version=undoing.schema_version,
        payload=dict(undoing.payload),
        device_id=SERVER,
        sequence_number=number,
        occurred_at=after.occurred_at + timedelta(days=4_000 + number),
        seen=dict(undoing.seen),
        user_id=user_id,
        previous_sequence=number - 1,
        received_at=after.received_at,
        server_epoch=EPOCH,
    )


@pytest.mark.parametrize("seed", range(15))
def test_undo_gives_back_what_was_there_without_the_event_and_undo_of_undo_what_it_said(seed: int) -> None:
    random = Random(seed)
    given = list(history(seed, events=120, devices=2).received)
    undone_count = 0
    for event in random.sample(given, 40):
        key = entries(event, event.user_id)[0].key
        before = told(given, key)
        undone = next(one for one in before if one.said.own == (event.device_id, event.sequence_number))
        match undo(key, before, undone):
            case NothingToUndo():
                continue
            case Undoing() as undoing:
                undone_count += 1
        now, without = entity_of(one.said for one in before), entity_of(one.said for one in before if one is not undone)
        decided = [name for name in undone.said.fields if now.decided_by(name) == undone.said.stamp]

        taken_back = written(undoing, event.user_id, 1, event)
        after = told([*given, taken_back], key)
        result = entity_of(one.said for one in after)

        if undoing.event_type.endswith(("Removed", "Discarded", "Archived")) and REMOVED not in undone.said.fields:
            assert result.removed
        else:
            for name in set(decided) - {REMOVED}:
                assert json_form(result.value(name)) == json_form(without.value(name))
            assert not result.removed or REMOVED not in decided or without.removed
        again = undo(key, after, after[-1])
        assert isinstance(again, Undoing)
        final = entity_of(one.said for one in told([*given, taken_back, written(again, event.user_id, 2, event)], key))
        for name in decided:
            assert json_form(final.value(name)) == json_form(now.value(name)) or name == REMOVED
        assert final.removed == now.removed
    assert undone_count > 5


def test_an_import_cannot_be_undone_here() -> None:
    event = next(e for seed in range(50) for e in history(seed).received if e.event_type == "ImportFinished")
    key = entries(event, event.user_id)[0].key
    before = told([event], key)

    assert isinstance(undo(key, before, before[0]), NothingToUndo)


def test_what_a_later_edit_decides_is_not_taken_back() -> None:
    first = next(e for seed in range(50) for e in history(seed).received if e.event_type == "WorkoutEnded")
    later = first.model_copy(update={"event_id": uuid4(), "sequence_number": 10_000})
    key = entries(first, first.user_id)[0].key
    before = told([first, later], key)

    assert isinstance(undo(key, before, before[0]), NothingToUndo)


def test_the_earlier_value_comes_back_where_the_clocks_of_phones_are_ahead() -> None:
    # given two phones whose clocks are ahead of the server's, and an edit that lost to another by its clock alone
    user, workout = uuid4(), str(uuid4())
    started = {"workout_id": workout, "started_at": "2026-01-01T10:00:00Z", "name": "A"}
    renamed: list[Said] = [("WorkoutUpdated", {"workout_id": workout, "name": name}) for name in "BCD"]
    mine = sent(user, uuid4(), [("WorkoutStarted", started), *renamed[:2]])
    theirs = sent(user, uuid4(), renamed[2:])
    given = [
        event.model_copy(update={"occurred_at": event.occurred_at + timedelta(minutes=minutes)})
        for event, minutes in ((mine[0], 10), (theirs[0], 11), (mine[1], 12), (mine[2], 13))
    ]
    key = entries(given[0], user)[0].key
    before = told(given, key)

    # when the last edit is taken back
    undoing = undo(key, before, before[-1])
    assert isinstance(undoing, Undoing)

    # then, written just after that edit, the one before it holds again
    just_after = {"occurred_at": undoing.after + timedelta(milliseconds=1)}
    event = written(undoing, user, 1, given[-1]).model_copy(update=just_after)
    name = entity_of(one.said for one in told([*given, event], key)).value("name")
    assert (name, undoing.after) == ("B", given[-1].occurred_at)


def test_what_takes_a_creation_back_has_seen_all_that_it_hides() -> None:
    # given a workout that was renamed and has two sets, of which one was corrected
    user, phone = uuid4(), uuid4()
    workout, first, second = ({name: str(uuid4())} for name in ("workout_id", "set_id", "set_id"))
    done = {**workout, "exercise_id": str(uuid4()), "completed_at": "2026-01-01T10:00:00Z", "reps": 5}
    given = sent(
        user,
        phone,
        [
            ("WorkoutStarted", {**workout, "started_at": "2026-01-01T10:00:00Z"}),
            ("WorkoutUpdated", {**workout, "name": "A"}),
            ("SetCompleted", {**done, **first}),
            ("SetCompleted", {**done, **second}),
            ("SetCorrected", {**first, "reps": 6}),
        ],
    )
    key = EntityKey(user, "workout", UUID(workout["workout_id"]))
    sets = {entries(event, user)[0].key for event in given[2:]}
    before, beside = told(given, key), [one.said for of in sets for one in told(given, of)]
    # when its beginning is taken back
    undoing = undo(key, before, before[0], beside)
    # then the removal is in no conflict with what came after it
    assert isinstance(undoing, Undoing)
    assert undoing.seen == {phone: 5}
    after = [*given, written(undoing, user, 1, given[-1])]
    assert conflicts_of(fold(event.recorded() for event in after)) == []


SET = {"set_id": str(UUID(int=1)), "workout_id": str(UUID(int=2)), "exercise_id": str(UUID(int=3))}
DONE: Said = ("SetCompleted", {**SET, "completed_at": "2026-01-01T10:00:00Z", "reps": 5})
GONE: Said = ("SetRemoved", {"set_id": SET["set_id"]})
BACK: Said = ("SetRestored", {"set_id": SET["set_id"]})


@pytest.mark.parametrize(
    ("twice", "taken_back_by", "removed"),
    [([DONE], "SetRemoved", True), ([DONE, GONE], "SetRestored", False), ([DONE, GONE, BACK], None, False)],
    ids=["creation", "removal", "restoring"],
)
def test_what_two_phones_say_alike_is_taken_back(twice: list[Said], taken_back_by: str | None, removed: bool) -> None:
    # given the same of two phones that have not seen each other, as copies on a restored server are, too
    user = uuid4()
    given = [*sent(user, UUID(int=8), twice), *sent(user, UUID(int=9), twice)]
    key = entries(given[0], user)[0].key
    before = told(given, key)

    # when the last that one of them said is undone, the one that decides
    undoing = undo(key, before, before[-1])

    # then it is as if neither had said it, or it is told that nothing can be done
    if taken_back_by is None:
        assert isinstance(undoing, NothingToUndo)
        return
    assert isinstance(undoing, Undoing)
    assert undoing.event_type == taken_back_by
    after = entity_of(one.said for one in told([*given, written(undoing, user, 1, given[-1])], key))
    assert after.removed is removed
    assert not conflicts_of({(key.entity, key.entity_id): after})
