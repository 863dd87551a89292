"""The benchmark's own tools: its small HTTP client, its counters, its table."""

import asyncio
from uuid import uuid4

import pytest

from deploy.local.operations.bench.applied import counted
from deploy.local.operations.bench.generator import milliseconds
from deploy.local.operations.bench.report import Burst, Figures, lines, machine
from deploy.local.operations.bench.sink import Sink
from deploy.local.operations.bench.wire import Connection, ConnectionEnded, content_length, request
from deploy.local.operations.bench.workload import batches, envelopes, life
from shared.registry import registry


def test_every_device_lives_a_history_that_the_server_accepts() -> None:
    events = envelopes(life(300))

    assert [event.sequence_number for event in events] == list(range(1, 301))
    for event in events:
        registry().parse(event.event_type, event.schema_version, event.payload)


def test_batches_cover_the_history_in_order() -> None:
    sent = list(batches(uuid4(), life(25), 10))

    assert [last for last, _ in sent] == [10, 20, 25]
    assert all(body.endswith(b"]}") for _, body in sent)


async def test_requests_get_their_answers_one_after_the_other() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    connection = await Connection.open(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        answers = [await connection.send(request("POST", "/", "token", b"x" * size)) for size in (0, 10, 300_000)]
    connection.close()

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert all(b"last_acked_sequence" in answer.body for answer in answers)


def test_an_answer_without_a_length_is_not_guessed() -> None:
    assert content_length(b"http/1.1 200 ok\r\ncontent-length: 12\r\nx: y") == 12
    with pytest.raises(ConnectionEnded):
        content_length(b"http/1.1 200 ok\r\ntransfer-encoding: chunked")


def test_the_counter_is_found_among_other_metrics() -> None:
    page = b"# HELP consumer_applied_total Events applied\nconsumer_applied_total 1234.0\nother_total 7.0\n"

    assert counted(page) == 1234
    assert counted(b"other_total 7.0\n") == 0


def test_percentiles_are_in_milliseconds() -> None:
    assert milliseconds([0.001] * 99 + [0.5]) == {"p50": 1.0, "p99": 500.0}
    assert milliseconds([]) == {"p50": None, "p99": None}


def test_the_table_tells_which_goals_are_reached() -> None:
    burst = Burst(100, 40_000, {"p50": 1, "p99": 2}, 400_000, 0, 15_000, 0.3, 500_000)
    figures = Figures(machine(), copy_rate=180_000, bursts=[burst], sustained_rate=9_000)

    reached = {line.name: line.reached for line in lines(figures)}

    assert reached["burst in batches of 100"] is True
    assert reached["sustained, projected too"] is False
    assert figures.as_json()["ratios"]["burst_100"] == 0.222
