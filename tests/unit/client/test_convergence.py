"""Whatever the network and the servers do: phones and server come to the same, and no logged set is lost or doubled."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.engine import Synced
from tests.unit.client.fake_server import FakeServer
from tests.unit.client.lossy import LossyTransport
from tests.unit.client.phones import Phone
from tests.unit.client.test_engine import second_phone, server_content

PHONES = 2
steps = st.one_of(
    st.tuples(st.just("set"), st.integers(0, PHONES - 1), st.integers(1, 20)),
    st.tuples(st.just("correct"), st.integers(0, PHONES - 1), st.integers(1, 20)),
    st.tuples(st.just("sync"), st.integers(0, PHONES - 1), st.just(0)),
    st.tuples(st.just("expire"), st.just(0), st.just(0)),
)
with_restores = st.one_of(
    steps,
    st.tuples(st.just("backup"), st.just(0), st.just(0)),
    st.tuples(st.just("restore"), st.just(0), st.just(0)),
)
law = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Story:
    """Two phones of one user, a bad network and a server."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.server = FakeServer()
        self.first = Phone(folder / "first", self.server.transport, batch=3)
        self.first_workout: UUID = self.first.start()
        self.folder, self.seed = folder, seed
        self.sets: list[UUID] = []

    async def begin(self) -> None:
        await self.first.sync()
        other = second_phone(self.server, self.first, self.folder / "other")
        self.phones = [self.first, other]
        self.backup = self.server.backup()
        self.networks = []
        for number, phone in enumerate(self.phones):
            network = LossyTransport(self.server.transport, self.seed + number)
            self.networks.append(network)
            phone.protocol._client._transport = network

    async def play(self, step: tuple[str, int, int]) -> None:
        what, who, value = step
        phone: Any = self.phones[who]
        match what:
            case "set":
                self.sets.append(phone.set(self.first_workout, value))
            case "correct":
                known = [row.set_id for row in phone.projection.sets]
                if known:
                    phone.correct(known[value % len(known)], value)
            case "sync":
                await phone.sync(attempts=2)
            case "expire":
                self.server.expire_tokens()
            case "backup":
                self.backup = self.server.backup()
            case "restore":
                self.server.restore(self.backup)
            case _:
                raise ValueError(f"{what} is no step")

    async def end(self) -> None:
        for network in self.networks:
            network.share = 0
        for _ in range(4):
            for phone in self.phones:
                assert isinstance(await phone.sync(), Synced)


async def tell(seed: int, program: list[tuple[str, int, int]]) -> Story:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder), seed)
        await story.begin()
        for step in program:
            await story.play(step)
        await story.end()
        for phone in story.phones:
            rows = Counter(row.set_id for row in phone.projection.sets)
            assert rows == Counter(story.sets)
            assert phone.content == server_content(story.server)
        return story


@law
@given(seed=st.integers(0, 10_000), program=st.lists(steps, min_size=5, max_size=40))
async def test_a_bad_network_changes_nothing(seed: int, program: list[tuple[str, int, int]]) -> None:
    story = await tell(seed, program)

    events = [(event["device_id"], event["sequence_number"]) for event in story.server.accepted()]
    assert len(events) == len(set(events))
    assert not any(phone.queue.failed() for phone in story.phones)


@law
@given(seed=st.integers(0, 10_000), program=st.lists(with_restores, min_size=5, max_size=40))
async def test_restored_servers_get_back_everything(seed: int, program: list[tuple[str, int, int]]) -> None:
    await tell(seed, program)
