"""The HTTP edge of auth and ingest, without HTTP: a call in, a reply out."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from pydantic_core import from_json, to_json

from deploy.simulation.accounts import Accounts, Book
from deploy.simulation.chance import Chance
from deploy.simulation.event_store import Epoch, EventStore
from deploy.simulation.wire import Call, Reply
from services.ingest.api.sync import WrongUser, answer_of
from services.ingest.reading import read_request
from services.ingest.store.feeds import line
from shared.errors import MalformedJson, NotFound, Problem, WrongDevice
from shared.http import decode_cursor, encode_cursor

Query = Mapping[str, str]


class Server:
    """`page` is the most that one page of a pull holds."""

    def __init__(self, chance: Chance, unknown: frozenset[str], page: int) -> None:
        self._chance, self._page = chance, page
        self.accounts = Accounts(chance)
        self.store = EventStore([Epoch(chance.id(), {})], unknown=unknown)

    def restore(self, store: EventStore, book: Book) -> None:
        """Both databases from a backup; the software stays as new as it is."""
        unknown = self.store.unknown
        self.store = store.copied()
        self.store.unknown = unknown
        self.accounts.restore(book)
        self.store.begin_epoch(self._chance.id())

    def reply(self, call: Call) -> Reply:
        try:
            status, body = self._answer(call)
        except Problem as problem:
            document = {"status": problem.status, "code": problem.code, "detail": problem.detail}
            return Reply(problem.status, to_json(document), problem.headers.get("Retry-After"))
        return Reply(status, body if isinstance(body, bytes) else to_json(body))

    def _answer(self, call: Call) -> tuple[int, Any]:
        parts = urlsplit(call.path)
        query = dict(parse_qsl(parts.query))
        match call.method, parts.path.removeprefix("/api/v1"):
            case "POST", "/sync":
                return 200, self._sync(call)
            case "GET", "/sync/hash":
                return 200, self._hash(call, query)
            case "GET", "/sync/events":
                return 200, self._events(call, query)
            case "POST", path:
                return self._auth(path, call)
            case _:
                raise NotFound

    def _auth(self, path: str, call: Call) -> tuple[int, Any]:
        body = _read(call.body)
        caller = self.accounts.caller(call.bearer) if call.bearer else None
        match path:
            case "/auth/devices":
                return self.accounts.launch(UUID(body["device_id"]), body["device_secret"], caller)
            case "/auth/refresh":
                return self.accounts.refresh(body["refresh_token"])
            case "/auth/register":
                return self.accounts.register(body["email"], self.accounts.caller(call.bearer))
            case "/auth/login":
                return self.accounts.login(body["email"], UUID(body["device_id"]), caller)
            case _:
                raise NotFound

    def _sync(self, call: Call) -> bytes:
        caller = self.accounts.caller(call.bearer)
        request = read_request(call.body)
        if request.device_id != caller.device_id:
            raise WrongDevice
        if request.user_id is not None and not caller.is_called(request.user_id):
            raise WrongUser
        judgement = self.store.receive(request, caller.user_id, self._chance.now)
        return answer_of(request.device_id, self.store.epoch, judgement).model_dump_json().encode()

    def _hash(self, call: Call, query: Query) -> dict[str, Any]:
        caller = self.accounts.caller(call.bearer)
        device_id = UUID(query["device_id"])
        if device_id not in {*self.store.of_user({caller.user_id, *caller.also}), caller.device_id}:
            raise NotFound
        digest = self.store.range_digest(device_id, int(query["from"]), int(query["to"]))
        return {"count": digest.count, "hash": digest.hash}

    def _events(self, call: Call, query: Query) -> bytes:
        caller = self.accounts.caller(call.bearer)
        rows = self.store.of_user({caller.user_id, *caller.also})
        delivered = self._delivered(query.get("after"), rows)
        records: list[tuple[UUID, int, str]] = [
            (device_id, number, row.events[number].record)
            for device_id, row in rows.items()
            if str(device_id) != query.get("exclude_device")
            for number in sorted(row.events)
            if number > delivered.get(device_id, 0)
        ]
        limit = min(self._page, int(query["limit"]))
        page = records[:limit]
        delivered |= {device_id: number for device_id, number, _ in page}
        cursor = {"epoch": str(self.store.epoch), "at": {device.hex: at for device, at in delivered.items() if at}}
        body = b",".join(line(self.store.epoch, record) for _, _, record in page)
        more = b"true" if len(records) > limit else b"false"
        return b'{"events":[%b],"next_cursor":"%b","has_more":%b}' % (body, encode_cursor(cursor).encode(), more)

    def _delivered(self, after: str | None, rows: Mapping[UUID, object]) -> dict[UUID, int]:
        if after is None:
            return {}
        given = decode_cursor(after)
        own = {UUID(device): at for device, at in given["at"].items() if UUID(device) in rows}
        return own if UUID(given["epoch"]) == self.store.epoch else self.store.cut(own, UUID(given["epoch"]))


def _read(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        raise MalformedJson from error
