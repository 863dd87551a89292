"""Random secrets that clients keep, and the hashes that auth keeps of them."""

import base64
import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from services.auth.settings import Settings


def hash_of(secret: str) -> bytes:
    """SHA-256: these secrets are random, so nothing slower is needed."""
    return sha256(secret.encode()).digest()


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def successor(refresh_token: str, key: bytes) -> str:
    """The refresh token that follows this one: always the same, and only the key's owner can tell it."""
    derived = hmac.digest(key, refresh_token.encode(), sha256)
    return base64.urlsafe_b64encode(derived).decode().rstrip("=")


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose."""
    return hmac.digest(secret.encode(), purpose.encode(), sha256)


class NoKeySecret(Exception):
    """Neither a secret nor a folder to keep one in was given."""


def key_secret(settings: Settings) -> str:
    """The configured secret, else the one in the data folder, which is made at the first start.

    Raises:
        NoKeySecret
    """
    if settings.auth_key_secret is not None:
        return settings.auth_key_secret.get_secret_value()
    if settings.hypertrophy_data is None:
        raise NoKeySecret("set AUTH_KEY_SECRET, AUTH_KEY_SECRET_FILE or HYPERTROPHY_DATA")
    return _kept(settings.hypertrophy_data / "secrets" / "auth-key")


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent, prefix=".auth-key-") as fresh:
            fresh.write(new_secret())
            fresh.flush()
            os.fsync(fresh.fileno())
            # Whole or not at all, and the first of several processes wins.
            with suppress(FileExistsError):
                os.link(fresh.name, path)
    return path.read_text().strip()
