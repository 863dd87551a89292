"""The end of a world: all faults stop, everything is delivered, and nothing moves any more."""

from uuid import UUID

from client.engine import Halted, Outcome, Synced
from deploy.simulation.phone import Phone
from deploy.simulation.world import World

ROUNDS = 12


class Unsettled(Exception):
    """Without a fault in sight, something is still stuck or still moving."""


def settle(world: World) -> None:
    """Lets everybody do what is left to do. Raises Unsettled."""
    _check_promises(world)
    world.flights.clear()
    world.server.store.unknown = frozenset()
    for phone in world.phones:
        phone.disk.fuse = 0
        world.finish(phone)
    before = None
    for _ in range(ROUNDS):
        outcomes = [_round(world, phone) for phone in world.phones]
        world.release()
        world.server.store.identities.heal(world.server.accounts.book.merges)
        world.projector.identities.heal(world.server.accounts.book.merges)
        world.relay.drain(world.server.store)
        world.projector.drain()
        after = _standing(world)
        if after == before:
            _complain(world, outcomes)
            return
        before = after
    raise Unsettled(f"something still moves after {ROUNDS} rounds")


def _check_promises(world: World) -> None:
    """What was acknowledged is on the server's disk, whatever goes on; only a restored server has an excuse."""
    stored = world.server.store.moments()
    for phone in () if world.restored else world.phones:
        if missing := phone.acknowledged() - stored:
            raise Unsettled(f"acknowledged to {phone.name} and not stored: {min(missing)}")


def _round(world: World, phone: Phone) -> Outcome | None:
    outcome = _synced(world, phone)
    user_id, accounts = phone.queue.identity.user_id, world.server.accounts
    account = accounts.book.accounts.get(phone.email)
    if isinstance(outcome, Halted) or user_id is None or account != accounts.root(user_id):
        phone.join(register=account is None)
        world.finish(phone)
        outcome = _synced(world, phone)
    return outcome


def _synced(world: World, phone: Phone) -> Outcome | None:
    world.chance.pass_time()
    phone.sync()
    return world.finish(phone)


def _standing(world: World) -> list[tuple[UUID, int, int, int]]:
    """What moves as long as anything does."""
    rows = [
        (device_id, row.device.last_acked, len(row.events), len(row.refused))
        for device_id, row in sorted(world.server.store.rows.items())
    ]
    phones = [
        (one.queue.identity.device_id, one.queue.identity.last_sequence, one.engine.pulled.count, 0)
        for one in world.phones
    ]
    return rows + phones


def _complain(world: World, outcomes: list[Outcome | None]) -> None:
    for phone, outcome in zip(world.phones, outcomes, strict=True):
        if not isinstance(outcome, Synced):
            raise Unsettled(f"{phone.name} does not get through: {outcome}")
