"""One more phone beside the load: how long after the acknowledgement a set can be read, and a hint arrives."""

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import to_json

from client.ids import new_id
from deploy.local.operations.bench.phones import Phone, expect, register
from deploy.local.operations.bench.wire import Connection, request
from shared.domains.exercises.catalogue import CATALOGUE
from shared.values import format_moment

SECONDS_BETWEEN = 0.1
SETS_A_WORKOUT = 20
LAST_SEQUENCE = re.compile(rb'"last_sequence":\s*(\d+)')


@dataclass
class Probe:
    """`readable` and `hinted` are seconds after the acknowledgement; what came before it counts as 0."""

    phone: Phone
    reader: Connection
    readable: list[float] = field(default_factory=list)
    hinted: list[float] = field(default_factory=list)
    stale: int = 0
    _acked_at: dict[int, float] = field(default_factory=dict)
    _hinted_at: dict[int, float] = field(default_factory=dict)

    @classmethod
    async def open(cls, url: str) -> "Probe":
        return cls(await register(url, 0, 1), await Connection.open(url))

    async def run(self, seconds: float) -> None:
        """Logs a set now and then for so long, and waits for what it should see of each."""
        listener = asyncio.create_task(self._listen())
        await asyncio.sleep(0.5)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            await self._workout(until)
        await asyncio.sleep(1)
        listener.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listener
        pairs = self._acked_at.keys() & self._hinted_at.keys()
        self.hinted = [max(0.0, self._hinted_at[number] - self._acked_at[number]) for number in pairs]

    async def _workout(self, until: float) -> None:
        workout_id, now = str(new_id()), format_moment(datetime.now(UTC))
        await self._log("WorkoutStarted", {"workout_id": workout_id, "started_at": now, "time_zone": "UTC"})
        for _ in range(SETS_A_WORKOUT):
            if time.perf_counter() > until:
                return
            await self._set(workout_id)
            await asyncio.sleep(SECONDS_BETWEEN)

    async def _set(self, workout_id: str) -> None:
        await self._log(
            "SetCompleted",
            {
                "set_id": str(new_id()),
                "workout_id": workout_id,
                "exercise_id": str(next(iter(CATALOGUE))),
                "reps": 5,
                "weight": 100,
                "completed_at": format_moment(datetime.now(UTC)),
            },
        )
        acked = time.perf_counter()
        position = f"{self.phone.device_id}:{self.phone.acked}"
        path = f"/api/v1/workouts/{workout_id}"
        answer = await self.reader.send(request("GET", path, self.phone.token, X_Read_After=position))
        expect(answer, 200)
        if b"x-stale: true" in answer.headers:
            self.stale += 1
        self.readable.append(time.perf_counter() - acked)

    async def _log(self, event_type: str, payload: Mapping[str, Any]) -> None:
        number = self.phone.acked + 1
        event = {
            "event_id": str(new_id()),
            "event_type": event_type,
            "payload": payload,
            "sequence_number": number,
            "occurred_at": format_moment(datetime.now(UTC)),
        }
        body = to_json({"device_id": str(self.phone.device_id), "events": [event]})
        await self.phone.push((number, body))
        self._acked_at[number] = time.perf_counter()

    async def _listen(self) -> None:
        parts = urlsplit(self.phone.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request("GET", "/api/v1/sync/stream", self.phone.token, Accept="text/event-stream"))
        try:
            while line := await reader.readline():
                for number in LAST_SEQUENCE.findall(line):
                    self._hinted_at.setdefault(int(number), time.perf_counter())
        finally:
            writer.close()
