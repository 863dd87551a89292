"""Small exports as the apps write them, for the tests of this room."""

from typing import Literal
from zoneinfo import ZoneInfo

from client.importing import Export, ImportedSet, read_export

BERLIN = ZoneInfo("Europe/Berlin")

STRONG_A = "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE"
STRONG_B = (
    "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance Unit;Seconds;"
    "Notes;Workout Notes;Workout Duration"
)
STRONG_C = (
    '"Workout #";"Date";"Workout Name";"Duration (sec)";"Exercise Name";"Set Order";"Weight (kg)";"Reps";"RPE";'
    '"Distance (meters)";"Seconds";"Notes";"Workout Notes"'
)
HEVY = (
    '"title","start_time","end_time","description","exercise_title","superset_id","exercise_notes","set_index",'
    '"set_type","weight_kg","reps","distance_km","duration_seconds","rpe"'
)
FITNOTES = "Date,Exercise,Category,Weight (kgs),Reps,Distance,Distance Unit,Time,Comment"
HEVY_MEASUREMENTS = "date,weight_kg,fat_percent,neck_cm,shoulder_cm,left_bicep_cm,abdomen_cm,waist_cm,hips_cm"


def export(*lines: str, unit: Literal["kg", "lb"] | None = "kg", zone: ZoneInfo = BERLIN) -> Export:
    return read_export("\n".join(lines).encode(), unit=unit, time_zone=zone)


def only_set(*lines: str, unit: Literal["kg", "lb"] | None = "kg") -> ImportedSet:
    found = export(*lines, unit=unit)
    assert found.skipped == ()
    (session,) = found.sessions
    (performed,) = session.sets
    return performed


def hevy_row(**cells: str) -> str:
    """One row of a Hevy export, a bench press unless told otherwise."""
    usual = {
        "title": "Push",
        "start_time": "15 Sep 2025, 07:48",
        "end_time": "15 Sep 2025, 09:13",
        "exercise_title": "Bench Press (Barbell)",
        "set_index": "0",
        "set_type": "normal",
        "weight_kg": "100",
        "reps": "5",
    }
    columns = [column.strip('"') for column in HEVY.split(",")]
    assert set(cells) <= set(columns)
    return ",".join(f'"{(usual | cells).get(column, "")}"' for column in columns)
