"""Templates: what is refused before it costs more than a plan is worth."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from pydantic_core import to_json

from shared.domains.templates.events import MOST_SETS, TemplateSaved
from shared.registry import registry


def planned(*sets: int) -> dict[str, Any]:
    """A plan with so many sets of each of its exercises."""
    exercises = [{"exercise_id": str(uuid4()), "sets": [{"reps": 5}] * count} for count in sets]
    return {"template_id": str(uuid4()), "name": "Legs", "exercises": exercises}


def test_a_plan_has_as_many_sets_as_anybody_could_do() -> None:
    for payload in (planned(*[100] * (MOST_SETS // 100)), planned()):
        said = registry().parse("TemplateSaved", 1, payload)

        assert isinstance(said, TemplateSaved)
        assert registry().parse_text("TemplateSaved", 1, to_json(payload).decode()) == said


def test_more_are_refused_and_the_place_is_named() -> None:
    payload = planned(*[100] * (MOST_SETS // 100), 1)

    with pytest.raises(ValidationError, match=f"at most {MOST_SETS} sets") as caught:
        registry().parse("TemplateSaved", 1, payload)

    assert caught.value.errors()[0]["loc"] == ("exercises",)


@pytest.mark.parametrize("exercises", [None, "all", [1], [{"sets": []}], [{"exercise_id": str(uuid4()), "sets": "5"}]])
def test_what_is_no_list_of_exercises_is_refused_as_ever(exercises: Any) -> None:
    with pytest.raises(ValidationError):
        registry().parse("TemplateSaved", 1, {**planned(), "exercises": exercises})
