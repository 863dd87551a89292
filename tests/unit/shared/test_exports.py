"""Exports are read as a whole before they go out."""

from collections.abc import AsyncIterator

import pytest

from shared import exports
from shared.exports import exported


async def test_all_is_read_before_the_first_piece_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # given more than is kept in memory
    monkeypatch.setattr(exports, "IN_MEMORY", 1_000)
    monkeypatch.setattr(exports, "CHUNK", 300)
    ended = False

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal ended
        for number in range(100):
            yield b"%03d %s\n" % (number, b"x" * 40)
        ended = True

    # when it is asked for, then whatever it was read from is done with before anybody reads it
    response = await exported(pieces())
    assert ended
    got = b"".join([bytes(chunk) async for chunk in response.body_iterator])  # type: ignore[arg-type]
    assert got == b"".join([b"%03d %s\n" % (number, b"x" * 40) for number in range(100)])


async def test_a_fault_while_it_is_read_is_no_answer_that_breaks_off() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one\n"
        raise ConnectionError("away")

    with pytest.raises(ConnectionError):
        await exported(pieces())
