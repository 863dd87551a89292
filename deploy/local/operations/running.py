"""The running stack of a data folder, as its operator reaches it: the services' internal paths, with their token."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx2
import typer

from deploy.local.folders import default_data_folder
from deploy.local.stack import RunningStack, Stack, find_stack, holder
from shared.feeds import IdentityFeed, IngestFeed

Data = Annotated[Path | None, typer.Option("--data", help="Folder of all data; default: the user's own data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Result = TypeVar("Result")
# What a stack is told that is only there to be measured or tormented.
UNLIMITED = {"INGEST_LIMITS_ENABLED": "false", "AUTH_LIMITS_ENABLED": "false", "LOG_LEVEL": "WARNING"}


class NotRunning(Exception):
    """There is no stack to talk to."""


class Refused(Exception):
    """A service answered with an error."""


@dataclass(frozen=True)
class Operator:
    """`stack` is what runs, `http` a client of all its services with the service token."""

    stack: RunningStack
    http: httpx2.AsyncClient

    @property
    def ingest(self) -> IngestFeed:
        """The event store's feeds."""
        return IngestFeed(self.http)

    @property
    def identity(self) -> IdentityFeed:
        """auth's log of identity events."""
        return IdentityFeed(self.http)

    async def ready(self) -> bool:
        """Whether every part is up: engines and services answer, and consumers are members of their groups."""
        return (await self.http.get("/health/ready")).is_success

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of an internal path."""
        given = {name: value for name, value in params.items() if value is not None}
        return content(await self.http.get(path, params=given))

    async def all_items(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, **params, cursor=cursor)
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    async def post(self, path: str, body: Any = None) -> Any:
        """The JSON that an internal path answers to `body`."""
        return content(await self.http.post(path, json={} if body is None else body))


def content(answer: httpx2.Response) -> Any:
    """The JSON of a successful answer; None where there is none.

    Raises:
        Refused: with the problem document's own words.
    """
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        said = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        said = f"the stack answered {answer.status_code}: {answer.text[:200]}"
    raise Refused(said)


@asynccontextmanager
async def operator(data: Path | None, *, patience: float = 60) -> AsyncIterator[Operator]:
    """The stack that runs on `data`; an answer may take `patience` seconds.

    Raises:
        NotRunning: when none does, or when it stops answering.
    """
    folder = (data or default_data_folder()).expanduser().resolve()
    stack = find_stack(folder)
    if stack is None and (at_work := holder(folder)):
        raise NotRunning(f"no stack is ready on {folder} yet: wait for `ready`, or the end, of {at_work}")
    if stack is None:
        raise NotRunning(f"no stack runs on {folder}; start it with: ./hypertrophy up --data {folder}")
    try:
        async with service_client(stack.url, stack.environment, patience) as http:
            yield Operator(stack, http)
    except httpx2.TransportError as error:
        raise NotRunning(f"the stack at {stack.url} does not answer ({type(error).__name__})") from error


@asynccontextmanager
async def operating(stack: Stack, *, patience: float = 60) -> AsyncIterator[Operator]:
    """A stack of this process, once it runs."""
    found = find_stack(stack.data)
    assert found is not None
    async with service_client(stack.url, stack.environment(), patience) as http:
        yield Operator(found, http)


def service_client(url: str, environment: Mapping[str, str], patience: float = 60) -> httpx2.AsyncClient:
    """A client of all services of a stack with their own token."""
    token = Path(environment["SERVICE_TOKEN_FILE"]).read_text().strip()
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=patience)


def operate(data: Path | None, work: Callable[[Operator], Awaitable[Result]], *, patience: float = 60) -> Result:
    """Runs `work` against the running stack."""

    async def run() -> Result:
        async with operator(data, patience=patience) as found:
            return await work(found)

    return asyncio.run(run())
