"""The body and the profile, from the command line."""

from decimal import Decimal
from uuid import UUID

import pytest

from client.cli.body import NothingMeasured, UnknownMeasure, UnreadableDate
from client.cli.opening import Log
from client.plausible import Implausible
from shared.domains.body.events import BodyMeasurementRecorded
from tests.unit.client.cli.running import Run, answer


def test_what_is_no_number_is_met_with_an_example(run: Run) -> None:
    with pytest.raises(UnknownMeasure, match='"abc" is no number'):
        run("measure", "--set", "chest=abc")


def test_what_is_no_day_is_met_with_an_example(run: Run) -> None:
    with pytest.raises(UnreadableDate, match="1990-12-31"):
        run("profile", "--born", "1990-13-01")


def test_all_that_was_measured_is_repeated_as_it_was_typed(run: Run) -> None:
    assert "180 lb, waist 34.5 in" in run("measure", "180", "--waist", "34.5", "--units", "imperial")
    assert "81.5 kg, left thigh 60 cm" in run("measure", "81.5", "--set", "left_thigh=60")


def test_a_profile_is_told_in_words(run: Run) -> None:
    told = run("profile", "--week-start", "sun", "--height", "180.0")

    assert "week start   sunday" in told
    assert "height cm    180\n" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("measure", "9999"),
        ("measure", "19"),
        ("measure", "1600lb"),
        ("measure", "--height", "1.8"),
        ("measure", "--height", "inf", "--units", "imperial"),
        ("measure", "--set", "fat_percent=150"),
        ("measure", "--set", "fat_percent=0.5"),
        ("profile", "--height", "1.8"),
        ("profile", "--born", "2090-01-01"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_not_taken(run: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(Implausible):
        run(*arguments)

    assert answer(run("status", "--json"))["pending"] == 0


def test_all_that_was_measured_is_listed(run: Run) -> None:
    run("measure", "82.5", "--waist", "85", "--set", "chest=101.5", "--set", "left_thigh=60", "--note", "after lunch")

    told = " ".join(run("measure").split())

    for value in ("82.5", "85", "chest 101.5", "left thigh 60", "after lunch"):
        assert value in told


def test_a_long_list_says_that_it_is_not_all(run: Run) -> None:
    run("measure", "82.5")
    assert "--json" not in run("measure")
    log = Log()
    log.add(
        BodyMeasurementRecorded(measurement_id=UUID(int=number), measured_at=log.now, weight=Decimal(80))
        for number in range(30)
    )

    assert "the last 30 of 31; --json lists all of them" in run("measure")
    assert len(answer(run("measure", "--json"))) == 31


@pytest.mark.parametrize("said", [("--note", "after lunch"), ("--at", "18:30")], ids=" ".join)
def test_what_is_said_of_no_value_is_not_dropped_in_silence(run: Run, said: tuple[str, ...]) -> None:
    with pytest.raises(NothingMeasured, match="what was measured"):
        run("measure", *said)


@pytest.mark.parametrize("reference", ["", "-", "{end}"])
def test_what_means_no_measurement_removes_none(run: Run, reference: str) -> None:
    measurement_id = answer(run("measure", "80", "--json"))["measurement_id"]

    with pytest.raises(UnknownMeasure, match="0 measurements are meant by"):
        run("measure", "--remove", reference.format(end=measurement_id[-3:]))

    assert len(answer(run("measure", "--json"))) == 1


def test_a_measurement_is_meant_by_the_end_of_its_id(run: Run) -> None:
    measurement_id = answer(run("measure", "80", "--json"))["measurement_id"]

    run("measure", "--remove", measurement_id[-6:].upper())

    assert answer(run("measure", "--json")) == []
