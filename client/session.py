"""Who this device is to which server: address, device secrets and tokens, in a file that only its owner can read.

It knows nothing of the queue, so losing or renewing a token cannot touch a logged event.
"""

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints

from client.answers import Tokens
from client.files import replace_file
from client.locks import held_while

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


class DamagedSession(Exception):
    """The session file is not what this program has written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is damaged: move it away and `hypertrophy sync --server URL` makes a new one; "
            "with an account, `hypertrophy account login EMAIL` first. What was logged is in another file"
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


# What can be sent in a header.
_Sendable = Annotated[str, StringConstraints(pattern=r"^[!-~]+$")]


class _Tokens(BaseModel):
    """How tokens are kept."""

    device_id: UUID
    user_id: UUID
    is_anonymous: bool
    access_token: _Sendable
    refresh_token: _Sendable
    expires_at: float


class _Content(BaseModel):
    """What the session file holds, where nobody but this program has written it."""

    server: Annotated[str, AfterValidator(origin)] | None = None
    secrets: dict[UUID, _Sendable] = {}
    next_device: UUID | None = None
    abandoned: UUID | None = None
    tokens: Annotated[_Tokens | None, BeforeValidator(lambda tokens: tokens or None)] = None


class Session:
    """The session file. Every change reads it again first, and holds others off, since other processes write it too."""

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
        server = origin(url)
        with self._changing() as content:
            if content.get("server") not in (None, server):
                content.pop("tokens", None)
            content["server"] = server

    def secret(self, device_id: UUID) -> str:
        """The secret that proves who the device is; made the first time."""
        with self._changing() as content:
            known: dict[str, str] = content.setdefault("secrets", {})
            return known.setdefault(str(device_id), secrets.token_hex(32))

    def next_device(self, make: UUID) -> UUID:
        """The id of the device that this one is about to become: the same one again after a crash."""
        with self._changing() as content:
            return UUID(content.setdefault("next_device", str(make)))

    def became(self, device_id: UUID) -> None:
        """The change of device is done."""
        with self._changing() as content:
            if content.get("next_device") == str(device_id):
                del content["next_device"]

    def held(self, device_id: UUID) -> Held | None:
        """The tokens of this device; None where there are none, or another device's."""
        tokens = self._read().get("tokens")
        if not tokens or tokens.get("device_id") != str(device_id):
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
        with self._changing() as content:
            content["tokens"] = kept

    def drop_tokens(self, abandoned: UUID | None = None) -> None:
        """`abandoned` is a device whose user nobody can ever log in to."""
        with self._changing() as content:
            content.pop("tokens", None)
            if abandoned:
                content["abandoned"] = str(abandoned)

    def is_abandoned(self, device_id: UUID) -> bool:
        return self._read().get("abandoned") == str(device_id)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The content, which is written if it is another one afterwards; no other process changes it meanwhile."""
        with self._alone():
            content = self._read()
            before = deepcopy(content)
            yield content
            if content != before:
                self._write(content)

    def _alone(self) -> AbstractContextManager[None]:
        # Not the session's own lock, which is held as long as a server is asked.
        return held_while(self._path.with_suffix(".changing"))

    def _read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self._path.read_text())
            _Content.model_validate(content)
        except FileNotFoundError:
            return {}
        except (ValueError, UnusableServer) as error:
            raise DamagedSession(self._path) from error
        return content

    def _write(self, content: dict[str, Any]) -> None:
        """In one step, and on the disk before it counts: a secret that is lost cannot be made again."""
        replace_file(self._path, json.dumps(content, indent=2), private=True)
