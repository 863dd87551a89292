"""Everything about a user in one zip of JSON Lines, streamed: auth's own part and what the other services answer."""

import io
import zipfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from typing import Any
from uuid import UUID

import httpx2
from pydantic_core import to_json

from services.auth.accounts import me_of
from services.auth.desk import Desk, caller_of
from services.auth.settings import Settings
from services.auth.store import audit, devices, families, merges, users
from services.auth.store.users import User
from shared.clients import service_client
from shared.postgres import Connection
from shared.telemetry import log
from shared.tokens import Principal
from shared.values import utc_now
from shared.views.rows import json_form

PAGE = 500
# The services read all of it before the first piece goes out.
PATIENCE = httpx2.Timeout(30, read=600)
README = """Everything that this server has about you, as JSON Lines: one JSON object a line.

ingest.jsonl      the events that your devices sent: what can be imported again
refused.jsonl     the events that could not be taken, each with the reason
projector.jsonl   your training log, as it is shown
coach.jsonl       conversations and reports
auth/             your account, devices and sessions
manifest.json     what is here, how many lines each has, and what could not be had
"""
# What the other services add, by file: whom to ask, and where.
ASKED = {
    "ingest.jsonl": ("ingest", "/internal/ingest/export"),
    "refused.jsonl": ("ingest", "/internal/ingest/quarantine/export"),
    "projector.jsonl": ("projector", "/internal/projector/export"),
    "coach.jsonl": ("coach", "/internal/coach/export"),
}
Lines = Iterable[Mapping[str, Any]]
Clients = Callable[[str], AbstractAsyncContextManager[httpx2.AsyncClient]]
Answer = AbstractAsyncContextManager[httpx2.Response]


async def own_part(desk: Desk, caller: Principal) -> tuple[User, Mapping[str, Lines]]:
    """The user, and auth's lines by file."""
    async with desk.transaction() as connection:
        user = await caller_of(connection, caller)
        everyone = [user.user_id, *await users.merged_into(connection, user.user_id)]
        return user, {
            "auth/account.jsonl": [me_of(user).model_dump()],
            "auth/devices.jsonl": await _all_devices(connection, user.user_id),
            "auth/sessions.jsonl": await _all_sessions(connection, user.user_id),
            "auth/merges.jsonl": [dict(row) for row in await merges.into(connection, user.user_id)],
            "auth/security.jsonl": [asdict(entry) for entry in await audit.of_users(connection, everyone)],
        }


async def _all_devices(connection: Connection, user_id: UUID) -> Sequence[Mapping[str, Any]]:
    found: list[devices.DeviceSummary] = []
    while page := await devices.of_user(connection, user_id, found[-1].device_id if found else None, PAGE):
        found += page
    return [asdict(device) for device in found]


async def _all_sessions(connection: Connection, user_id: UUID) -> Sequence[Mapping[str, Any]]:
    found: list[families.SessionSummary] = []
    while page := await families.of_user(connection, user_id, found[-1].session_id if found else None, PAGE):
        found += page
    return [asdict(session) for session in found]


def clients(settings: Settings) -> Clients:
    """Each service's client by its name."""
    urls = {"ingest": settings.ingest_url, "projector": settings.projector_url, "coach": settings.coach_url}
    return lambda service: service_client(urls[service], settings, timeout=PATIENCE)


class Archive:
    """A zip that is handed out while it is written."""

    def __init__(self) -> None:
        self._written = _Written()
        self._zip = zipfile.ZipFile(self._written, "w", zipfile.ZIP_DEFLATED)
        self.files: list[dict[str, Any]] = []
        self.missing: list[dict[str, str]] = []

    def taken(self) -> bytes:
        """What was written since the last time."""
        return self._written.taken()

    def add(self, name: str, content: bytes) -> bytes:
        """A whole file."""
        self._zip.writestr(name, content)
        self.files.append({"name": name, "lines": content.count(b"\n")})
        return self.taken()

    async def add_stream(self, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A file whose content comes in pieces; one that stops short is not listed."""
        lines = 0
        with self._zip.open(name, "w", force_zip64=True) as entry:
            async for chunk in chunks:
                lines += chunk.count(b"\n")
                entry.write(chunk)
                yield self.taken()
        self.files.append({"name": name, "lines": lines})
        yield self.taken()

    def close(self, manifest: Mapping[str, Any]) -> bytes:
        """The manifest and the end."""
        content = {**manifest, "files": self.files, "missing": self.missing}
        self._zip.writestr("manifest.json", to_json(json_form(content), indent=2))
        self._zip.close()
        return self.taken()


class _Written(io.RawIOBase):
    """A file without a position: `zipfile` then writes sizes after the content."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._bytes += content
        return len(content)

    def taken(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


async def archive(user_id: UUID, own: Mapping[str, Lines], ask: Clients) -> AsyncIterator[bytes]:
    """The zip in pieces. A service that is away is named in the manifest instead."""
    made = Archive()
    yield made.add("README.txt", README.encode())
    for name, lines in own.items():
        yield made.add(name, b"".join(to_json(json_form(line)) + b"\n" for line in lines))
    for name, (service, path) in ASKED.items():
        async with ask(service) as client:
            async for piece in _part(made, name, service, client.stream("GET", path, params={"user_id": str(user_id)})):
                yield piece
    yield made.close({"user_id": user_id, "made_at": utc_now(), "format": 1})


async def _part(made: Archive, name: str, service: str, asked: Answer) -> AsyncIterator[bytes]:
    try:
        async with asked as answer:
            answer.raise_for_status()
            async for piece in made.add_stream(name, answer.aiter_bytes()):
                yield piece
    except httpx2.HTTPError as error:
        log().warning("export_incomplete", file=name, service=service, error=repr(error))
        made.missing.append({"file": name, "service": service, "reason": type(error).__name__})
