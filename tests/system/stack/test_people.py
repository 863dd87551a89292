"""Users, accounts, merges and erasures through all services."""

import io
import json
import random
import zipfile
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.eventually import eventually
from tests.system.stack.world import Json, Phone, World

PASSWORD = "seven lazy barbells"


async def ask(phone: Phone, method: str, path: str, body: Json | None = None) -> Json:
    """A call to auth that has to succeed."""
    answer = await phone.http.request(method, f"/api/v1/auth{path}", json=body, headers=phone.headers)
    assert answer.is_success, answer.text
    return dict(answer.json()) if answer.content else {}


async def register(phone: Phone) -> str:
    email = f"{uuid4().hex}@example.org"
    phone.tokens = await ask(phone, "POST", "/register", {"email": email, "password": PASSWORD})
    return email


async def log_in(phone: Phone, email: str) -> Json:
    """With the phone's bearer; returns the merge."""
    phone.tokens = await ask(phone, "POST", "/login", {"email": email, "password": PASSWORD})
    return dict(phone.tokens["merge"])


async def applied(phone: Phone, path: str) -> None:
    """Waits until all services have said so."""

    async def check() -> bool:
        return bool((await ask(phone, "GET", path))["status"] == "applied")

    await eventually(check)


async def sees(phone: Phone, workouts: set[str]) -> None:
    """Waits until the phone's user has exactly these workouts."""

    async def check() -> bool:
        items = await phone.read_all("/workouts", after=len(phone.queue))
        assert {item["workout_id"] for item in items} <= workouts
        return {item["workout_id"] for item in items} == workouts

    await eventually(check)


async def test_two_histories_become_one_and_a_late_phone_joins_them(world: World) -> None:
    # given an account that trained, and two anonymous phones of one user of which one was offline
    owner, phone = await world.phone(), await world.phone()
    offline = await world.phone(beside=phone)
    email = await register(owner)
    workouts = {owner.train(), phone.train(), offline.train()}
    await owner.push()
    await phone.push()
    # when the first anonymous phone logs in, and the other one sends what it has with its old token
    merge = await log_in(phone, email)
    assert (await offline.push()).status_code == 200
    # then all services apply the merge and every phone sees everything
    await applied(owner, f"/merges/{merge['merge_id']}")
    for device in (owner, phone, offline):
        await sees(device, workouts)


async def test_an_erased_user_is_gone_everywhere(world: World) -> None:
    phone = await world.phone()
    late = await world.phone(beside=phone)
    phone.train()
    late.train()
    await phone.push()
    await phone.read_all("/workouts", after=len(phone.queue))
    erasure = await ask(phone, "DELETE", "/me")

    async def erased() -> bool:
        report = (await phone.http.get(f"/api/v1/auth/erasures/{erasure['erasure_id']}")).json()
        return bool(report["status"] == "applied")

    await eventually(erased)
    refused = await late.push()
    assert (refused.status_code, refused.json()["code"]) == (410, "user_erased")
    reading = await phone.read("/workouts")
    assert reading.status_code in (401, 404, 410) or reading.json()["items"] == []


async def test_an_export_has_a_part_of_every_service(world: World) -> None:
    phone = await world.phone()
    workout = phone.train(sets=2)
    await phone.push()
    await phone.read_all("/workouts", after=len(phone.queue))
    answer = await phone.http.get("/api/v1/auth/me/export", headers=phone.headers)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        events = [json.loads(line) for line in archive.read("ingest.jsonl").splitlines()]
        shown = archive.read("projector.jsonl").decode()
    assert manifest["missing"] == []
    assert [event["sequence_number"] for event in events] == [1, 2, 3, 4]
    assert workout in shown


async def test_no_route_shows_another_users_things(world: World) -> None:
    phone, stranger = await world.phone(), await world.phone()
    workout = phone.train()
    await phone.push()
    await phone.read_all("/workouts", after=len(phone.queue))
    for path in (f"/workouts/{workout}", f"/history/{workout}"):
        assert (await stranger.read(path)).status_code == 404, path
    assert await stranger.read_all("/workouts", after=0) == []
    assert (await stranger.read("/workouts", after=0)).status_code == 200
    foreign = {"X-Read-After": f"{phone.device_id}:1"}
    answer = await stranger.http.get("/api/v1/workouts", headers=stranger.headers | foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_device")


@dataclass
class Person:
    """What has to be there at the end: one user's phones, whatever ids they once had."""

    phones: list[Phone] = field(default_factory=list)
    workouts: set[str] = field(default_factory=set)
    email: str | None = None


@dataclass
class Story:
    """A random life of some people and their phones, with lost answers on the way."""

    world: World
    random: random.Random
    people: list[Person] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)

    async def step(self) -> None:
        steps = [self.arrive, self.train, self.train, self.push, self.push, self.add_phone]
        await self.random.choice([*steps, self.lose_tokens, self.refresh_twice, self.register, self.merge])()

    def anyone(self) -> Person:
        return self.random.choice(self.people)

    def some_phone(self) -> Phone:
        return self.random.choice(self.anyone().phones)

    async def arrive(self) -> None:
        self.people.append(Person([await self.world.phone()]))

    async def train(self) -> None:
        person = self.anyone()
        person.workouts.add(self.random.choice(person.phones).train(sets=self.random.randint(0, 3)))

    async def push(self) -> None:
        """As often as answers get lost."""
        phone = self.some_phone()
        for _ in range(self.random.randint(1, 3)):
            await phone.push_patiently(phone.queue)

    async def add_phone(self) -> None:
        person = self.anyone()
        person.phones.append(await self.world.phone(beside=self.random.choice(person.phones)))

    async def lose_tokens(self) -> None:
        phone = self.some_phone()
        body = {"device_id": phone.device_id, "device_secret": phone.device_secret}
        answer = await phone.http.post("/api/v1/auth/devices", json=body)
        assert answer.status_code == 200, answer.text
        phone.tokens = answer.json()

    async def refresh_twice(self) -> None:
        """Two answers to one token; the first one is lost."""
        phone, answers = self.some_phone(), []
        for _ in range(2):
            body = {"refresh_token": phone.tokens["refresh_token"]}
            answers.append((await phone.http.post("/api/v1/auth/refresh", json=body)).json())
        assert answers[0]["refresh_token"] == answers[1]["refresh_token"]
        phone.tokens = answers[1]

    async def register(self) -> None:
        person = self.anyone()
        if person.email is None:
            person.email = await register(self.random.choice(person.phones))

    async def merge(self) -> None:
        anonymous = [person for person in self.people if person.email is None]
        accounts = [person for person in self.people if person.email is not None]
        if not (anonymous and accounts):
            return
        one, other = self.random.choice(anonymous), self.random.choice(accounts)
        phone = self.random.choice(one.phones)
        assert other.email is not None
        before = phone.tokens
        merge = await log_in(phone, other.email)
        if self.random.random() < 0.5:
            phone.tokens = before
            assert (await log_in(phone, other.email))["merge_id"] == merge["merge_id"]
        self.merges.append(merge["merge_id"])
        other.phones += one.phones
        other.workouts |= one.workouts
        self.people.remove(one)

    async def end(self) -> None:
        """Everybody is online at last, with whatever token they have."""
        for person in self.people:
            for phone in person.phones:
                await phone.push_patiently(phone.queue)
        for person in self.people:
            for phone in person.phones:
                await sees(phone, person.workouts)
        everyone = [phone for person in self.people for phone in person.phones]
        for merge_id in self.merges:
            answers = [
                await phone.http.get(f"/api/v1/auth/merges/{merge_id}", headers=phone.headers) for phone in everyone
            ]
            owners = [phone for phone, answer in zip(everyone, answers, strict=True) if answer.status_code == 200]
            assert owners
            await applied(owners[0], f"/merges/{merge_id}")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_people_do_and_whatever_answers_get_lost_no_set_is(world: World, seed: int) -> None:
    story = Story(world, random.Random(seed))
    await story.arrive()
    for _ in range(40):
        await story.step()
    await story.end()
    assert story.people
