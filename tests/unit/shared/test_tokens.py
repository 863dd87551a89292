"""Whatever is presented as an access token: only what auth signed, for this product and for now, is one."""

import asyncio
import base64
import gc
import json
import ssl
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.errors import InvalidToken, TokenExpired, Unavailable
from shared.tokens import REQUIRED_CLAIMS, KeySet, Principal, RememberingVerifier, TokenVerifier

KEY, ANOTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class OneKey:
    async def key(self, kid: str) -> Any:
        return KEY.public_key()


def claims(**changed: Any) -> dict[str, Any]:
    now = time.time()
    return {
        "iss": "hypertrophy",
        "aud": "hypertrophy",
        "sub": str(uuid4()),
        "did": str(uuid4()),
        "aka": [],
        "roles": ["client"],
        "jti": "1",
        "iat": now,
        "exp": now + 86_400,
        **changed,
    }


def signed(said: dict[str, Any], key: Any = KEY, algorithm: str = "EdDSA") -> str:
    return jwt.encode(said, key, algorithm, headers={"kid": "1"})


def verify(token: str) -> Principal:
    return asyncio.run(TokenVerifier(OneKey(), issuer="hypertrophy", audience="hypertrophy").verify(token))


def test_what_auth_signed_names_the_caller() -> None:
    said = claims()
    assert str(verify(signed(said)).user_id) == said["sub"]


@pytest.mark.parametrize(
    "forged",
    [
        signed(claims(), ANOTHER),
        signed(claims(), PUBLIC, "HS256"),
        signed(claims(), None, "none"),
        signed(claims(iss="elsewhere")),
        signed(claims(aud="elsewhere")),
        signed(claims(roles=["emperor"])),
        signed(claims(sub="nobody")),
        signed(claims(aka=None)),
        jwt.encode(claims(), KEY, "EdDSA"),
        signed(claims())[:-6],
        "a.b.c",
        "\u00f1",
    ],
)
def test_everything_else_is_invalid(forged: str) -> None:
    with pytest.raises(InvalidToken):
        verify(forged)


@pytest.mark.parametrize("claim", REQUIRED_CLAIMS)
def test_no_claim_may_be_missing(claim: str) -> None:
    with pytest.raises(InvalidToken):
        verify(signed({name: value for name, value in claims().items() if name != claim}))


def test_an_old_one_asks_for_a_refresh() -> None:
    with pytest.raises(TokenExpired):
        verify(signed(claims(exp=time.time() - 1)))


def test_a_remembered_one_ends_when_it_says() -> None:
    verifier = RememberingVerifier(OneKey(), issuer="hypertrophy", audience="hypertrophy")

    async def now_and_later(token: str) -> None:
        await verifier.verify(token)
        with time_machine.travel(time.time() + 31), pytest.raises(TokenExpired):
            await verifier.verify(token)

    asyncio.run(now_and_later(signed(claims(exp=time.time() + 30))))


@pytest.mark.parametrize(("verifier", "remembers"), [(RememberingVerifier, True), (TokenVerifier, False)])
async def test_only_who_believes_a_token_again_keeps_it(verifier: type[TokenVerifier], remembers: bool) -> None:
    verifying = verifier(OneKey(), issuer="hypertrophy", audience="hypertrophy")
    roles = weakref.ref((await verifying.verify(signed(claims()))).roles)
    gc.collect()
    assert (roles() is not None) is remembers


async def test_who_waits_for_the_first_keys_shares_one_fetch() -> None:
    asked = 0

    async def never_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.1)
        writer.close()

    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as server:
        keys = KeySet(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        told = await asyncio.gather(*(keys.key("1") for _ in range(5)), return_exceptions=True)
        assert asked == 1
        again = await asyncio.gather(keys.key("1"), return_exceptions=True)

    assert asked == 2
    assert all(isinstance(error, Unavailable) for error in [*told, *again])


class KeyPage:
    """auth's published keys, over HTTP; with a `silence` it says nothing for so many seconds, and hangs up."""

    def __init__(self) -> None:
        self.asked = 0
        self.kids = ["1"]
        self.silence = 0.0
        self._ended = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server:
            try:
                yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            finally:
                self._ended.set_result(None)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        if self.silence:
            await asyncio.wait([self._ended], timeout=self.silence)
        else:
            writer.write(self._keys())
        writer.close()

    def _keys(self) -> bytes:
        key = {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(PUBLIC).decode().rstrip("=")}
        body = json.dumps({"keys": [{**key, "kid": kid} for kid in self.kids]}).encode()
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
async def page() -> KeyPage:
    return KeyPage()


async def test_a_known_key_waits_for_nobody(page: KeyPage) -> None:
    async with page.served() as url:
        # given keys that are old, and an auth that hangs
        keys = KeySet(url, max_age_seconds=0, refetch_seconds=0)
        known = await keys.key("1")
        page.silence = 60
        # when they are asked for, then they are there at once
        async with asyncio.timeout(30):
            assert [await keys.key("1") for _ in range(3)] == [known] * 3


async def test_old_keys_are_fetched_again_beside_those_who_use_them(page: KeyPage) -> None:
    async with page.served() as url:
        # given old keys, one of which is no longer published
        keys = KeySet(url, max_age_seconds=0, refetch_seconds=0)
        await keys.key("1")
        page.kids = ["2"]
        # when it is used once more and the fetch has ended, then it is gone
        await keys.key("1")
        await keys.key("2")
        with pytest.raises(TokenExpired):
            await keys.key("1")


async def test_a_fetch_does_not_read_who_vouches_for_servers(page: KeyPage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with page.served() as url:
        # given keys that are old
        keys = KeySet(url, max_age_seconds=0, refetch_seconds=0)
        read = Mock(wraps=ssl.create_default_context)
        monkeypatch.setattr(ssl, "create_default_context", read)
        # when they are fetched, then every request of the process need not wait for a list of certificates
        await keys.key("1")
        assert page.asked == 1
        assert not read.called


async def test_a_fetch_that_took_long_is_followed_by_a_rest(page: KeyPage) -> None:
    async with page.served() as url:
        # given a fetch that took longer than the rest, and had no answer
        keys = KeySet(url, refetch_seconds=0.2)
        await keys.key("1")
        page.silence = 0.3
        with pytest.raises(TokenExpired):
            await keys.key("2")
        ended = time.monotonic()
        # when many ask for keys that are not known at once, then they share one fetch, which begins after the rest
        page.silence = 0
        told = await asyncio.gather(*(keys.key(str(kid)) for kid in range(2, 9)), return_exceptions=True)
        assert all(isinstance(error, TokenExpired) for error in told)
        assert page.asked == 3
        assert time.monotonic() - ended > 0.15


async def test_a_key_that_is_used_as_soon_as_it_is_made_is_known(page: KeyPage) -> None:
    async with page.served() as url:
        # given keys that were fetched a moment ago
        keys = KeySet(url, refetch_seconds=0.2)
        await keys.key("1")
        # when auth begins to sign with another one, then the first token of it is taken
        page.kids = ["1", "2"]
        assert await keys.key("2")


async def test_a_remembered_one_ends_with_its_key(page: KeyPage) -> None:
    async with page.served() as url:
        # given a token that was verified, and a key that auth has retired since
        keys = KeySet(url, max_age_seconds=0, refetch_seconds=0)
        verifier = RememberingVerifier(keys, issuer="hypertrophy", audience="hypertrophy")
        token = signed(claims())
        await verifier.verify(token)
        page.kids = ["another"]

        # when it is sent again, and the keys have been fetched beside that, then it has ended
        await verifier.verify(token)
        await keys.key("another")
        with pytest.raises(TokenExpired):
            await verifier.verify(token)
