"""`hypertrophy simulate`: what it says, and how it ends."""

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.simulation import command as commands
from deploy.simulation import runs
from deploy.simulation.runs import Finding


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(commands.command)
    return app


def ran(app: typer.Typer, *words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_one_world_tells_its_story_and_the_same_one_again(app: typer.Typer) -> None:
    once, again = ran(app, "--seed", "7"), ran(app, "--seed", "7")

    assert once.exit_code == 0
    assert "sync: phone 1" in once.output
    assert "seed 7 is sound" in once.output
    assert again.output == once.output


def test_another_seed_tells_another_story(app: typer.Typer) -> None:
    assert ran(app, "--seed", "8").output != ran(app, "--seed", "9").output


def test_many_worlds_end_with_a_count(app: typer.Typer) -> None:
    result = ran(app, "--seeds", "3", "--first", "40", "--steps", "30", "--workers", "1")

    assert result.exit_code == 0
    assert "3 worlds: 3 sound, 0 not" in result.output


def test_a_world_that_is_not_sound_says_how_to_play_it_again(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "differences", lambda world: ["lost: a set"])

    result = ran(app, "--seed", "8", "--steps", "20")

    assert result.exit_code == 1
    assert "at step 20:" in result.output
    assert "lost: a set" in result.output
    assert "./hypertrophy simulate --seed 8 --steps 20" in result.output


def test_among_many_worlds_those_that_are_not_sound_are_named(
    app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def some(seeds: range, *_: int) -> Iterator[Finding | None]:
        yield from (Finding(seed, 200, f"lost in {seed}", ("1 sync: phone 1",)) if seed % 2 else None for seed in seeds)

    monkeypatch.setattr(commands, "simulate_all", some)

    result = ran(app, "--seeds", "4", "--first", "10")

    assert result.exit_code == 1
    assert "4 worlds: 2 sound, 2 not" in result.output
    assert "seeds: 11, 13" in result.output
    assert "lost in 13" in result.output
    assert "./hypertrophy simulate --seed 11" in result.output
