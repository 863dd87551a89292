"""Passwords: argon2id, worked out off the event loop and only so many at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.auth.common_passwords import is_common
from services.auth.problems import WeakPassword
from shared.errors import Unavailable

SHORTEST, LONGEST = 8, 1024
LONGEST_TYPED = 4 * LONGEST  # before its characters are composed
Result = TypeVar("Result")


def normalized(password: str) -> str:
    """The same characters however a keyboard composes them. What is too long to be a password stays as it is: to
    compose a megabyte takes seconds."""
    return unicodedata.normalize("NFKC", password) if len(password) <= LONGEST_TYPED else password


def require_strong(password: str, email: str, field: str = "password") -> None:
    """Raises WeakPassword for what is guessed first, naming the `field` that it came in."""
    text = normalized(password)
    if len(text) < SHORTEST:
        raise WeakPassword(f"a password has at least {SHORTEST} characters", field=field)
    if len(text) > LONGEST:
        raise WeakPassword(f"a password has at most {LONGEST} characters", field=field)
    if is_common(text) or text.casefold() in (email.casefold(), email.partition("@")[0].casefold()):
        raise WeakPassword("this password is among the first that are guessed", field=field)


class Passwords:
    """Hashes and checks. More than `queue` waiting requests are refused, since each takes memory and a core."""

    def __init__(self, threads: int, queue: int) -> None:
        # 19 MiB, two passes: the least that OWASP recommends for argon2id.
        self._hashing = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1),))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = asyncio.Semaphore(threads + queue)
        self._nobodys = self._hashing.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Raises Unavailable when too many wait."""
        return await self._work(lambda: self._hashing.hash(normalized(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Takes as long where there is nothing to compare with, so that timing does not tell who has an account.

        Raises:
            Unavailable: when too many wait.
        """
        stored = password_hash or self._nobodys
        fits = await self._work(lambda: self._hashing.verify(normalized(password), stored))
        return fits and password_hash is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    async def _work(self, step: Callable[[], Result]) -> Result:
        if self._room.locked():
            raise Unavailable("too many passwords are being checked")
        async with self._room:
            return await asyncio.get_running_loop().run_in_executor(self._threads, step)
