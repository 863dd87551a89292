"""A backup proves itself before anything is done with it."""

import tarfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.operations.backup.archive import BadBackup, Manifest, pack, unpack
from deploy.local.operations.backup.databases import claimed
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


def test_a_changed_part_is_refused(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "parts" / "auth.dump").write_bytes(b"other")
    with tarfile.open(tmp_path / "changed.backup", "w") as tar:
        for path in (tmp_path / "parts").iterdir():
            tar.add(path, arcname=path.name)

    with pytest.raises(BadBackup, match=r"auth\.dump"):
        unpack(tmp_path / "changed.backup", tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"\x00" * 10_240])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(BadBackup):
        unpack(tmp_path / "file", tmp_path / "out")


def test_a_folder_in_use_cannot_be_claimed(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(StartError, match="in use"), claimed(tmp_path):
        pass
