"""The rules of accounts and devices: pure, over frozen values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

SERVICES = ("ingest", "projector", "coach")
"""Who keeps what is users', and answers every merge and erasure."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as auth knows it. `user_id` is the root of its user's merges."""

    device_id: UUID
    user_id: UUID
    secret_hash: bytes | None = None
    revoked: bool = False
    login_required: bool = False


@dataclass(frozen=True, slots=True)
class Erased:
    """What is left of a device of an erased user."""

    device_id: UUID
    secret_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class ServerDevice:
    """The server's own device of some user: nobody may use it."""

    device_id: UUID


Known = Device | Erased | ServerDevice | None


class Create:
    """The device is new."""


class Resume:
    """The device comes back: a fresh token family."""


class Taken:
    """Another device, or another user's."""


class Revoked:
    """The device was revoked."""


class LoginRequired:
    """The device's session was ended on purpose."""


class Forgotten:
    """The device's user was erased."""


Launch = Create | Resume | Taken | Revoked | LoginRequired | Forgotten


def launch(known: Known, secret_hash: bytes | None, caller: UUID | None) -> Launch:
    """What a first launch, or a repeated one, comes to. `caller` is the root user of the bearer, if one was sent."""
    match known:
        case None:
            return Create()
        case Erased():
            return Forgotten() if _same(known.secret_hash, secret_hash) else Taken()
        case ServerDevice():
            return Taken()
        case Device():
            return _launch_known(known, secret_hash, caller)


def _launch_known(device: Device, secret_hash: bytes | None, caller: UUID | None) -> Launch:
    if not _same(device.secret_hash, secret_hash) or caller not in (None, device.user_id):
        return Taken()
    if device.revoked:
        return Revoked()
    return LoginRequired() if device.login_required else Resume()


def _same(stored: bytes | None, given: bytes | None) -> bool:
    # Hashes of 256 random bits: what their comparison's timing tells is of no use.
    return stored is not None and stored == given


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who sends a login. `user_id` as the token says, `root` after merges; `device_id` the token's `did`."""

    user_id: UUID
    root: UUID
    device_id: UUID
    is_anonymous: bool

    def was_merged_into(self, account: UUID) -> bool:
        """Whether this anonymous user already is the account."""
        return self.root == account != self.user_id


class UseNew:
    """The login makes the device."""


class UseOwn:
    """The device already is the account's, or becomes it by the merge."""


LoginDevice = UseNew | UseOwn | Taken


def login_device(known: Known, account: UUID, bearer: Bearer | None, merges: bool) -> LoginDevice:
    """Whether a login to `account` may use this device."""
    match known:
        case None:
            return UseNew()
        case Erased() | ServerDevice():
            return Taken()
        case Device():
            return UseOwn() if _may_use(known, account, bearer, merges) else Taken()


def _may_use(device: Device, account: UUID, bearer: Bearer | None, merges: bool) -> bool:
    if bearer is not None and bearer.is_anonymous:
        return merges and (device.device_id == bearer.device_id or device.user_id == account)
    return device.user_id == account


@dataclass(frozen=True, slots=True)
class Family:
    """A chain of refresh tokens: each is derived from the one before. `newest` is the last generation handed out."""

    newest: int
    refreshed_at: datetime
    reused: bool = False
    ended: bool = False


class Rotate:
    """The newest token is used for the first time: it gets a successor."""


class Repeat:
    """The successor was handed out but never used: it is handed out again, for its answer may have been lost."""


class Reused:
    """The token's successor was used: somebody has a copy. The family is over."""


class Idle:
    """Nobody refreshed for too long."""


class Ended:
    """The session was ended on purpose."""


Refresh = Rotate | Repeat | Reused | Idle | Ended


def refresh(family: Family, generation: int, now: datetime, idle: timedelta) -> Refresh:
    """What a refresh token of this generation is worth now."""
    if family.ended:
        return Ended()
    if family.reused or generation < family.newest - 1:
        return Reused()
    if now - family.refreshed_at > idle:
        return Idle()
    return Rotate() if generation == family.newest else Repeat()


def root(user_id: UUID, merged_into: Mapping[UUID, UUID]) -> UUID:
    """The user that this one has become. Only an anonymous user is merged away, so there are no cycles."""
    while user_id in merged_into:
        user_id = merged_into[user_id]
    return user_id


def status(answered: frozenset[str]) -> str:
    """Of a merge or an erasure: `applied` once every service has said that it is done."""
    return "applied" if answered.issuperset(SERVICES) else "pending"


def statuses(answered: frozenset[str], services: Iterable[str] = SERVICES) -> dict[str, str]:
    """The same of each service."""
    return {name: "applied" if name in answered else "pending" for name in services}


def most(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    """Two answers to one erasure as one: a repeated answer may count only what was left."""
    return {store: max(first.get(store, 0), second.get(store, 0)) for store in sorted({*first, *second})}


def well_formed_email(email: str) -> str:
    """One `@` with something on both sides and no blanks: whether it is anybody's, only a mail can tell.

    Raises:
        ValueError
    """
    text = email.strip()
    name, at, host = text.rpartition("@")
    if not (name and at and host) or "@" in name or any(sign.isspace() or not sign.isprintable() for sign in text):
        raise ValueError("must be an email address")
    return text
