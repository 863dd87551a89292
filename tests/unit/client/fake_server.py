"""A server in memory that keeps the sync contract, restores backups and forgets: what a client is tested against."""

import json
import secrets
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2

from shared.digests import canonical_json, digest_of_events
from shared.registry import UnknownEventType, registry

Body = dict[str, Any]


@dataclass
class Device:
    """What the server knows of one device. `verdicts` is by number: the event as sent, or None for a gap; `seen` what
    was stored of what it had seen."""

    user_id: str
    secret: str
    acked: int = 0
    verdicts: dict[int, Body | None] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    seen: dict[int, dict[str, int]] = field(default_factory=dict)


@dataclass
class Store:
    """What a backup holds."""

    epoch: str = field(default_factory=lambda: str(uuid4()))
    devices: dict[str, Device] = field(default_factory=dict)


class Refused(Exception):
    def __init__(self, status: int, code: str, **headers: str) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers


class FakeServer:
    """`known` event types can be narrowed; `largest` is the limit of a body in bytes."""

    def __init__(self) -> None:
        self.store = Store()
        self.access: dict[str, str] = {}
        self.refreshing: dict[str, str] = {}
        self.requests: list[str] = []
        self.unknown_types: set[str] = set()
        self.largest = 1_048_576
        self.away_for_s: float | None = None
        self.erased = False
        self.login_required = False

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self.handle)

    # what a test does to the server

    def backup(self) -> Store:
        return deepcopy(self.store)

    def restore(self, backup: Store) -> None:
        self.store = deepcopy(backup)
        self.store.epoch = str(uuid4())
        self.access.clear()
        self.refreshing.clear()

    def expire_tokens(self) -> None:
        self.access.clear()

    def forget_refresh_tokens(self) -> None:
        self.refreshing.clear()

    def accepted(self, device_id: UUID | str | None = None) -> list[Body]:
        """All accepted events, each with its device."""
        return [
            {**event, "device_id": name, "seen": device.seen[number]}
            for name, device in self.store.devices.items()
            if device_id is None or name == str(device_id)
            for number, event in sorted(device.verdicts.items())
            if event is not None and number not in device.refused
        ]

    # requests

    async def handle(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.requests.append(path)
        try:
            status, body = self._answer(request, path)
        except Refused as refused:
            document = {"type": "x", "title": refused.code, "status": refused.status, "code": refused.code}
            return httpx2.Response(refused.status, json=document, headers=refused.headers)
        return httpx2.Response(status, json=body)

    def _answer(self, request: httpx2.Request, path: str) -> tuple[int, Body]:
        if self.away_for_s is not None:
            raise Refused(503, "unavailable", **{"Retry-After": str(self.away_for_s)})
        if len(request.content) > self.largest:
            raise Refused(413, "too_large")
        body = json.loads(request.content) if request.content else {}
        match path.removeprefix("/api/v1"):
            case "/.well-known/jwks.json":
                return 200, {"keys": []}
            case "/auth/devices":
                return self._create_device(request, body)
            case "/auth/refresh":
                device_id = self.refreshing.get(body["refresh_token"])
                if device_id is None:
                    raise Refused(401, "refresh_reused")
                return 200, self._tokens(device_id)
            case "/sync":
                return 200, self._sync(self._device(request), body)
            case "/sync/hash":
                return 200, self._hash(self._device(request), request.url.params)
            case "/sync/events":
                return 200, self._events(self._device(request), request.url.params)
            case _:
                raise Refused(404, "not_found")

    def _device(self, request: httpx2.Request) -> str:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.access:
            raise Refused(401, "token_expired")
        return self.access[token]

    def _create_device(self, request: httpx2.Request, body: Body) -> tuple[int, Body]:
        name, secret = body["device_id"], body["device_secret"]
        user_id = str(uuid4())
        if "Authorization" in request.headers:
            user_id = self.store.devices[self._device(request)].user_id
        known = self.store.devices.get(name)
        if known and known.secret != secret:
            raise Refused(409, "device_exists")
        if known and self.login_required:
            raise Refused(401, "login_required")
        self.store.devices.setdefault(name, Device(user_id, secret))
        return (200 if known else 201), self._tokens(name)

    def _tokens(self, name: str) -> Body:
        access, refresh = secrets.token_hex(8), secrets.token_hex(8)
        self.access[access], self.refreshing[refresh] = name, name
        return {
            "user_id": self.store.devices[name].user_id,
            "device_id": name,
            "is_anonymous": True,
            "access_token": access,
            "token_type": "bearer",
            "expires_in": 900,
            "refresh_token": refresh,
        }

    def _sync(self, name: str, body: Body) -> Body:
        device = self.store.devices[name]
        if body["device_id"] != name:
            raise Refused(403, "wrong_device")
        if body.get("user_id", device.user_id) != device.user_id:
            raise Refused(403, "wrong_user")
        if self.erased:
            raise Refused(410, "user_erased")
        gaps = [range(first, last + 1) for first, last in body.get("declared_gaps", [])]
        errors: list[Body] = []
        counts = {"accepted": 0, "duplicate": 0}
        forked = False
        for event in sorted(body["events"], key=lambda event: event["sequence_number"]):
            self._close(device, gaps)
            code = self._judge(device, event, forked, counts)
            forked = forked or code == "sequence_conflict"
            if code:
                errors.append(self._error(event, code, device))
        self._close(device, gaps)
        accepted = [number for number in device.verdicts if number not in device.refused and device.verdicts[number]]
        return {
            "ack_cursor": {
                "device_id": name,
                "last_acked_sequence": device.acked,
                "last_accepted_sequence": max(accepted, default=0),
            },
            "accepted_count": counts["accepted"],
            "duplicate_count": counts["duplicate"],
            "rejected_count": len(errors),
            "rejected_event_ids": [error["event_id"] for error in errors],
            "errors": errors,
            "server_epoch": self.store.epoch,
        }

    def _close(self, device: Device, gaps: list[range]) -> None:
        for gap in gaps:
            while device.acked + 1 in gap:
                device.acked += 1
                device.verdicts[device.acked] = None

    def _judge(self, device: Device, event: Body, forked: bool, counts: dict[str, int]) -> str | None:
        number = event["sequence_number"]
        if number in device.verdicts:
            same = device.verdicts[number] is not None and canonical_json(device.verdicts[number]) == canonical_json(
                event
            )
            if same and number in device.refused:
                return "unknown_event_type"
            if same:
                counts["duplicate"] += 1
            return None if same else "sequence_conflict"
        if forked:
            return "sequence_conflict"
        if number != device.acked + 1:
            return "sequence_gap"
        device.verdicts[number], device.acked = event, number
        if not self._known(event):
            device.refused.add(number)
            return "unknown_event_type"
        device.seen[number] = self._cut(event.get("seen", {}))
        counts["accepted"] += 1
        return None

    def _cut(self, seen: dict[str, int]) -> dict[str, int]:
        """What is there of what an event says to have seen."""
        there = {
            name: min(number, self.store.devices[name].acked)
            for name, number in seen.items()
            if name in self.store.devices
        }
        return {name: number for name, number in there.items() if number}

    def _known(self, event: Body) -> bool:
        try:
            registry().parse(event["event_type"], event["schema_version"], event["payload"])
        except UnknownEventType:
            return False
        return event["event_type"] not in self.unknown_types

    def _error(self, event: Body, code: str, device: Device) -> Body:
        return {
            "event_id": event["event_id"],
            "sequence_number": event["sequence_number"],
            "code": code,
            "field": None,
            "message": f"expected {device.acked + 1}",
            "retryable": code == "sequence_gap",
        }

    def _of_user(self, name: str) -> list[Body]:
        user_id = self.store.devices[name].user_id
        return [e for e in self.accepted() if self.store.devices[e["device_id"]].user_id == user_id]

    def _hash(self, name: str, query: httpx2.QueryParams) -> Body:
        events = self._of_user(name)
        if "device_id" in query:
            first, last = int(query["from"]), int(query["to"])
            events = [
                e for e in events if e["device_id"] == query["device_id"] and first <= e["sequence_number"] <= last
            ]
        digest = digest_of_events((UUID(e["event_id"]), e["sequence_number"]) for e in events)
        return {"count": digest.count, "hash": digest.hash, "server_epoch": self.store.epoch, "devices": []}

    def _events(self, name: str, query: httpx2.QueryParams) -> Body:
        cursor: dict[str, int] = json.loads(query.get("after") or "{}")
        limit = int(query["limit"])
        waiting = [
            event
            for event in self._of_user(name)
            if event["device_id"] != query.get("exclude_device")
            and event["sequence_number"] > cursor.get(event["device_id"], 0)
        ]
        page = waiting[:limit]
        for event in page:
            cursor[event["device_id"]] = event["sequence_number"]
        return {"events": page, "next_cursor": json.dumps(cursor), "has_more": len(waiting) > limit}
