"""Which stages `hypertrophy test` runs, and with what."""

import pytest
import typer

from deploy.local.testing import STAGES, chosen


def names(arguments: list[str]) -> tuple[list[str], list[str]]:
    stages, further = chosen(arguments)
    return [stage.name for stage in stages], list(further)


def test_without_a_name_everything_runs() -> None:
    assert names([]) == ([stage.name for stage in STAGES], [])


def test_a_name_runs_one_stage_and_hands_on_the_rest() -> None:
    assert names(["unit", "-k", "relay"]) == (["unit"], ["-k", "relay"])


def test_arguments_alone_go_to_the_stages_that_take_them() -> None:
    assert names(["-k", "relay"]) == (["unit", "system"], ["-k", "relay"])


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(typer.BadParameter, match="lint, types, laws, unit, system"):
        names(["units"])
