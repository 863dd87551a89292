"""Real exports, where they are at hand: every row accounted for, and the same identities on every reading."""

from collections import Counter
from pathlib import Path

import pytest

from client.importing import Export, read_export
from client.importing.identifiers import set_id, workout_id
from shared.domains.workouts.events import SetType
from tests.unit.client.importing.samples import BERLIN

SAMPLES = Path(__file__).parents[4].parent / "shared" / "data"


def sample(name: str) -> Export:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample {name} is not here")
    return read_export(path.read_bytes(), unit=None, time_zone=BERLIN)


@pytest.mark.parametrize(("name", "workouts", "rows"), [("strong.csv", 15, 250), ("hevy.csv", 335, 7211)])
def test_every_row_of_a_real_file_is_accounted_for(name: str, workouts: int, rows: int) -> None:
    export = sample(name)

    assert (len(export.sessions), export.rows) == (workouts, rows)
    assert export.imported_rows + len(export.skipped) == rows
    assert export.imported_rows == rows


@pytest.mark.parametrize("name", ["strong.csv", "hevy.csv"])
def test_workouts_and_sets_of_a_real_file_have_ids_of_their_own(name: str) -> None:
    export = sample(name)

    workouts = {workout_id(export.source, session.key) for session in export.sessions}
    sets = {
        set_id(export.source, session.key, performed.exercise_name, performed.ordinal, performed.occurrence)
        for session in export.sessions
        for performed in session.sets
    }
    assert (len(workouts), len(sets)) == (len(export.sessions), export.imported_rows)


def test_the_sets_of_a_real_hevy_file() -> None:
    export = sample("hevy.csv")

    types = Counter(performed.set_type for session in export.sessions for performed in session.sets)
    assert types == {SetType.NORMAL: 3851, SetType.WARMUP: 2195, SetType.FAILURE: 1122, SetType.DROP: 43}


def test_the_unit_of_a_real_strong_file_is_guessed_right() -> None:
    export = sample("strong.csv")

    assert export.unit_guess is not None
    assert export.unit_guess.unit == "kg"
