"""Whatever is presented as an access token: only what auth signed, for this product and for now, is one."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.errors import InvalidToken, TokenExpired, Unavailable
from shared.tokens import REQUIRED_CLAIMS, KeySet, Principal, TokenVerifier

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
    verifier = TokenVerifier(OneKey(), issuer="hypertrophy", audience="hypertrophy")

    async def now_and_later(token: str) -> None:
        await verifier.verify(token)
        with time_machine.travel(time.time() + 31), pytest.raises(TokenExpired):
            await verifier.verify(token)

    asyncio.run(now_and_later(signed(claims(exp=time.time() + 30))))


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
