"""Reading a request: two steps, and the bytes of one event."""

import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.operations.bench.workload import life
from services.ingest.domain import Reading, Refusal
from services.ingest.reading import MAX_EVENT_BYTES, as_sent, content_of, read_request, reading_of
from shared.errors import InvalidRequest, MalformedJson

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=12,
)


TOO_LARGE = f"is larger than {MAX_EVENT_BYTES} bytes"


def removal(**changes: Any) -> dict[str, Any]:
    event = {
        "event_id": str(uuid4()),
        "event_type": "SetRemoved",
        "payload": {"set_id": str(uuid4())},
        "sequence_number": 1,
    }
    return event | changes


@given(st.lists(st.dictionaries(st.text(), JSON_VALUES), max_size=6), st.data())
def test_the_bytes_of_any_event_are_found(events: list[Any], data: st.DataObject) -> None:
    parts = [
        json.dumps(event, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.none() | st.just(2)))
        for event in events
    ]
    outer = f'{{"a": {{"events": [1]}}, "events":[9], "events" : [ {" , ".join(parts)} ] ,"z":[]}}'
    found = as_sent(outer.encode("utf-8", "surrogatepass"), set(range(len(events))))
    assert [found[at].decode("utf-8", "surrogatepass") for at in range(len(events))] == parts


@pytest.mark.parametrize("depth", [300, 449, 450, 451, 1_000, 100_000])
def test_what_is_nested_without_measure_is_one_events_fault(depth: int) -> None:
    # given an event whose payload is nested so deep, with brackets and quotes in a text, before a good one
    good, deep = removal(sequence_number=2), "[" * depth + '"]\\"["' + "]" * depth
    bad = json.dumps(removal(payload={"deep": 0})).replace('"deep": 0', f'"deep": {deep}')
    body = f'{{"device_id": "{uuid4()}", "events": [{bad}, {json.dumps(good)}]}}'.encode()
    # when the request is read
    request = read_request(body)
    # then it alone is refused, and kept as it came
    refused, taken = (event.reading for event in request.events)
    assert isinstance(refused, Refusal)
    assert refused.code == "invalid_payload"
    assert isinstance(taken, Reading)
    assert as_sent(body, {0}) == {0: bad.encode()}


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_content_does_not_depend_on_how_it_was_written(event: dict[str, Any]) -> None:
    again = json.loads(json.dumps(dict(reversed(event.items())), indent=1))
    assert content_of(again) == content_of(event)


def test_content_tells_events_apart() -> None:
    event = removal()
    assert content_of(event) != content_of(event | {"schema_version": 1})
    assert content_of(event) == content_of(json.loads(json.dumps(event)))
    assert content_of({"weight": 100}) == content_of({"weight": 100.0})


@given(JSON_VALUES | st.dictionaries(st.sampled_from(list(removal())), JSON_VALUES))
def test_whatever_an_event_is_it_has_a_reading(changes: Any) -> None:
    event = removal(**changes) if isinstance(changes, dict) and changes.keys() <= removal().keys() else removal()
    assert isinstance(reading_of(event), Reading | Refusal)


@pytest.mark.parametrize(
    "said",
    [
        {"schema_version": None},
        {"schema_version": 1.0},
        {"sequence_number": 1.0},
        {"seen": None, "correlation_id": None},
    ],
)
def test_what_is_null_is_as_good_as_absent_and_a_whole_number_may_have_a_point(said: dict[str, Any]) -> None:
    event = GOOD[0] | {"sequence_number": 1} | said

    (read,) = read_request(json.dumps({"device_id": str(uuid4()), "events": [event]}).encode()).events

    assert isinstance(read.reading, Reading)
    assert (read.reading.schema_version, read.sequence_number) == (1, 1)
    assert type(read.reading.schema_version) is type(read.sequence_number) is int


@pytest.mark.parametrize("reps", [5, 5.0])
def test_repetitions_may_have_a_point_but_no_part(reps: float) -> None:
    done = next(event for event in GOOD if event["event_type"] == "SetCompleted")

    def reading(reps: float) -> Reading | Refusal:
        return reading_of(done | {"sequence_number": 1, "payload": done["payload"] | {"reps": reps}})

    assert isinstance(reading(reps), Reading)
    assert isinstance(reading(reps + 0.5), Refusal)


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[1,", b"\xff", '{"a": 1}'.encode("utf-16"), b"[" * 100_000])
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        read_request(body)


GOOD = [json.loads(event) for event in life(300)]
CHANGES = st.dictionaries(
    st.sampled_from([*removal(), "schema_version", "occurred_at", "seen"]),
    JSON_VALUES | st.sampled_from([True, 1.0, "1732000000"]),
    max_size=2,
)


@given(st.lists(st.tuples(st.sampled_from(GOOD), CHANGES), max_size=5))
def test_an_event_is_read_alike_whatever_comes_with_it(parts: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    sent = [event | changes | {"event_id": event["event_id"], "sequence_number": 1} for event, changes in parts]
    request = read_request(json.dumps({"device_id": str(uuid4()), "events": sent}).encode())
    assert [event.reading for event in request.events] == [reading_of(event) for event in sent]


def test_of_two_fields_with_one_name_the_last_one_counts_everywhere() -> None:
    event = json.dumps(GOOD[1])
    twice = event[:-1] + ',"payload":{"set_id":1},"event_type":"SetRemoved",' + event[1:]

    request = read_request(f'{{"events":[{{}}],"device_id":"{uuid4()}","events":[{twice}]}}'.encode())

    assert [sent.reading for sent in request.events] == [reading_of(GOOD[1])]
    assert [sent.content for sent in request.events] == [content_of(GOOD[1])]


def test_an_event_that_no_record_could_hold_is_refused() -> None:
    huge = removal(correlation_id=None, seen={str(uuid4()): 1}, payload={"set_id": str(uuid4()), "x": "y" * 600_000})
    small = removal()

    request = read_request(json.dumps({"device_id": str(uuid4()), "events": [small, huge]}).encode())

    assert isinstance(request.events[0].reading, Reading)
    assert request.events[1].reading == Refusal("invalid_payload", None, TOO_LARGE)


def test_how_long_an_event_may_be_does_not_depend_on_what_comes_with_it() -> None:
    target = {"weight": 1e5, "rpe": 1e0}
    exercises = [{"exercise_id": str(uuid4()), "sets": [target] * 100} for _ in range(200)]
    template = {"template_id": str(uuid4()), "name": "Endless", "exercises": exercises}
    event = removal(event_type="TemplateSaved", payload=template)
    body = json.dumps({"device_id": str(uuid4()), "events": [event]}, separators=(",", ":"))
    short = body.replace("100000.0", "1e5").replace("1.0", "1e0").encode()
    assert len(short) < MAX_EVENT_BYTES

    request = read_request(short)

    assert request.events[0].reading == reading_of(event) == Refusal("invalid_payload", None, TOO_LARGE)


def test_faults_are_told_in_plain_words() -> None:
    device = str(uuid4())

    refusal = reading_of(removal(occurred_at="0001-01-01T00:00:00+14:00"))
    with pytest.raises(InvalidRequest) as refused:
        read_request(json.dumps({"device_id": device, "events": [], "declared_gaps": [[1]]}).encode())

    assert isinstance(refusal, Refusal)
    assert refusal.message.startswith("must be a time with an offset, as RFC 3339 writes it")
    assert refused.value.detail == "declared_gaps[0]: must be [first, last]"


def test_half_a_surrogate_pair_is_refused_where_it_stands() -> None:
    events = [removal(), removal(event_id="\ud800", sequence_number=2)]

    with pytest.raises(InvalidRequest) as refused:
        read_request(json.dumps({"device_id": str(uuid4()), "events": events}).encode())

    assert refused.value.extra["field"] == "events[1].event_id"


@pytest.mark.parametrize("name", ["a\u0000b", "x" * 100_000])
def test_what_a_refusal_quotes_can_be_stored(name: str) -> None:
    for event in (removal(**{name: 1}), removal(payload={"set_id": str(uuid4()), name: 1}), removal(seen={name: 1})):
        refusal = reading_of(event)

        assert isinstance(refusal, Refusal)
        assert "\x00" not in f"{refusal.field}{refusal.message}"
        assert len(f"{refusal.field}{refusal.message}") < 1_000


def test_an_integer_of_any_length_is_its_events_fault() -> None:
    good, bad = removal(), removal(payload={"set_id": 0})
    body = json.dumps({"device_id": str(uuid4()), "events": [good, bad]}).replace(": 0", ": " + "9" * 5_000)

    request = read_request(body.encode())

    assert [type(event.reading) for event in request.events] == [Reading, Refusal]
    assert b"9" * 5_000 in as_sent(body.encode(), {1})[1]


@given(
    st.sampled_from(["{%s}", "[%s]", '{"x": %s}', '{"events": [%s]}', '{"events": [{"payload": %s}]}']),
    st.integers(1, 1200),
)
def test_however_deep_it_is_it_is_read_or_refused(frame: str, depth: int) -> None:
    with suppress(MalformedJson, InvalidRequest):
        read_request((frame % ("[" * depth + "]" * depth)).encode())
