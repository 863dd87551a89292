"""Access tokens: EdDSA JWTs, verified with auth's published keys. No shared secret, no call per request."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import httpx2
import jwt

from shared.clients import authorities
from shared.errors import InvalidToken, TokenExpired, Unavailable
from shared.telemetry import log

ALGORITHM = "EdDSA"
REQUIRED_CLAIMS = ["iss", "aud", "sub", "did", "aka", "roles", "jti", "iat", "exp"]
JWKS_PATH = "/.well-known/jwks.json"


class Role(StrEnum):
    """What a user may be."""

    CLIENT = "client"
    TRAINER = "trainer"
    NUTRITIONIST = "nutritionist"
    ADMIN = "admin"
    SUPERADMIN = "superadmin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as the token says. `also` are the anonymous users merged into it.

    `expires_at` and `issued_at` are Unix times, the latter in whole seconds, and 0 where nobody knows it.
    """

    user_id: UUID
    device_id: UUID
    also: frozenset[UUID]
    roles: frozenset[Role]
    token_id: str
    expires_at: float
    issued_at: float = 0

    def is_called(self, user_id: UUID) -> bool:
        """Whether this is one of the caller's own ids."""
        return user_id == self.user_id or user_id in self.also


class Keys(Protocol):
    """Where a verifier finds the public keys."""

    async def key(self, kid: str) -> Any:
        """The public key of this id.

        Raises:
            InvalidToken, Unavailable
        """


class KeySet:
    """auth's public keys: fetched without blocking, cached, used stale when auth is away.

    A known key is there at once; one older than `max_age_seconds` is fetched again beside its users: for as long
    a key lives on that auth has retired. An unknown `kid`, which may be of a key that auth has only just begun to use,
    waits for a fetch, and shares the one that is under way. Between two fetches are at least `refetch_seconds`, unless
    there are no keys yet.
    """

    def __init__(self, url: str, *, max_age_seconds: float = 10, refetch_seconds: float = 1) -> None:
        self._url = url
        # Read at the start: the first request would have to wait for it.
        self._authorities = authorities()
        self._max_age = max_age_seconds
        self._refetch = refetch_seconds
        self._keys: Mapping[str, Any] = {}
        self._fetched_at = float("-inf")
        self._ended_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Any:
        """The public key of this id.

        Raises:
            TokenExpired: when auth does not publish it, or no longer, as after a restore.
            Unavailable: when no key set was ever fetched.
        """
        if kid not in self._keys:
            # Shielded: who gives up waiting takes the fetch from nobody else.
            await asyncio.shield(self._newest_fetch())
        elif time.monotonic() - self._fetched_at > self._max_age:
            self._newest_fetch()
        if not self._keys:
            raise Unavailable("the signing keys cannot be fetched yet")
        if kid not in self._keys:
            raise TokenExpired("the key that signed this token is no longer in use: refresh it and send again")
        return self._keys[kid]

    def _newest_fetch(self) -> asyncio.Task[None]:
        """The fetch that is under way or about to begin, otherwise a new one, which begins when it is not too early."""
        if self._fetching is None or self._fetching.done():
            rest = self._refetch - (time.monotonic() - self._ended_at) if self._keys else 0.0
            self._fetching = asyncio.create_task(self._fetch(after=rest))
        return self._fetching

    async def _fetch(self, after: float) -> None:
        await asyncio.sleep(max(0.0, after))
        try:
            async with httpx2.AsyncClient(timeout=5, verify=self._authorities) as client:
                response = (await client.get(self._url)).raise_for_status()
            self._keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(response.json()).keys if key.key_id}
            self._fetched_at = time.monotonic()
        except (httpx2.HTTPError, jwt.PyJWTError, ValueError) as error:
            log().warning("key_set_fetch_failed", url=self._url, error=repr(error))
        finally:
            self._ended_at = time.monotonic()


class TokenVerifier:
    """Turns a bearer token into a principal."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Principal:
        """The principal of a valid token.

        Raises:
            TokenExpired, InvalidToken, Unavailable
        """
        return await self._verified_by(key_id(token), token)

    async def _verified_by(self, kid: str, token: str) -> Principal:
        return decode_token(token, await self._keys.key(kid), issuer=self._issuer, audience=self._audience)


def key_id(token: str) -> str:
    """The id of the key that a token says it was signed with.

    Raises:
        InvalidToken
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
    except jwt.PyJWTError as error:
        raise InvalidToken("the token is not a JWT") from error
    if not kid or not isinstance(kid, str):
        raise InvalidToken("the token does not name its key")
    return kid


class RememberingVerifier(TokenVerifier):
    """Believes a token that was verified for a minute, as long as its key is in use: a phone sends it again and again,
    and the signature is most of a small request's cost."""

    REMEMBERED_SECONDS = 60
    REMEMBERED = 10_000

    def __init__(self, keys: Keys, *, issuer: str, audience: str) -> None:
        super().__init__(keys, issuer=issuer, audience=audience)
        self._verified: dict[str, tuple[float, str, Principal]] = {}

    async def verify(self, token: str) -> Principal:
        """The principal of a token that is valid, or was a minute ago and has not expired."""
        until, kid, principal = self._verified.get(token, (0.0, "", None))
        if principal is not None and time.time() < min(until, principal.expires_at):
            await self._keys.key(kid)
            return principal
        kid = key_id(token)
        principal = await self._verified_by(kid, token)
        if len(self._verified) >= self.REMEMBERED:
            self._verified.clear()
        self._verified[token] = (time.time() + self.REMEMBERED_SECONDS, kid, principal)
        return principal


def decode_token(token: str, key: Any, *, issuer: str, audience: str) -> Principal:
    """The principal of a token signed with this key.

    Raises:
        TokenExpired, InvalidToken
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=audience,
            options={"require": REQUIRED_CLAIMS},
        )
        return _principal(claims)
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("the access token has expired: refresh it and send again") from error
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken("the access token is not valid") from error


def _principal(claims: Mapping[str, Any]) -> Principal:
    return Principal(
        user_id=UUID(claims["sub"]),
        device_id=UUID(claims["did"]),
        also=frozenset(UUID(user) for user in claims["aka"]),
        roles=frozenset(Role(role) for role in claims["roles"]),
        token_id=claims["jti"],
        expires_at=float(claims["exp"]),
        issued_at=float(claims["iat"]),
    )
