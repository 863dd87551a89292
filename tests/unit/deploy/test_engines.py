"""What runs here and what is reached elsewhere; the jars' cache; secrets that last. No engine is started."""

import threading
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.engines import Engines
from deploy.local.folders import secret
from deploy.local.jars import Meter, find_jars
from deploy.local.processes import StartError

ELSEWHERE = "postgresql+asyncpg://someone@database.example/ingest"


def names(engines: Engines) -> list[str]:
    return [engine.process.name for engine in engines.embedded]


def test_both_engines_run_here_unless_an_address_is_given(tmp_path: Path) -> None:
    assert names(Engines(tmp_path)) == ["postgres", "kafka"]
    assert names(Engines(tmp_path, given={"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"})) == ["postgres"]


def test_postgresql_runs_here_until_every_database_is_elsewhere(tmp_path: Path) -> None:
    some = Engines(tmp_path, given={"DATABASE_URL_INGEST": ELSEWHERE})
    every = Engines(tmp_path, databases=["ingest"], given={"DATABASE_URL_INGEST": ELSEWHERE})

    assert names(some) == ["postgres", "kafka"]
    assert some.postgres_url("ingest") == some.environment()["DATABASE_URL_INGEST"] == ELSEWHERE
    assert some.postgres_url("auth").startswith("postgresql+asyncpg://auth:")
    assert names(every) == ["kafka"]


def test_other_variables_are_no_engines(tmp_path: Path) -> None:
    assert set(Engines(tmp_path, given={"HOME": "/"}).environment()) == {
        "DATABASE_URL_INGEST",
        "DATABASE_URL_PROJECTOR",
        "DATABASE_URL_AUTH",
        "DATABASE_URL_COACH",
        "KAFKA_BOOTSTRAP_SERVERS",
    }


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = secret(tmp_path, "token")

    assert secret(tmp_path, "token") == first
    assert secret(tmp_path, "other") != first
    assert (tmp_path / "secrets" / "token").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYPERTROPHY_CACHE", str(tmp_path))
    return tmp_path


async def test_jars_are_resolved_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = []

    def resolve(repository: Path, _meter: Meter) -> list[Path]:
        resolved.append(repository)
        jar = repository / "org" / "kafka.jar"
        jar.parent.mkdir(parents=True)
        jar.touch()
        return [jar]

    monkeypatch.setattr(jars, "resolve", resolve)

    found = await find_jars()
    again = await find_jars()

    assert len(resolved) == 1
    assert found == again
    assert all(jar.is_absolute() and jar.exists() for jar in found)


async def test_an_interrupted_download_is_not_taken_for_a_whole_one(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(repository: Path, _meter: Meter) -> list[Path]:
        repository.mkdir(parents=True)
        (repository / "half.jar").touch()
        raise StartError("the network went away")

    def whole(repository: Path, _meter: Meter) -> list[Path]:
        assert not (repository / "half.jar").exists()
        repository.mkdir(parents=True)
        (repository / "whole.jar").touch()
        return [repository / "whole.jar"]

    monkeypatch.setattr(jars, "resolve", half)
    with pytest.raises(StartError, match="network"):
        await find_jars()
    monkeypatch.setattr(jars, "resolve", whole)

    assert [jar.name for jar in await find_jars()] == ["whole.jar"]


def test_an_interrupt_ends_the_download_at_the_next_piece() -> None:
    interrupted = threading.Event()

    with jars.progress(None, interrupted) as meter, meter("kafka.jar", 10) as received:
        received(5)
        interrupted.set()
        with pytest.raises(StartError, match="interrupted"):
            received(5)
