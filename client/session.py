"""Who this device is to which server: address, device secrets and tokens, in a file that only its owner can read.

It knows nothing of the queue, so losing or renewing a token cannot touch a logged event.
"""

import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from client.answers import Tokens

# A token is renewed this long before it ends, so that it does not end on its way.
_MARGIN_S = 30
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+/?|\[[\da-fA-F:]+\]:\d+/?")


class NoServer(Exception):
    """Nobody has said yet which server to sync with."""

    def __init__(self) -> None:
        super().__init__("no server yet: name it once with `hypertrophy sync --server URL`")


class UnusableServer(Exception):
    """An address at which no server can be."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f'"{url}" is no address of a server; write it like https://gym.example or http://127.0.0.1:8000'
        )


def origin(url: str) -> str:
    """The address with scheme, host and port alone; `127.0.0.1:8000` means http.

    Raises:
        UnusableServer
    """
    text = url.strip()
    if _HOST_AND_PORT.fullmatch(text):
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UnusableServer(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


@dataclass(frozen=True, slots=True)
class Held:
    """Tokens as they are kept. `expires_at` is in seconds since 1970, by this device's clock."""

    device_id: UUID
    user_id: UUID
    is_anonymous: bool
    access_token: str
    refresh_token: str
    expires_at: float

    def is_fresh(self, now: float) -> bool:
        """Whether the access token can still be sent, as far as this clock tells."""
        return now < self.expires_at - _MARGIN_S


class Session:
    """The session file. Every change reads it again first, since other processes write it too."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def server(self) -> str:
        """Raises NoServer."""
        server = self._read().get("server")
        if not server:
            raise NoServer
        return str(server)

    @property
    def has_server(self) -> bool:
        return bool(self._read().get("server"))

    def use_server(self, url: str) -> None:
        """Remembers the origin. Tokens are for one server: those of another are forgotten. Raises UnusableServer."""
        content, server = self._read(), origin(url)
        if content.get("server") not in (None, server):
            content.pop("tokens", None)
        self._write({**content, "server": server})

    def secret(self, device_id: UUID) -> str:
        """The secret that proves who the device is; made the first time."""
        content = self._read()
        known: dict[str, str] = content.setdefault("secrets", {})
        if str(device_id) not in known:
            known[str(device_id)] = secrets.token_hex(32)
            self._write(content)
        return known[str(device_id)]

    def next_device(self, make: UUID) -> UUID:
        """The id of the device that this one is about to become: the same one again after a crash."""
        content = self._read()
        if "next_device" not in content:
            self._write({**content, "next_device": str(make)})
            return make
        return UUID(content["next_device"])

    def became(self, device_id: UUID) -> None:
        """The change of device is done."""
        content = self._read()
        if content.get("next_device") == str(device_id):
            del content["next_device"]
            self._write(content)

    def held(self, device_id: UUID) -> Held | None:
        """The tokens of this device; None where there are none, or another device's."""
        tokens = self._read().get("tokens")
        if tokens is None or tokens["device_id"] != str(device_id):
            return None
        return Held(
            UUID(tokens["device_id"]),
            UUID(tokens["user_id"]),
            bool(tokens["is_anonymous"]),
            tokens["access_token"],
            tokens["refresh_token"],
            float(tokens["expires_at"]),
        )

    def hold(self, tokens: Tokens, now: float) -> None:
        """Keeps new tokens; `now` in seconds since 1970."""
        kept = {
            "device_id": str(tokens.device_id),
            "user_id": str(tokens.user_id),
            "is_anonymous": tokens.is_anonymous,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_at": now + tokens.expires_in,
        }
        self._write({**self._read(), "tokens": kept})

    def drop_tokens(self) -> None:
        content = self._read()
        content.pop("tokens", None)
        self._write(content)

    def _read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return content

    def _write(self, content: dict[str, Any]) -> None:
        """In one step, and on the disk before it counts: a secret that is lost cannot be made again."""
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
