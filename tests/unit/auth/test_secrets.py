"""Passwords, refresh tokens and the key secret."""

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.common_passwords import is_common
from services.auth.passwords import LONGEST_TYPED, Passwords, normalized, require_strong
from services.auth.problems import WeakPassword
from services.auth.secret_values import NoKeySecret, hash_of, key_secret, new_secret, successor
from services.auth.settings import Settings
from shared.errors import Unavailable

EMAIL = "kim@example.org"


@pytest.mark.parametrize(
    "password",
    [
        *("", "seven77", "password", "PASSWORD1", "Passw0rd!", "123456789", "987654321", "letmein123", "Deadlift2024"),
        *("kim@example.org", "abababab", "zzzzzzzzzz", "drowssap", "iloveyou1", "qwertyuiop", "12341234", "x" * 1025),
    ],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        require_strong(password, EMAIL)


@pytest.mark.parametrize("password", ["seven lazy barbells", "kX9#pLq2", "Überschwänglich7", "日本語のパスワード"])
def test_others_are_taken(password: str) -> None:
    require_strong(password, EMAIL)


@given(st.text("abc123xyz!", min_size=1, max_size=4), st.integers(2, 20))
def test_repetitions_are_common(part: str, times: int) -> None:
    assert is_common(part * times)


async def test_a_password_is_checked_however_its_letters_are_composed() -> None:
    passwords = Passwords(threads=1, queue=4)
    stored = await passwords.hash("Übermäßig stark")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify("U\u0308berma\u0308ßig stark", stored)
    assert not await passwords.verify("übermäßig stark", stored)
    assert not await passwords.verify("nobody has this password", None)
    passwords.close()


def test_what_is_too_long_to_be_a_password_is_refused_without_composing_it() -> None:
    endless = "\ufdfa" * (LONGEST_TYPED + 1)

    assert normalized(endless) is endless
    with pytest.raises(WeakPassword, match="at most"):
        require_strong(endless, EMAIL)


async def test_more_waiting_requests_than_there_is_room_for_are_refused() -> None:
    passwords = Passwords(threads=1, queue=1)
    results = await asyncio.gather(*(passwords.hash("some password") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 3
    passwords.close()


@given(st.text(min_size=1), st.binary(min_size=32, max_size=32))
def test_a_successor_is_always_the_same_and_never_its_parent(token: str, key: bytes) -> None:
    assert successor(token, key) == successor(token, key)
    assert successor(token, key) != token
    assert successor(token, key) != successor(token, bytes(32)) or key == bytes(32)


def test_secrets_are_long_and_hashes_tell_nothing_of_them() -> None:
    secret = new_secret()
    assert len(secret) >= 43
    assert len(hash_of(secret)) == 32


def settings(folder: Path | None, secret: str | None = None) -> Settings:
    return Settings(
        database_url_auth="postgresql://nobody@127.0.0.1/none",
        service_token="a-service-token",
        hypertrophy_data=folder,
        auth_key_secret=secret,
    )


def test_the_key_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: key_secret(settings(tmp_path)), range(16)))
    assert len(made) == 1
    assert stat.S_IMODE((tmp_path / "secrets" / "auth-key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["auth-key"]


def test_a_configured_key_secret_goes_first_and_none_at_all_is_an_error(tmp_path: Path) -> None:
    assert key_secret(settings(tmp_path, "configured")) == "configured"
    with pytest.raises(NoKeySecret):
        key_secret(settings(None))
