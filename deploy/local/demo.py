"""`./hypertrophy demo`: twelve weeks of one person with two phones, through the public protocol and back."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import httpx2
import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from client.cli.output import described
from client.ids import new_id
from deploy.local.commands import Data, run
from deploy.local.folders import default_data_folder
from deploy.local.lifelike import Diary, Fact
from deploy.local.output import LastingConsole, steps
from deploy.local.stack import Stack, find_stack
from shared.values import format_moment
from shared.views.sets import SetRow

WEEKS = 12
SEED = 7
TIME_ZONE = "Europe/Berlin"
PATIENCE_SECONDS = 60
_as_set = TypeAdapter(SetRow).validate_python


class DemoFailed(Exception):
    """The stack answered otherwise than the protocol says."""


@dataclass
class Phone:
    """One phone: its queue and what came of it. Numbers start at 1, as a device's first event does."""

    name: str
    device_id: str = field(default_factory=lambda: str(new_id()))
    token: str = ""
    queue: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def log(self, fact: Fact) -> None:
        self.queue.append(
            {
                "event_id": str(new_id()),
                "event_type": fact.event_type,
                "payload": fact.payload,
                "sequence_number": len(self.queue) + 1,
                "occurred_at": format_moment(fact.occurred_at),
            }
        )


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop everything at the end.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of all services.")] = 8000,
    data: Data = None,
) -> None:
    """Play twelve weeks of a person with two phones that were offline, and show what comes out."""
    console = LastingConsole(highlight=False)
    folder = data or default_data_folder()
    running = find_stack(folder)
    if running is not None:
        console.print(f"using the stack that runs at {running.url}")
        asyncio.run(play(running.url, console))
        return
    stack = Stack(folder, port=port, console=console, report=steps(console))
    asyncio.run(_once(stack, console) if once else run(stack, console, lambda: play(stack.url, console)))


async def _once(stack: Stack, console: Console) -> None:
    async with stack:
        await _played(stack.url, console, WEEKS, SEED)
    console.print(
        f"Everything has stopped; ./hypertrophy up --data {stack.data} starts it again, with all of this.",
        markup=False,
        soft_wrap=True,
    )


async def play(url: str, console: Console, *, weeks: int = WEEKS, seed: int = SEED) -> None:
    """Plays the history against a running stack and prints what can be read back, and where to look next.

    Raises:
        DemoFailed: when an answer is not as the protocol says.
    """
    _where_next(url, await _played(url, console, weeks, seed), console)


async def _played(url: str, console: Console, weeks: int, seed: int) -> Sequence[Phone]:
    async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
        phones = await _register(http)
        _live(phones, weeks, seed)
        await _sync_all(http, phones, console, seed)
        await _show(http, phones, console)
    return phones


async def _register(http: httpx2.AsyncClient) -> tuple[Phone, Phone]:
    """The first launch makes an anonymous user; the second phone joins it with the first one's token."""
    first, second = Phone("phone"), Phone("watch")
    for phone in (first, second):
        headers = {"Authorization": f"Bearer {first.token}"} if first.token else {}
        body = {"device_id": phone.device_id, "device_secret": secrets.token_hex(32), "name": phone.name}
        answer = _expect(await http.post("/api/v1/auth/devices", json=body, headers=headers), 201)
        phone.token = answer["access_token"]
    return first, second


def _live(phones: Sequence[Phone], weeks: int, seed: int) -> None:
    today = datetime.now(ZoneInfo(TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    first_monday = today - timedelta(days=today.weekday(), weeks=weeks)
    for fact in Diary(seed, len(phones)).weeks(first_monday, weeks, TIME_ZONE):
        phones[fact.phone].log(fact)


async def _sync_all(http: httpx2.AsyncClient, phones: Sequence[Phone], console: Console, seed: int) -> None:
    columns = (TextColumn("{task.description:>6}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        await asyncio.gather(
            *(
                _sync(http, phone, random.Random(seed + number), progress)  # noqa: S311  lifelike, not secret
                for number, phone in enumerate(phones)
            )
        )


async def _sync(http: httpx2.AsyncClient, phone: Phone, chance: random.Random, progress: Progress) -> None:
    """A phone on a bad line: batches of any size, and every third answer gets lost, so the batch goes out again."""
    bar = progress.add_task(phone.name, total=len(phone.queue))
    acknowledged = 0
    while acknowledged < len(phone.queue):
        batch = phone.queue[acknowledged : acknowledged + chance.randint(10, 80)]
        sends = 2 if chance.random() < 0.33 else 1
        answers = await asyncio.gather(*(_push(http, phone, batch) for _ in range(sends)))
        acknowledged = max(answer["ack_cursor"]["last_acked_sequence"] for answer in answers)
        progress.update(bar, completed=acknowledged)


async def _push(http: httpx2.AsyncClient, phone: Phone, batch: list[dict[str, Any]]) -> dict[str, Any]:
    body = {"device_id": phone.device_id, "events": batch}
    answer = _expect(await http.post("/api/v1/sync", json=body, headers=_bearer(phone)), 200)
    if answer["errors"]:
        raise DemoFailed(f"an event was refused: {answer['errors'][0]}")
    phone.counts["sent"] += len(batch)
    phone.counts["accepted"] += answer["accepted_count"]
    phone.counts["duplicate"] += answer["duplicate_count"]
    return answer


async def _show(http: httpx2.AsyncClient, phones: Sequence[Phone], console: Console) -> None:
    for phone in phones:
        await _until_projected(http, phone)
    reader = phones[0]
    workouts = await _read(http, reader, "/api/v1/workouts", limit=5)
    detailed = [await _read(http, reader, f"/api/v1/workouts/{item['workout_id']}") for item in workouts["items"][:2]]
    console.print(_workout_table(workouts["items"]))
    for workout in detailed:
        console.print(_set_table(workout, await _exercise_names(http, reader)))
    console.print(_week_table((await _read(http, reader, "/api/v1/metrics/weekly"))["items"]))
    console.print(_count_table(phones, await _read(http, reader, "/api/v1/projections/status")))


async def _until_projected(http: httpx2.AsyncClient, phone: Phone) -> None:
    """Reads after the phone's own last event, as a client does that wants to see what it wrote."""
    headers = _bearer(phone) | {"X-Read-After": f"{phone.device_id}:{len(phone.queue)}"}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await http.get("/api/v1/workouts", params={"limit": 1}, headers=headers)).headers.get("X-Stale"):
            await asyncio.sleep(0.2)


async def _exercise_names(http: httpx2.AsyncClient, phone: Phone) -> dict[str, str]:
    names: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = await _read(http, phone, "/api/v1/exercises", limit=500, **({"cursor": cursor} if cursor else {}))
        names |= {item["exercise_id"]: item["name"] for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return names


def _workout_table(workouts: list[dict[str, Any]]) -> Table:
    table = Table("started", "workout", "status", "sets", "tonnage", "minutes", title="The last workouts")
    for item in workouts:
        minutes = f"{item['duration_s'] / 60:.0f}" if item["duration_s"] else "-"
        started = datetime.fromisoformat(item["started_at"]).astimezone(ZoneInfo(TIME_ZONE))
        table.add_row(
            f"{started:%a %d %b %H:%M}",
            item["name"],
            item["status"],
            str(item["set_count"]),
            f"{item['tonnage_kg']:,.0f} kg",
            minutes,
        )
    return table


def _set_table(workout: dict[str, Any], names: dict[str, str]) -> Table:
    table = Table("exercise", "set", "type", "RPE", title=f"{workout['name']}, set by set")
    for item in workout["sets"]:
        row = _as_set(item)
        exercise = names.get(item["exercise_id"], "?")
        table.add_row(exercise, described(row), row.set_type, f"{row.rpe:g}" if row.rpe else "")
    return table


def _week_table(weeks: list[dict[str, Any]]) -> Table:
    table = Table("week", "workouts", "sets", "tonnage", "RPE", "body weight", "streak", title="Week by week")
    for item in weeks[-6:]:
        rpe, weight = item["average_rpe"], item["body_weight_kg"]
        table.add_row(
            item["week"],
            str(item["workouts"]),
            str(item["sets"]),
            f"{item['tonnage_kg']:,.0f} kg",
            f"{rpe:.1f}" if rpe else "-",
            f"{weight:.1f} kg" if weight else "-",
            str(item["streak_weeks"]),
        )
    return table


def _count_table(phones: Sequence[Phone], status: dict[str, Any]) -> Table:
    applied = {device["device_id"]: device["applied"] for device in status["devices"]}
    table = Table("device", "logged", "sent", "duplicates", "accepted", "projected", title="What became of each event")
    for phone in phones:
        counts = phone.counts
        numbers = (len(phone.queue), counts["sent"], counts["duplicate"], counts["accepted"], applied[phone.device_id])
        table.add_row(phone.name, *map(str, numbers))
    return table


def _where_next(url: str, phones: Sequence[Phone], console: Console) -> None:
    docs, commands = f"{url}/docs", "./hypertrophy --help"
    width = max(len(docs), len(commands))
    say = partial(console.print, markup=False, soft_wrap=True)
    say("Where to look next:", style="bold")
    say(f"  {docs:{width}}  every call of every service")
    say(f"  {commands:{width}}  the training log, online or not")
    say("With this token, for 15 minutes:")
    say(f"  TOKEN={phones[0].token}", style="dim")
    say(f'  curl -H "Authorization: Bearer $TOKEN" {url}/api/v1/records')


def _bearer(phone: Phone) -> dict[str, str]:
    return {"Authorization": f"Bearer {phone.token}"}


async def _read(http: httpx2.AsyncClient, phone: Phone, path: str, **params: Any) -> dict[str, Any]:
    return _expect(await http.get(path, params=params, headers=_bearer(phone)), 200)


def _expect(answer: httpx2.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise DemoFailed(f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text}")
    content: dict[str, Any] = answer.json()
    return content
