"""One world: owners with phones, a server and its read store, moved one random step at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from client.answers import Unreachable
from client.engine import Outcome
from deploy.simulation.accounts import Book
from deploy.simulation.chance import Chance
from deploy.simulation.event_store import EventStore
from deploy.simulation.identities import Identities
from deploy.simulation.model import Model
from deploy.simulation.people import NEW_TYPES, Owner
from deploy.simulation.phone import Phone, Snapshot
from deploy.simulation.projector import Projector
from deploy.simulation.read_store import Generation
from deploy.simulation.relay import Relay, Topic
from deploy.simulation.server import Server
from deploy.simulation.weather import weather
from deploy.simulation.wire import Call, Reply

MOST_PHONES = 4


@dataclass(eq=False)
class Flight:
    """A request on its way to the server, or its reply on the way back."""

    phone: Phone
    call: Call
    reply: Reply | None = None


@dataclass(frozen=True)
class Backup:
    """What an operator keeps of the server at one moment."""

    store: EventStore
    book: Book
    generation: Generation
    identities: Identities


class World:
    """Everything that a seed draws. `story` tells what happened, a line a step."""

    def __init__(self, seed: int) -> None:
        self.chance = Chance(seed)
        self.weather = weather(self.chance)
        self.model = Model()
        self.story: list[str] = []
        self.step = 0
        # Whether a phone had a twin, and whether the server was restored: then facts may have been sent twice.
        self.cloned = self.restored = False
        unknown = NEW_TYPES if self.chance.happens(0.4) else frozenset[str]()
        self.server = Server(self.chance, unknown, page=self.chance.between(1, 20))
        self.topic = Topic(self.chance.between(1, 3))
        self.relay = Relay(self.chance, self.topic, shards=self.chance.between(1, 3))
        self.projector = Projector(self.chance, self.topic, lambda: self.server.store)
        self.owners = [Owner(f"{n}@home", self.chance, self.model) for n in range(self.chance.between(1, 2))]
        self.phones: list[Phone] = []
        self._named = 0
        for owner in self.owners:
            for _ in range(self.chance.between(1, 3)):
                self._add_phone(owner.email)
        self.flights: list[Flight] = []
        self.snapshots: list[tuple[str, Snapshot]] = []
        self.backups: list[Backup] = []
        if self.chance.happens(0.6):
            self._set_up()

    def _set_up(self) -> None:
        """All phones are with their accounts already: they know each other from the first step on."""
        for phone in self.phones:
            phone.join(register=phone.email not in self.server.accounts.book.accounts)
            self.finish(phone)

    def live(self, steps: int) -> None:
        """So many things happen."""
        names, weights = list(self.weather.steps), list(self.weather.steps.values())
        for self.step in range(1, steps + 1):
            self.chance.pass_time()
            name = self.chance.weighted(names, weights)
            action: Callable[[], str | None] = getattr(self, f"_{name}")
            told = action()
            if told is not None:
                self.story.append(f"{self.step} {name.replace('_', ' ')}: {told}")

    def _add_phone(self, email: str, snapshot: Snapshot | None = None) -> Phone:
        self._named += 1
        phone = Phone(f"phone {self._named}", email, self.chance, snapshot)
        self.phones.append(phone)
        return phone

    # daily life

    def _log(self) -> str:
        phone = self.chance.among(self.phones)
        owner = next(owner for owner in self.owners if owner.email == phone.email)
        facts = [owner.logs(phone) for _ in range(self.chance.between(1, 4))]
        return f"{phone.name} " + ", ".join(f"{fact.event.event_type} {fact.moment}" for fact in facts if fact)

    def _idle(self) -> Phone | None:
        idle = [phone for phone in self.phones if phone.idle]
        return self.chance.among(idle) if idle else None

    def _sync(self) -> str | None:
        if phone := self._idle():
            phone.sync()
            self.listen(phone)
            return phone.name
        return None

    def _visit(self) -> str | None:
        """A phone syncs where the network is good."""
        phone = self._idle()
        if phone is None:
            return None
        phone.sync()
        return f"{phone.name} {type(self.finish(phone)).__name__}"

    def finish(self, phone: Phone) -> Outcome | None:
        """Answers the phone until it has nothing more to ask."""
        outcome = None
        while not phone.idle:
            call = phone.waiting
            outcome = phone.hear(self.server.reply(call) if call else None)
        return outcome

    def _join(self) -> str | None:
        phone = self._idle()
        if phone is None:
            return None
        phone.join(register=phone.email not in self.server.accounts.book.accounts)
        self.listen(phone)
        return phone.name

    def listen(self, phone: Phone) -> None:
        """What the phone asks now is on its way."""
        if phone.waiting is not None:
            self.flights.append(Flight(phone, phone.waiting))

    def _network(self) -> str | None:
        if not self.flights:
            return None
        flight = self.chance.among(self.flights)
        kinds = [*self.weather.network, "well"]
        shares = [*self.weather.network.values(), 1 - sum(self.weather.network.values())]
        kind = self.chance.weighted(kinds, shares)
        told = f"{kind} {flight.phone.name} {flight.call.path.partition('?')[0]}"
        match kind:
            case "drop":
                self.flights.remove(flight)
                self._hear(flight, Unreachable("no signal"))
            case "late":
                self._hear(flight, Unreachable("timed out"))
            case "double":
                self.flights.append(Flight(flight.phone, flight.call, flight.reply))
            case "torn":
                self._tear(flight)
            case "busy" if flight.reply is None:
                flight.reply = Reply(503, b'{"code": "unavailable"}', "1")
            case _:
                told += self._forward(flight)
        return told

    def _forward(self, flight: Flight) -> str:
        if flight.reply is None:
            flight.reply = self.server.reply(flight.call)
            return f" -> {flight.reply.status}"
        self.flights.remove(flight)
        self._hear(flight, flight.reply)
        return " back"

    def _tear(self, flight: Flight) -> None:
        """Only half of the bytes come through; of a request the server makes nothing, and says it to nobody."""
        self.flights.remove(flight)
        if flight.reply is None:
            if half := flight.call.body[: len(flight.call.body) // 2]:
                self.server.reply(replace(flight.call, body=half))
            self._hear(flight, Unreachable("hung up"))
        else:
            self._hear(flight, flight.reply.cut_short())

    def _hear(self, flight: Flight, answer: Reply | Unreachable) -> None:
        if flight.phone.waiting is flight.call:
            flight.phone.hear(answer)
            self.listen(flight.phone)

    def _relay(self) -> None:
        self.relay.step(self.server.store)

    def _project(self) -> None:
        self.projector.step()

    def _compare(self) -> None:
        self.projector.compare()

    def _identity(self) -> str | None:
        """A merge comes to one of the stores: any one, in any order, again and again."""
        merges = self.server.accounts.book.merges
        if not merges:
            return None
        event = self.chance.among(merges)
        name, identities = self.chance.among(
            [("ingest", self.server.store.identities), ("projector", self.projector.identities)]
        )
        identities.hear(event)
        return f"{name} hears of merge {event.number}"

    def _upgrade(self) -> str | None:
        """The server learns the newer types, and what it had refused of them is released."""
        store = self.server.store
        if not store.unknown:
            return None
        store.unknown = frozenset()
        return f"{self.release()} released"

    def release(self) -> int:
        return self.server.store.release(iter(self.chance.id, None), self.chance.now)

    # what goes wrong

    def _power_cut(self) -> str:
        phone = self.chance.among(self.phones)
        if self.chance.happens(0.3):
            phone.restart()
            return f"{phone.name} now"
        phone.disk.fuse = self.chance.between(1, 25) if phone.running else 0
        return f"{phone.name} in {phone.disk.fuse} statements"

    def _clock(self) -> str:
        phone = self.chance.among(self.phones)
        phone.skew = timedelta(seconds=self.chance.among((0, 2, -40, 3600, -3600, 172_800, -172_800)))
        return f"{phone.name} is off by {phone.skew}"

    def _clone(self) -> str | None:
        """A phone is backed up; now and then its backup is started on another one, and both live on."""
        phone = self.chance.among(self.phones)
        self.snapshots.append((phone.email, phone.snapshot()))
        if self.chance.happens(0.5) or self._full(phone.email):
            return f"{phone.name} is backed up"
        return self._started(*self.chance.among(self.snapshots))

    def _started(self, email: str, snapshot: Snapshot) -> str | None:
        if self._full(email):
            return None
        self.cloned = True
        return f"{self._add_phone(email, snapshot).name} starts from a backup"

    def _full(self, email: str) -> bool:
        return sum(phone.email == email for phone in self.phones) >= MOST_PHONES

    def _old_phone(self) -> str | None:
        """A phone is lost with all that only it had, and a new one starts from its old backup."""
        phone = self.chance.among(self.phones)
        backups = [snapshot for email, snapshot in self.snapshots if email == phone.email]
        if not backups:
            self.snapshots.append((phone.email, phone.snapshot()))
            return f"{phone.name} is backed up"
        self.phones.remove(phone)
        told = self._started(phone.email, self.chance.among(backups))
        self.model.only(self.held() | (frozenset() if self.restored else phone.acknowledged()))
        return f"{phone.name} is lost; {told}"

    def held(self) -> set[str]:
        """The moments of all facts that some disk still has."""
        return {moment for phone in self.phones for moment in phone.held()} | self.server.store.moments()

    def _server_restore(self) -> str:
        """The server is backed up; now and then it is put back to where a backup found it."""
        if not self.backups or self.chance.happens(0.5):
            self.backups = [*self.backups[-2:], self._backup()]
            return f"backed up with {len(self.server.store.rows)} devices"
        self.restored = True
        backup = self.chance.among(self.backups)
        self.server.restore(backup.store, backup.book)
        self.relay.die()
        # The read store may have run ahead of the backup.
        generation = self.chance.among([self.projector.live, backup.generation])
        self.projector.restore(generation, backup.identities)
        self.model.only(self.held())
        return f"epoch {len(self.server.store.epochs)}"

    def _backup(self) -> Backup:
        server, projector = self.server, self.projector
        return Backup(
            server.store.copied(),
            server.accounts.book.copied(),
            projector.live.copied(),
            projector.identities.copied(),
        )

    def _relay_crash(self) -> str:
        self.relay.die()
        return "all shards"

    def _projector_crash(self) -> str:
        self.projector.start()
        return "started again"

    def _lost_topic(self) -> str:
        self.topic.lose()
        self.projector.lose_offsets()
        return "all partitions"

    def _rewind(self) -> str:
        self.projector.rewind()
        return f"to {self.projector.offsets}"

    def _republish(self) -> str:
        self.server.store.republish()
        return "everything"
