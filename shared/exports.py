"""Exports: JSON lines that are read as a whole before the first of them goes out."""

from collections.abc import AsyncIterator, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi.responses import StreamingResponse

JSON_LINES = "application/x-ndjson"
IN_MEMORY = 4 * 1024 * 1024
CHUNK = 64 * 1024


async def exported(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    """Answers with these pieces. Whoever reads slowly keeps no transaction open, and a fault while they are read is an
    answer of its own instead of one that breaks off."""
    kept: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed when it was sent
    try:
        async for piece in pieces:
            kept.write(piece)
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return StreamingResponse(_chunks(kept), media_type=JSON_LINES)


def _chunks(kept: IO[bytes]) -> Iterator[bytes]:
    with kept:
        while chunk := kept.read(CHUNK):
            yield chunk
