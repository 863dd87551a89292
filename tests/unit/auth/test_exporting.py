"""The export's archive."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from uuid import UUID

import httpx2
import pytest

from services.auth.exporting import archive

USER = UUID(int=1)
LINES = b'{"n": 1}\n{"n": 2}\n'


class Broken(httpx2.AsyncByteStream):
    """An answer that stops in the middle."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield LINES
        raise httpx2.ReadError("gone")


def answering(answers: Mapping[str, Callable[[], httpx2.Response]]) -> Callable[[str], httpx2.AsyncClient]:
    """Clients by service; one without an answer is away."""

    def client(service: str) -> httpx2.AsyncClient:
        def handle(request: httpx2.Request) -> httpx2.Response:
            assert request.url.params["user_id"] == str(USER)
            if service not in answers:
                raise httpx2.ConnectError("refused")
            return answers[service]()

        return httpx2.AsyncClient(transport=httpx2.MockTransport(handle), base_url="http://service")

    return client


async def exported(answers: Mapping[str, Callable[[], httpx2.Response]]) -> tuple[dict[str, bytes], dict[str, object]]:
    pieces = [piece async for piece in archive(USER, {"auth/account.jsonl": [{"id": USER}]}, answering(answers))]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as made:
        assert made.testzip() is None
        files = {name: made.read(name) for name in made.namelist()}
    return files, json.loads(files["manifest.json"])


async def test_all_parts_are_in_it() -> None:
    here = lambda: httpx2.Response(200, content=LINES)  # noqa: E731
    files, manifest = await exported({"ingest": here, "projector": here, "coach": here})
    assert files["ingest.jsonl"] == files["refused.jsonl"] == files["projector.jsonl"] == files["coach.jsonl"] == LINES
    assert json.loads(files["auth/account.jsonl"]) == {"id": str(USER)}
    assert manifest["missing"] == []
    assert {"name": "coach.jsonl", "lines": 2} in manifest["files"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: httpx2.Response(404), "HTTPStatusError"),
        (lambda: httpx2.Response(200, stream=Broken()), "ReadError"),
    ],
)
async def test_what_could_not_be_had_is_named(answer: Callable[[], httpx2.Response], reason: str) -> None:
    files, manifest = await exported({"ingest": lambda: httpx2.Response(200, content=LINES), "projector": answer})
    assert files["ingest.jsonl"] == files["refused.jsonl"] == LINES
    assert manifest["missing"] == [
        {"file": "projector.jsonl", "service": "projector", "reason": reason},
        {"file": "coach.jsonl", "service": "coach", "reason": "ConnectError"},
    ]
