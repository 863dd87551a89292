"""Request bodies with a limit that holds before they are read."""

from fastapi import Request

from shared.errors import TooLarge

MAX_BODY = 1024 * 1024


async def limited_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body.

    Raises:
        TooLarge: as soon as it is known to be longer than `limit` bytes.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(f"at most {limit} bytes a request")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"at most {limit} bytes a request")
        chunks.append(chunk)
    return b"".join(chunks)
