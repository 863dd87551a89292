"""The table of how fast reads are."""

from deploy.local.operations.bench.reads import Measured, events_with, lines
from deploy.local.operations.bench.workload import life


def test_a_read_is_slow_when_its_slowest_hundredth_reaches_the_limit() -> None:
    quick = Measured("quick", [1.0] * 99 + [19.9], 2048)
    slow = Measured("slow", [1.0] * 98 + [20.0, 20.0], 512)

    assert list(lines([quick, slow])) == [
        ("quick", "1.0", "19.9", "2.0", ""),
        ("slow", "1.0", "20.0", "0.5", "slow"),
    ]


def test_the_user_has_as_many_sets_as_asked_for() -> None:
    events = events_with(1_500)

    assert sum(b'"SetCompleted"' in event for event in life(events)) >= 1_500
