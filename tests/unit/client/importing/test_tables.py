"""Files as they come: encodings, delimiters, broken quotes, and files that are something else."""

import pytest

from client.importing import UnknownExport, read_export
from client.importing.errors import UNDERSTOOD
from tests.unit.client.importing.samples import BERLIN, HEVY, STRONG_A, STRONG_B, export, hevy_row

ROW = '2024-01-01 10:00:00,Überkopf,35m,"Press",1,60,5,0,0,,,'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    found = read_export(f"{STRONG_A}\r\n{ROW}\r\n".encode(encoding), unit="kg", time_zone=BERLIN)

    assert found.sessions[0].name == "Überkopf"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(end: str) -> None:
    found = read_export(end.join([STRONG_A, "", ROW, "", ROW]).encode(), unit="kg", time_zone=BERLIN)

    assert (found.rows, found.imported_rows) == (2, 2)
    assert [performed.line for performed in found.sessions[0].sets] == [3, 5]


def test_a_semicolon_inside_quotes_is_text() -> None:
    found = export(STRONG_B, '2024-01-01 10:00:00;"Push; heavy";Press;1;60;kg;5;;;;0;;;35m')

    assert found.sessions[0].name == "Push; heavy"


def test_a_quote_that_never_closes_costs_its_own_row() -> None:
    broken = '2024-01-01 10:00:00,"Legs,35m,Squat,1,60,5,0,0,,,'

    found = export(STRONG_A, ROW, broken, ROW, ROW)

    assert (found.rows, found.imported_rows) == (4, 3)
    assert [skipped.line for skipped in found.skipped] == [3]


def test_quotes_that_nobody_doubled_are_read_as_well_as_possible() -> None:
    loose = hevy_row().replace('"Bench Press (Barbell)"', '"Bench "heavy" Press"')

    found = export(HEVY, loose, hevy_row(set_index="1"))

    assert (found.rows, found.imported_rows) == (2, 2)


@pytest.mark.parametrize("content", ["", "\n\n", "a,b,c\n1,2,3", "{}", "\x00\x01\x02", "Date,Weight\n2024-01-01,80"])
def test_a_file_of_another_kind_is_refused_with_what_is_understood(content: str) -> None:
    with pytest.raises(UnknownExport) as refused:
        read_export(content.encode(), unit=None, time_zone=BERLIN)

    assert all(kind in str(refused.value) for kind in UNDERSTOOD)


def test_a_header_alone_is_an_export_of_nothing() -> None:
    found = export(HEVY)

    assert (found.rows, found.sessions, found.skipped) == (0, (), ())
