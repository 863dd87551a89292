"""Hevy body measurements."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.unit.client.importing.samples import HEVY_MEASUREMENTS, export


def test_a_row_is_a_measurement() -> None:
    found = export(HEVY_MEASUREMENTS, '"15 Sep 2025, 07:48",82.5,16.5,38,,36.5,85,84.5,')

    (measurement,) = found.measurements
    assert (found.source, found.rows, found.imported_rows, found.sessions) == ("hevy_measurements", 1, 1, ())
    assert measurement.measured_at == datetime(2025, 9, 15, 5, 48, tzinfo=UTC)
    assert measurement.units == "metric"
    assert measurement.values == {
        "weight": Decimal("82.5"),
        "fat_percent": Decimal("16.5"),
        "neck": Decimal(38),
        "left_bicep": Decimal("36.5"),
        "abdomen": Decimal(85),
        "waist": Decimal("84.5"),
    }


def test_pounds_and_inches_stay_as_they_were_entered() -> None:
    found = export("date,weight_lbs,waist_in", "2025-09-15,180,33.5")

    (measurement,) = found.measurements
    assert measurement.units == "imperial"
    assert measurement.values == {"weight": Decimal(180), "waist": Decimal("33.5")}


def test_a_mixture_becomes_metric() -> None:
    found = export("date,weight_lbs,waist_cm", "2025-09-15,200,85")

    (measurement,) = found.measurements
    assert measurement.units == "metric"
    assert measurement.values == {"weight": Decimal("90.718474"), "waist": Decimal(85)}


def test_rows_without_a_measure_or_with_an_impossible_one_are_reported() -> None:
    found = export(HEVY_MEASUREMENTS, "2025-09-15,,,,,,,,", "2025-09-16,80,,,,,,,", "2025-09-17,-80,,,,,,,")

    assert (found.rows, found.imported_rows) == (3, 1)
    assert [skipped.line for skipped in found.skipped] == [2, 4]


def test_two_measurements_at_one_time_are_two() -> None:
    found = export(HEVY_MEASUREMENTS, "2025-09-15,80,,,,,,,", "2025-09-15,80,,,,,,,")

    assert [measurement.occurrence for measurement in found.measurements] == [0, 1]
