"""The body and the profile, from the command line."""

import pytest

from client.cli.body import UnknownMeasure, UnreadableDate
from tests.unit.client.cli.running import Run


def test_what_is_no_number_is_met_with_an_example(run: Run) -> None:
    with pytest.raises(UnknownMeasure, match='"abc" is no number'):
        run("measure", "--set", "chest=abc")


def test_what_is_no_day_is_met_with_an_example(run: Run) -> None:
    with pytest.raises(UnreadableDate, match="1990-12-31"):
        run("profile", "--born", "1990-13-01")
