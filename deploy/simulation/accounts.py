"""auth in memory: devices, accounts, tokens and merges. Its decisions are the real ones."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from deploy.simulation.chance import Chance
from services.auth import domain
from services.auth.problems import BadCredentials, DeviceExists, EmailTaken, LoginRequired, RefreshReused
from shared.errors import DeviceRevoked, NotAuthenticated, TokenExpired
from shared.identity import UserMerged
from shared.tokens import Principal

TOKEN_SECONDS = 900
IDLE = timedelta(days=180)


@dataclass
class Book:
    """What a backup of auth holds. `families` is by the id that every refresh token starts with."""

    accounts: dict[str, UUID] = field(default_factory=dict)
    devices: dict[UUID, domain.Device] = field(default_factory=dict)
    merged_into: dict[UUID, UUID] = field(default_factory=dict)
    families: dict[UUID, tuple[UUID, domain.Family]] = field(default_factory=dict)
    merges: list[UserMerged] = field(default_factory=list)

    def copied(self) -> "Book":
        return Book(
            dict(self.accounts), dict(self.devices), dict(self.merged_into), dict(self.families), list(self.merges)
        )


class Accounts:
    """Answers as auth does, or raises its problems. Tokens are names in a table, which stands for the signing keys."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._tokens: dict[str, Principal] = {}
        self.book = Book()

    def restore(self, book: Book) -> None:
        """Another book, and new signing keys."""
        self.book = book.copied()
        self._tokens.clear()

    def caller(self, bearer: str | None) -> Principal:
        """Whom the token names."""
        if bearer is None:
            raise NotAuthenticated
        principal = self._tokens.get(bearer)
        if principal is None or principal.expires_at <= self._chance.now.timestamp():
            raise TokenExpired
        return principal

    def root(self, user_id: UUID) -> UUID:
        return domain.root(user_id, self.book.merged_into)

    def launch(self, device_id: UUID, secret: str, caller: Principal | None) -> tuple[int, dict[str, Any]]:
        hashed = sha256(secret.encode()).digest()
        owner = self.root(caller.user_id) if caller else None
        outcome = domain.launch(self.book.devices.get(device_id), hashed, owner)
        match outcome:
            case domain.Create():
                self.book.devices[device_id] = domain.Device(device_id, owner or self._chance.id(), hashed)
                return 201, self._session(device_id)
            case domain.Resume():
                return 200, self._session(device_id)
            case domain.Revoked():
                raise DeviceRevoked
            case domain.LoginRequired():
                raise LoginRequired
            case domain.Taken() | domain.Forgotten():
                raise DeviceExists

    def refresh(self, token: str) -> tuple[int, dict[str, Any]]:
        name, _, generation = token.partition(":")
        device_id, family = self.book.families.get(UUID(name), (None, None))
        if device_id is None or family is None:
            raise RefreshReused
        match domain.refresh(family, int(generation), self._chance.now, IDLE):
            case domain.Rotate():
                family = replace(family, newest=family.newest + 1, refreshed_at=self._chance.now)
            case domain.Repeat():
                pass
            case domain.Reused() | domain.Idle() | domain.Ended():
                self.book.families[UUID(name)] = (device_id, replace(family, reused=True))
                raise RefreshReused
        self.book.families[UUID(name)] = (device_id, family)
        return 200, self._answer(device_id, f"{name}:{family.newest}")

    def register(self, email: str, caller: Principal) -> tuple[int, dict[str, Any]]:
        user_id = self.root(caller.user_id)
        if self.book.accounts.setdefault(email, user_id) != user_id:
            raise EmailTaken
        return 201, self._session(caller.device_id)

    def login(self, email: str, device_id: UUID, caller: Principal | None) -> tuple[int, dict[str, Any]]:
        account = self.book.accounts.get(email)
        if account is None:
            raise BadCredentials
        bearer = self._bearer(caller) if caller else None
        known = self.book.devices.get(device_id)
        match domain.login_device(known, account, bearer, merges=True):
            case domain.UseNew():
                self.book.devices[device_id] = domain.Device(device_id, account)
            case domain.UseOwn():
                pass
            case domain.Taken():
                raise DeviceExists
        if bearer and bearer.is_anonymous:
            self._merge(bearer.root, account)
        return 200, self._session(device_id)

    def is_anonymous(self, user_id: UUID) -> bool:
        return user_id not in self.book.accounts.values()

    def _bearer(self, caller: Principal) -> domain.Bearer:
        root = self.root(caller.user_id)
        return domain.Bearer(caller.user_id, root, caller.device_id, self.is_anonymous(root))

    def _merge(self, source: UUID, account: UUID) -> None:
        self.book.merged_into[source] = account
        for device in list(self.book.devices.values()):
            if device.user_id == source:
                self.book.devices[device.device_id] = replace(device, user_id=account)
        number = len(self.book.merges) + 1
        merge = UserMerged(
            number=number,
            occurred_at=self._chance.now,
            user_id=account,
            merge_id=self._chance.id(),
            from_user_id=source,
        )
        self.book.merges.append(merge)

    def _session(self, device_id: UUID) -> dict[str, Any]:
        name = self._chance.id()
        self.book.families[name] = (device_id, domain.Family(0, self._chance.now))
        return self._answer(device_id, f"{name}:0")

    def _answer(self, device_id: UUID, refresh_token: str) -> dict[str, Any]:
        user_id, token = self.book.devices[device_id].user_id, str(self._chance.id())
        also = frozenset(merged for merged in self.book.merged_into if self.root(merged) == user_id)
        expires_at = self._chance.now.timestamp() + TOKEN_SECONDS
        self._tokens[token] = Principal(user_id, device_id, also, frozenset(), token, expires_at)
        return {
            "user_id": str(user_id),
            "device_id": str(device_id),
            "is_anonymous": self.is_anonymous(user_id),
            "access_token": token,
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh_token,
        }
