"""What the broker really does with batches, redelivery and bad records."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from shared.kafka import Outgoing, Publisher, PublishFailed, Record, create_broker, has_partitions, subscribe
from shared.topics import COACH
from tests.eventually import eventually
from tests.system.engines import RealEngines


async def test_a_failing_handler_gets_the_same_records_again_in_order(engines: RealEngines) -> None:
    # given a topic with records of several keys, one with a header that is not UTF-8
    mark = uuid4().hex.encode()
    publisher = Publisher(engines.kafka_bootstrap)
    await publisher.publish(
        COACH,
        [Outgoing(b"key-%d" % (n % 3), mark + b"%d" % n, (("correlation_id", b"\xff"),)) for n in range(300)],
    )
    # when the handler fails for a while
    taken: list[Record] = []
    failures = iter([OSError("once"), OSError("twice")])

    async def handler(records: Sequence[Record]) -> None:
        if failure := next(failures, None):
            raise failure
        taken.extend(record for record in records if record.value.startswith(mark))

    broker = create_broker(engines.kafka_bootstrap)
    subscriber = subscribe(broker, COACH, handler, group=f"test-{uuid4()}")
    await broker.start()
    await eventually(lambda: asyncio.sleep(0, len(taken) >= 300))
    # then nothing is lost, each key is in order, and the consumer counts as assigned
    assert has_partitions(subscriber)
    for key in (b"key-0", b"key-1", b"key-2"):
        numbers = [int(record.value.removeprefix(mark)) for record in taken if record.key == key]
        assert numbers == sorted(numbers)
    assert {int(record.value.removeprefix(mark)) for record in taken} == set(range(300))
    await broker.stop()
    await publisher.close()


async def test_a_publisher_says_so_when_nobody_acknowledges_and_works_again_later(engines: RealEngines) -> None:
    publisher = Publisher(engines.kafka_bootstrap, timeout=timedelta(seconds=3))
    await engines.broker.kill()
    try:
        with pytest.raises(PublishFailed):
            await publisher.publish(COACH, [Outgoing(b"key", b"while the broker is away")])
    finally:
        await engines.broker.start()
    await asyncio.wait_for(_published(publisher), 30)
    await publisher.close()


async def test_publishing_at_once_for_the_first_time_leaves_nothing_running(engines: RealEngines) -> None:
    # given a publisher that has no producer yet
    publisher = Publisher(engines.kafka_bootstrap)
    before = asyncio.all_tasks()
    # when several publish with it at once, and it is closed
    await asyncio.gather(*(publisher.publish(COACH, [Outgoing(b"key", b"at once")]) for _ in range(3)))
    await publisher.close()
    # then no second producer goes on without it
    assert asyncio.all_tasks() <= before


async def _published(publisher: Publisher) -> None:
    while True:
        try:
            return await publisher.publish(COACH, [Outgoing(b"key", b"after its return")])
        except PublishFailed:
            await asyncio.sleep(0.2)
