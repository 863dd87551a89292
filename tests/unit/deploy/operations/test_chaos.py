"""Faults are drawn from a seed, and what was acknowledged is reckoned strictly."""

import random
from uuid import uuid4

from deploy.local.operations.chaos.faults import draw
from deploy.local.operations.chaos.phones import Acknowledged, diary
from deploy.local.operations.chaos.reckoning import Kept, lost
from deploy.local.operations.verification.topics import Published, Topic

NAMES = ["http", "ingest-relay", "kafka", "postgres", "projector-worker"]


def test_a_seed_draws_the_same_faults_again() -> None:
    def drawn(seed: int) -> list[str]:
        chance = random.Random(seed)
        return [draw(chance, NAMES).kind for _ in range(50)]

    assert drawn(4) == drawn(4)
    assert drawn(4) != drawn(5)
    assert {kind.split()[1] for kind in drawn(4)} == set(NAMES)
    assert {kind.split()[0] for kind in drawn(4)} == {"killed", "paused"}


def test_phones_of_one_user_log_the_same_history() -> None:
    first, second = diary(7), diary(7)

    assert [next(first).payload for _ in range(20)] == [next(second).payload for _ in range(20)]


def test_what_was_acknowledged_must_be_in_the_store_and_on_the_topic() -> None:
    device, kept = uuid4(), Kept()
    acked = [Acknowledged(device, number, uuid4()) for number in (1, 2, 3)]
    kept.at = {(device, 1): acked[0].event_id, (device, 2): acked[1].event_id, (device, 3): uuid4()}
    published = Published()
    published.take(1, str(acked[0].event_id), 0)

    missing = list(lost(acked, kept, Topic({device: published})))

    assert missing == [f"event 2 of {device} is not on the topic", f"event 3 of {device} is not in the store"]
