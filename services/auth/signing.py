"""Access tokens are signed here: Ed25519 keys, kept encrypted, one current and at most one retiring."""

import asyncio
import base64
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.auth.store import keys as store
from shared.database import Database
from shared.errors import TokenExpired, Unavailable
from shared.postgres import Connection
from shared.telemetry import log
from shared.tokens import ALGORITHM, Role
from shared.values import utc_now

RELOAD_SECONDS = 5.0
REFETCH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says, apart from its own id and times."""

    user_id: UUID
    device_id: UUID
    also: Sequence[UUID]
    roles: Iterable[Role]


@dataclass(frozen=True)
class KeyRing:
    """The published keys by `kid`, and the one that signs."""

    published: Mapping[str, Ed25519PublicKey]
    kid: str
    private_key: Ed25519PrivateKey

    def jwks(self) -> dict[str, Any]:
        """RFC 7517 and 8037."""
        return {"keys": [_jwk(kid, key) for kid, key in self.published.items()]}


def _jwk(kid: str, key: Ed25519PublicKey) -> dict[str, str]:
    x = base64.urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": ALGORITHM}


class Signer:
    """Signs and verifies with the keys of the store, read again now and then: another process may have rotated them."""

    def __init__(self, database: Database, encryption_key: bytes, retire_after: timedelta) -> None:
        self._database = database
        self._cipher = AESGCM(encryption_key)
        self._retire_after = retire_after
        self._ring: KeyRing | None = None
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def ring(self, max_age: float = RELOAD_SECONDS) -> KeyRing:
        """The keys as they were at most so many seconds ago, or older while the store is away; made where there are
        none yet.

        Raises:
            Unavailable: when they were never read.
        """
        async with self._lock:
            if self._ring is None or time.monotonic() - self._read_at > max_age:
                self._ring = await self._read_or_keep()
                self._read_at = time.monotonic()
            return self._ring

    async def _read_or_keep(self) -> KeyRing:
        try:
            return await self._read()
        except Unavailable as error:
            log().warning("signing_keys_not_read", error=repr(error))
            return self._kept()

    def _kept(self) -> KeyRing:
        if self._ring is None:
            raise Unavailable("the signing keys cannot be read yet")
        return self._ring

    async def key(self, kid: str) -> Ed25519PublicKey:
        """The public key of this id, as `shared.tokens` asks for it.

        Raises:
            TokenExpired: when there is none, or no longer.
        """
        ring = await self.ring()
        if kid not in ring.published:
            ring = await self.ring(REFETCH_SECONDS)
        if kid not in ring.published:
            raise TokenExpired("the key that signed this token is no longer in use: refresh it and send again")
        return ring.published[kid]

    def sign(self, claims: Claims, *, issuer: str, audience: str, now: datetime, seconds: int) -> str:
        """An access token that is good for so many seconds, signed with the keys as they were last read.

        Raises:
            Unavailable: when they were never read.
        """
        ring = self._kept()
        issued = int(now.timestamp())
        content = {
            "iss": issuer,
            "aud": audience,
            "sub": str(claims.user_id),
            "did": str(claims.device_id),
            "aka": [str(user) for user in claims.also],
            "roles": sorted(claims.roles),
            "jti": str(uuid4()),
            "iat": issued,
            "exp": issued + seconds,
        }
        return jwt.encode(content, ring.private_key, algorithm=ALGORITHM, headers={"kid": ring.kid})

    async def rotate(self, *, retire_at_once: bool = False) -> KeyRing:
        """Makes a new current key. The one before stays published for a while, all older ones are dropped."""
        async with self._database.acquire() as connection, connection.transaction():
            await store.lock(connection)
            now = utc_now()
            await store.retire(connection, now, now if retire_at_once else now + self._retire_after)
            await self._make(connection, now)
        return await self.ring(0)

    async def _read(self) -> KeyRing:
        async with self._database.acquire() as connection, connection.transaction():
            rows = await store.live(connection, utc_now())
            ring = self._opened(rows)
            if ring is None:
                await store.lock(connection)
                rows = await store.live(connection, utc_now())
                ring = self._opened(rows) or await self._replaced(connection)
            return ring

    def _opened(self, rows: Sequence[store.SigningKey]) -> KeyRing | None:
        current = next((row for row in rows if row.retires_at is None), None)
        if current is None:
            return None
        try:
            private = self._cipher.decrypt(*_split(current.encrypted_private_key), current.kid.encode())
        except InvalidTag:
            log().error("signing_key_unreadable", kid=current.kid, reason="AUTH_KEY_SECRET is not the one it was")
            return None
        published = {row.kid: Ed25519PublicKey.from_public_bytes(row.public_key) for row in rows}
        return KeyRing(published, current.kid, Ed25519PrivateKey.from_private_bytes(private))

    async def _replaced(self, connection: Connection) -> KeyRing:
        """A first key, or one instead of a key that cannot be read: its tokens stay good until they expire."""
        now = utc_now()
        await store.retire(connection, now, now + self._retire_after)
        await self._make(connection, now)
        ring = self._opened(await store.live(connection, now))
        assert ring is not None
        return ring

    async def _make(self, connection: Connection, now: datetime) -> None:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        kid, nonce = sha256(public).hexdigest()[:16], os.urandom(12)
        encrypted = nonce + self._cipher.encrypt(nonce, private.private_bytes_raw(), kid.encode())
        await store.add(connection, store.SigningKey(kid, public, encrypted, None), now)


def _split(encrypted: bytes) -> tuple[bytes, bytes]:
    return encrypted[:12], encrypted[12:]
