"""A letter about any record that the broker took is one that it takes, too."""

import os
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from shared.dead_letters import (
    LONGEST_HEADERS,
    LONGEST_KEY,
    LONGEST_REASON,
    LONGEST_VALUE,
    DeadLetter,
    dead_letter,
)
from shared.kafka import Outgoing, Publisher, Record
from shared.topics import DEAD_LETTERS, EVENTS
from tests.system.engines import RealEngines

ALMOST_ALL = 1_040_000
RECORDS = {
    "a value that is all it takes": Outgoing(b"key", os.urandom(ALMOST_ALL)),
    "such a key": Outgoing(os.urandom(ALMOST_ALL), b""),
    "such a header": Outgoing(b"key", b"", (("junk", os.urandom(ALMOST_ALL)),)),
    "such a number of headers": Outgoing(b"key", b"", (("", None),) * (ALMOST_ALL // 3)),
    "as much of all as a letter tells": Outgoing(
        os.urandom(LONGEST_KEY), os.urandom(LONGEST_VALUE), (("junk", os.urandom(LONGEST_HEADERS - 10)),)
    ),
}


@pytest.fixture
async def publisher(engines: RealEngines) -> AsyncIterator[Publisher]:
    opened = Publisher(engines.kafka_bootstrap)
    yield opened
    await opened.close()


@pytest.mark.parametrize("sent", RECORDS.values(), ids=RECORDS.keys())
async def test_the_broker_takes_the_letter(publisher: Publisher, sent: Outgoing) -> None:
    # given a record that the broker took
    await publisher.publish(EVENTS, [sent])
    # when it is buried with a reason as long as they get
    letter = dead_letter("projector", Record(EVENTS, 3, 14, *sent), "\x01" * 2 * LONGEST_REASON)
    # then that is taken as well, and names the record
    await publisher.publish(DEAD_LETTERS, [letter])
    read = DeadLetter.model_validate_json(letter.value)
    assert (read.topic, read.partition, read.offset) == (EVENTS, 3, 14)
    assert read.value in (None, b64encode(sent.value).decode())
