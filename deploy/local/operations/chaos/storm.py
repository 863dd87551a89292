"""The time of faults: one after the other, sometimes two at once, with the recovery from each measured."""

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

from deploy.local.operations.chaos.faults import Fault, draw, inject, targets
from deploy.local.stack import Stack
from shared.values import format_moment

STUCK_SECONDS = 60.0


@dataclass(frozen=True)
class Recovery:
    """How long it took from the end of these faults until a new event went all the way and could be read."""

    seconds: float
    after: Sequence[Fault]

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s after {', '.join(fault.kind for fault in self.after)}"


@dataclass
class Storm:
    """What was done, and how everything came back."""

    stack: Stack
    chance: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: list[Recovery] = field(default_factory=list)
    stuck: int = 0

    async def rage(self, seconds: float) -> None:
        """Faults for so long; then everything has recovered or counts as stuck."""
        names, until = sorted(targets(self.stack)), time.monotonic() + seconds
        async with Canary(self.stack.url) as canary:
            since: list[Fault] = []
            while time.monotonic() < until:
                await asyncio.sleep(self.chance.uniform(0.2, 3))
                together = 2 if self.chance.random() < 0.25 else 1
                faults = [draw(self.chance, names) for _ in range(together)]
                self.faults.update(fault.kind for fault in faults)
                since += faults
                await asyncio.gather(*(inject(self.stack, fault) for fault in faults))
                if self.chance.random() < 0.6:  # else the next fault hits what has not recovered
                    await self._recover(canary, since)
                    since = []
            await self._recover(canary, since)

    async def _recover(self, canary: "Canary", after: Sequence[Fault]) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                await canary.sing()
        except TimeoutError:
            self.stuck += 1
            return
        self.recoveries.append(Recovery(time.monotonic() - started, after))


class Canary:
    """A device that sends one event and reads what comes of it, again and again until both work."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.AsyncClient(base_url=url, timeout=5)
        self._device_id, self._secret = str(uuid4()), secrets.token_hex(32)
        self._token = ""
        self._sequence = 0

    async def __aenter__(self) -> "Canary":
        await self.sing()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def sing(self) -> None:
        """Returns when a new workout went from the phone through the store, the topic and the projector to a read."""
        workout_id = str(uuid4())
        event = self._event(workout_id)
        while not await self._heard(event, workout_id):
            await asyncio.sleep(0.1)

    async def _heard(self, event: dict[str, Any], workout_id: str) -> bool:
        try:
            headers = {"Authorization": f"Bearer {await self._bearer()}"}
            body = {"device_id": self._device_id, "events": [event]}
            pushed = await self._http.post("/api/v1/sync", json=body, headers=headers)
            if pushed.status_code == 401:
                self._token = ""
            if pushed.status_code != 200:
                return False
            headers["X-Read-After"] = f"{self._device_id}:{self._sequence}"
            return (await self._http.get(f"/api/v1/workouts/{workout_id}", headers=headers)).status_code == 200
        except (httpx2.HTTPError, KeyError):
            return False

    async def _bearer(self) -> str:
        if not self._token:
            body = {"device_id": self._device_id, "device_secret": self._secret}
            answer = await self._http.post("/api/v1/auth/devices", json=body)
            self._token = answer.json()["access_token"]
        return self._token

    def _event(self, workout_id: str) -> dict[str, Any]:
        self._sequence += 1
        now = format_moment(datetime.now(UTC))
        return {
            "event_id": str(uuid4()),
            "event_type": "WorkoutStarted",
            "payload": {"workout_id": workout_id, "started_at": now, "time_zone": "UTC"},
            "sequence_number": self._sequence,
            "occurred_at": now,
        }
