"""The list of erased ids, which outlives databases and full disks."""

from pathlib import Path
from uuid import uuid4

from services.ingest.erased_ids import ErasedIds


def test_each_id_is_listed_once(tmp_path: Path) -> None:
    first, second = uuid4(), uuid4()
    listed = ErasedIds(tmp_path / "erased")

    listed.add([first])
    listed.add([first, second])

    assert (tmp_path / "erased").read_text().split() == [str(first), str(second)]
    assert listed.all() == [first, second]


def test_half_a_line_that_a_full_disk_has_left_stops_nobody(tmp_path: Path) -> None:
    # given a list of one, and a second id of which only the beginning could be written
    first, second = uuid4(), uuid4()
    file = tmp_path / "erased"
    file.write_text(f"{first}\n{str(second)[:13]}")
    listed = ErasedIds(file)
    assert listed.all() == [first]
    # when it is added again
    listed.add([second])
    # then both are listed
    assert listed.all() == [first, second]


def test_where_there_is_no_list_nobody_is_listed() -> None:
    listed = ErasedIds(None)
    listed.add([uuid4()])
    assert listed.all() == []
