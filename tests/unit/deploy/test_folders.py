"""What the local run keeps in files of its own."""

import os
from pathlib import Path

import pytest

from deploy.local.folders import NoFolder, private_folder, write_private


def test_a_private_file_is_on_disk_when_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, on_disk = tmp_path / "server.erased-ids", list[int]()
    monkeypatch.setattr(os, "fsync", lambda opened: on_disk.append(os.fstat(opened).st_ino))

    write_private(file, "somebody\n")

    assert on_disk == [file.stat().st_ino, tmp_path.stat().st_ino]
    assert file.read_text() == "somebody\n"
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", ["file", "file/data", "file/data/secrets"])
def test_a_file_where_a_folder_has_to_be_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NoFolder, match=f"^{tmp_path}/file is a file; --data names a folder$"):
        private_folder(tmp_path / place)
