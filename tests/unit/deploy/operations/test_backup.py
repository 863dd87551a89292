"""A backup proves itself before anything is done with it."""

import tarfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from client.cli.__main__ import create_app
from deploy.local.operations.backup import restoring
from deploy.local.operations.backup.archive import BadBackup, Manifest, pack, unpack
from deploy.local.operations.backup.databases import claimed
from deploy.local.operations.backup.restoring import Restored
from deploy.local.operations.backup.saving import WillNotWrite, check
from deploy.local.processes import StartError

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STORE = {"server_epoch": uuid4(), "devices": 1, "events": 2}


def packed(folder: Path) -> Path:
    parts = folder / "parts"
    parts.mkdir()
    (parts / "auth.dump").write_bytes(b"users")
    (parts / "heads.jsonl").write_bytes(b"{}\n")
    target = folder / "one.backup"
    pack(parts, Manifest.of(parts, NOW, "0.1.0", STORE), target)
    return target


def test_what_was_packed_is_unpacked_and_proven(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    manifest = unpack(packed(tmp_path), tmp_path / "out")

    assert (manifest.events, set(manifest.parts)) == (2, {"auth.dump", "heads.jsonl"})
    assert (tmp_path / "out" / "auth.dump").read_bytes() == b"users"


def test_only_the_owner_may_read_a_backup(tmp_path: Path) -> None:
    assert packed(tmp_path).stat().st_mode & 0o077 == 0


def test_what_an_interrupted_backup_left_changes_nothing(tmp_path: Path) -> None:
    left = tmp_path / ".one.backup.partial"
    left.touch(mode=0o644)

    assert packed(tmp_path).stat().st_mode & 0o077 == 0
    assert not left.exists()


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "add", full)

    with pytest.raises(OSError, match="No space"):
        packed(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["parts"]


def test_a_changed_part_is_refused(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "parts" / "auth.dump").write_bytes(b"other")
    with tarfile.open(tmp_path / "changed.backup", "w") as tar:
        for path in (tmp_path / "parts").iterdir():
            tar.add(path, arcname=path.name)

    (tmp_path / "out").mkdir()

    with pytest.raises(BadBackup, match=r"auth\.dump"):
        unpack(tmp_path / "changed.backup", tmp_path / "out")


@pytest.mark.parametrize("name", ["../parts/auth.dump", "auth.dump\0"])
def test_a_part_cannot_leave_the_folder_that_it_is_unpacked_into(tmp_path: Path, name: str) -> None:
    parts, out = tmp_path / "parts", tmp_path / "out"
    for folder in (parts, out):
        folder.mkdir()
    (parts / "auth.dump").write_bytes(b"users")
    made = Manifest.of(parts, NOW, "0.1.0", STORE)
    odd = made.model_copy(update={"parts": {name: made.parts["auth.dump"]}})
    (parts / "manifest.json").write_text(odd.model_dump_json())
    with tarfile.open(tmp_path / "odd", "w") as tar:
        tar.add(parts / "manifest.json", arcname="manifest.json")

    with pytest.raises(BadBackup, match="not the name of a part"):
        unpack(tmp_path / "odd", out)

    assert not list(out.iterdir())


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"Date,Exercise\n" * 1_000, b"\x00" * 10_240])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(BadBackup) as refused:
        unpack(tmp_path / "file", tmp_path / "out")

    assert str(refused.value) == f"{tmp_path / 'file'} is no backup"


def restored(file: Path, data: Path, answer: str = "n\n") -> Result:
    return CliRunner().invoke(create_app(), ["restore", str(file), "--data", str(data)], input=answer)


def used(folder: Path) -> Path:
    (folder / "data" / "postgres").mkdir(parents=True)
    return folder / "data"


def test_whoever_restores_is_asked_only_when_the_file_is_a_backup(tmp_path: Path) -> None:
    (tmp_path / "sets.csv").write_text("Date,Exercise\n")

    done = restored(tmp_path / "sets.csv", used(tmp_path))

    assert isinstance(done.exception, BadBackup)
    assert done.output == ""


def test_whoever_restores_is_asked_only_when_no_stack_runs(tmp_path: Path) -> None:
    file, data = packed(tmp_path), used(tmp_path)

    with claimed(data):
        done = restored(file, data)

    assert isinstance(done.exception, StartError)
    assert done.output == ""


def test_whoever_restores_is_told_what_replaces_the_databases(tmp_path: Path) -> None:
    done = restored(packed(tmp_path), used(tmp_path))

    assert "(2 events of 2026-11-21 00:00)? [y/N]" in done.output
    assert done.exit_code == 1


def test_the_outcome_of_a_restore_is_one_line_at_any_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def bring_back(*_: object) -> Restored:
        return Restored(UUID(int=7), 1_234_567, 1_234, 0, "generation_1")

    monkeypatch.setattr(restoring, "bring_back", bring_back)
    monkeypatch.setenv("COLUMNS", "80")

    done = CliRunner().invoke(create_app(), ["restore", str(packed(tmp_path)), "--yes", "--data", str(tmp_path)])

    assert done.output == f"restored 1,234,567 events of 1,234 devices under epoch {UUID(int=7)}\n"


def test_a_backup_replaces_no_file_unasked(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("yesterday")

    with pytest.raises(WillNotWrite, match="--force"):
        check(tmp_path / "old", force=False)

    check(tmp_path / "old", force=True)
    check(tmp_path / "new", force=False)


@pytest.mark.parametrize("place", ["none/new", "."])
def test_a_backup_is_a_file_in_a_folder_that_is_there(tmp_path: Path, place: str) -> None:
    done = CliRunner().invoke(create_app(), ["backup", str(tmp_path / place), "--force", "--data", str(tmp_path)])

    assert isinstance(done.exception, WillNotWrite)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_cannot_be_claimed(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(StartError, match="in use"), claimed(tmp_path):
        pass
