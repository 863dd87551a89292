"""What the local run keeps in files of its own."""

import os
from pathlib import Path

import pytest

from deploy.local.folders import write_private


def test_a_private_file_is_on_disk_when_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, on_disk = tmp_path / "server.erased-ids", list[int]()
    monkeypatch.setattr(os, "fsync", lambda opened: on_disk.append(os.fstat(opened).st_ino))

    write_private(file, "somebody\n")

    assert on_disk == [file.stat().st_ino, tmp_path.stat().st_ino]
    assert file.read_text() == "somebody\n"
    assert file.stat().st_mode & 0o077 == 0
