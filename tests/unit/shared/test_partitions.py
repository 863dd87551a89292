"""A device's records always go where every Kafka client would put them: its order hangs on that."""

from uuid import uuid4

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka import partition_of


@given(st.binary(min_size=1, max_size=60) | st.builds(lambda: str(uuid4()).encode()), st.integers(1, 64))
def test_a_key_goes_where_the_usual_partitioner_puts_it(key: bytes, count: int) -> None:
    everywhere = list(range(count))

    assert partition_of(key, count) == DefaultPartitioner()(key, everywhere, everywhere)
