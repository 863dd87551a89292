"""Medians and slowest hundredths."""

from deploy.local.operations.percentiles import percentile, percentiles


def test_percentiles_of_few_and_of_none() -> None:
    assert (percentile([3.0, 1.0, 2.0], 50), percentile([3.0, 1.0, 2.0], 99)) == (2.0, 3.0)
    assert percentile([], 99) == 0
    assert percentiles([1.234, 5.678], 1) == {"p50": 5.7, "p99": 5.7}
    assert percentiles([], 1) == {"p50": None, "p99": None}
