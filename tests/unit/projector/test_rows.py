"""What a scope of rows is written with."""

from uuid import uuid4

import pytest

from services.projector.views import exercises
from services.projector.views.rows import replacing
from shared.views.exercises import undefined_row


@pytest.mark.parametrize("users", [1, 2, 300])
@pytest.mark.parametrize("gone", [False, True])
def test_a_batch_has_two_statements_a_table_however_many_users_it_has(users: int, gone: bool) -> None:
    ids = [uuid4() for _ in range(users)]
    rows = [] if gone else [(user_id, undefined_row(uuid4())) for user_id in ids]

    statements = replacing("g1", exercises.TABLE, ["user_id"], [(user_id,) for user_id in ids], rows)

    assert len(statements) == (1 if gone else 2)


def test_rows_that_are_written_in_their_own_places_delete_nothing() -> None:
    user_id, row = uuid4(), undefined_row(uuid4())

    (statement,) = replacing(
        "g1", exercises.TABLE, ["user_id", "exercise_id"], [(user_id, row.exercise_id)], [(user_id, row)]
    )

    assert statement[0].startswith("INSERT")
