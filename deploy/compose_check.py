"""One phone through the gateway of a running deployment: it registers, syncs a workout and reads it back.

`python -m deploy.compose_check [URL]`, by default http://127.0.0.1:8000; exit code 1 and the reason when it fails.
"""

import asyncio
import secrets
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

READY_SECONDS = 120
EXERCISE = uuid4()


class CheckFailed(Exception):
    """The deployment answered, but not as it should."""


async def check(url: str) -> None:
    """Raises:
    CheckFailed: naming the first answer that is not as it should be.
    """
    async with httpx2.AsyncClient(base_url=url, timeout=15) as phone:
        await until_ready(phone)
        device_id = await register(phone)
        workout_id = await sync_workout(phone, device_id)
        await read_back(phone, device_id, workout_id)


async def until_ready(phone: httpx2.AsyncClient) -> None:
    for _ in range(READY_SECONDS):
        try:
            if (await phone.get("/.well-known/jwks.json")).is_success:
                return
        except httpx2.TransportError:
            pass  # not up yet: this loop is there to wait for it
        await asyncio.sleep(1)
    raise CheckFailed(f"{phone.base_url} did not answer within {READY_SECONDS} s")


async def register(phone: httpx2.AsyncClient) -> str:
    device_id = str(uuid4())
    body = {"device_id": device_id, "device_secret": secrets.token_hex(32), "name": "check", "platform": "linux"}
    tokens = expect(await phone.post("/api/v1/auth/devices", json=body), 201)
    phone.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return device_id


async def sync_workout(phone: httpx2.AsyncClient, device_id: str) -> str:
    workout_id, now = str(uuid4()), datetime.now(UTC).isoformat(timespec="milliseconds")
    lift = {"exercise_id": str(EXERCISE), "reps": 5, "weight": 100, "completed_at": now}
    facts: list[tuple[str, dict[str, Any]]] = [
        ("WorkoutStarted", {"workout_id": workout_id, "started_at": now}),
        ("SetCompleted", {"set_id": str(uuid4()), "workout_id": workout_id, **lift}),
        ("WorkoutEnded", {"workout_id": workout_id, "ended_at": now}),
    ]
    events = [
        {"event_id": str(uuid4()), "event_type": kind, "payload": payload, "sequence_number": number}
        for number, (kind, payload) in enumerate(facts, 1)
    ]
    answer = expect(await phone.post("/api/v1/sync", json={"device_id": device_id, "events": events}), 200)
    if answer["accepted_count"] != len(events):
        raise CheckFailed(f"of {len(events)} events not all were accepted: {answer}")
    return workout_id


async def read_back(phone: httpx2.AsyncClient, device_id: str, workout_id: str) -> None:
    phone.headers["X-Read-After"] = f"{device_id}:3"
    for _ in range(30):
        answer = await phone.get(f"/api/v1/workouts/{workout_id}")
        if answer.is_success and answer.json()["status"] == "completed":
            break
        await asyncio.sleep(1)
    workout = expect(answer, 200)
    if (workout["status"], len(workout["sets"]), workout["tonnage_kg"]) != ("completed", 1, 500):
        raise CheckFailed(f"the workout reads back as {workout}")


def expect(answer: httpx2.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        where = f"{answer.request.method} {answer.request.url}"
        raise CheckFailed(f"{where} answered {answer.status_code}, not {status}: {answer.text}")
    content: dict[str, Any] = answer.json()
    return content


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    try:
        asyncio.run(check(target))
    except CheckFailed as error:
        sys.exit(str(error))
    print(f"1 passed, 0 failed: a phone synced through {target} and read its workout back")
