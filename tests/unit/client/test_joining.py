"""Into an account, also when a restored server gave the log's name to a twin. The server decides as the real one."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from client.engine import Halted, Outcome, Synced
from client.events import Draft
from deploy.simulation.accounts import Book
from deploy.simulation.chance import Chance
from deploy.simulation.phone import Phone
from deploy.simulation.server import Server
from shared.domains.workouts.events import WorkoutStarted

EMAIL, OTHER = "lifter@home", "other@home"


class Gym:
    """Phones that reach one server whenever they like."""

    def __init__(self) -> None:
        self.chance = Chance(1)
        self.server = Server(self.chance, frozenset(), page=100)

    def phone(self, name: str) -> Phone:
        return Phone(name, EMAIL, self.chance)

    def twin_of(self, phone: Phone) -> Phone:
        return Phone(f"twin of {phone.name}", EMAIL, self.chance, phone.snapshot())

    def book(self) -> Book:
        return self.server.accounts.book.copied()

    def restore(self, book: Book) -> None:
        """Accounts as they were then; the event store has nothing any more."""
        self.server.restore(Server(self.chance, frozenset(), page=100).store, book)

    def synced(self, phone: Phone) -> Outcome | None:
        phone.sync()
        return self._finished(phone)

    def joined(self, phone: Phone, *, register: bool) -> None:
        phone.join(register=register)
        self._finished(phone)

    def logged_out(self, phone: Phone) -> None:
        """Ends the session of the phone's device, as auth and the command line do, whatever is lost."""
        book, device = self.server.accounts.book, phone.queue.identity.device_id
        book.devices[device] = replace(book.devices[device], login_required=True)
        self.server.accounts.restore(Book(**{**vars(book), "families": {}}))
        phone.engine.credentials.logged_out()

    def _finished(self, phone: Phone) -> Outcome | None:
        outcome = None
        while not phone.idle:
            call = phone.waiting
            outcome = phone.hear(self.server.reply(call) if call else None)
        return outcome

    def account(self, email: str = EMAIL) -> set[str]:
        """The moments of what an account has on the server."""
        accounts = self.server.accounts
        users = {*accounts.book.merged_into, accounts.book.accounts[email]}
        own = {user for user in users if accounts.root(user) == accounts.book.accounts[email]}
        rows = self.server.store.of_user(own)
        return {
            stored.record.split('"occurred_at":"')[1][:24] for row in rows.values() for stored in row.events.values()
        }


@pytest.fixture
def gym() -> Gym:
    return Gym()


def log(phone: Phone) -> str:
    """Logs a workout; its moment names it."""
    moment = datetime(2026, 11, 21, 10, phone.queue.identity.last_sequence, tzinfo=UTC)
    return phone.log(Draft(WorkoutStarted(workout_id=uuid4(), started_at=moment), moment)).occurred_at


def overtaken(gym: Gym, phone: Phone, *, register: bool) -> tuple[str, Phone]:
    """What the phone had logged, and its twin, which comes first once the server is put back to before it met them."""
    before, twin = gym.book(), gym.twin_of(phone)
    gym.joined(phone, register=register)
    done = log(phone)
    assert isinstance(gym.synced(phone), Synced)
    gym.restore(before)
    assert isinstance(gym.synced(twin), Synced)
    return done, twin


def test_a_login_gives_the_log_another_name_where_a_twin_has_its_own(gym: Gym) -> None:
    desk, phone = gym.phone("desk"), gym.phone("phone")
    gym.joined(desk, register=True)
    done, twin = overtaken(gym, phone, register=False)
    outcome = gym.synced(phone)
    assert isinstance(outcome, Halted)
    assert "hypertrophy account login" in outcome.reason

    gym.joined(phone, register=False)

    assert isinstance(gym.synced(phone), Synced)
    assert phone.queue.identity.device_id != twin.queue.identity.device_id
    assert gym.account() == {done}


def test_registering_again_does_where_the_account_is_gone_too(gym: Gym) -> None:
    phone = gym.phone("phone")
    done, _ = overtaken(gym, phone, register=True)
    assert isinstance(gym.synced(phone), Halted)

    gym.joined(phone, register=True)

    assert isinstance(gym.synced(phone), Synced)
    assert gym.account() == {done}


@pytest.mark.parametrize("register", [True, False], ids=["register", "login"])
def test_who_is_logged_out_of_nobodys_account_gets_into_one(gym: Gym, *, register: bool) -> None:
    # given a log whose anonymous user was left for good, and more that was logged since
    gym.joined(gym.phone("desk"), register=not register)
    phone = gym.phone("phone")
    before = log(phone)
    assert isinstance(gym.synced(phone), Synced)
    gym.logged_out(phone)
    after = log(phone)
    assert isinstance(gym.synced(phone), Halted)

    # when it joins an account
    gym.joined(phone, register=register)

    # then all of the log is in there
    assert isinstance(gym.synced(phone), Synced)
    assert gym.account() == {before, after}


def test_who_is_logged_out_of_an_account_stays_the_same_device(gym: Gym) -> None:
    phone = gym.phone("phone")
    gym.joined(phone, register=True)
    done, device = log(phone), phone.queue.identity.device_id
    assert isinstance(gym.synced(phone), Synced)
    gym.logged_out(phone)
    phone.email = OTHER
    gym.joined(phone, register=True)
    assert isinstance(gym.synced(phone), Halted)

    phone.email = EMAIL
    gym.joined(phone, register=False)

    assert phone.queue.identity.device_id == device
    assert gym.account() == {done}


def test_the_log_of_one_account_does_not_go_to_another(gym: Gym) -> None:
    other, phone = gym.phone("other"), gym.phone("phone")
    other.email = OTHER
    gym.joined(other, register=True)
    gym.joined(phone, register=True)
    done, before = log(phone), phone.queue.identity.device_id
    phone.email = OTHER

    gym.joined(phone, register=False)

    assert isinstance(gym.synced(phone), Synced)
    assert phone.queue.identity.device_id == before
    assert (gym.account(), gym.account(OTHER)) == ({done}, set())
