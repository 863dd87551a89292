"""A rebuild from beginning to end: fill, catch up, prove, switch."""

import asyncio
import gc
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from uuid import UUID

import asyncpg

from services.projector.rebuild.groups import Group, groups
from services.projector.rebuild.load import CannotApply, load_group
from services.projector.rebuild.progress import Progress
from services.projector.settings import Settings
from services.projector.store import comparing, dead_letters, effects, generations, identity, loading
from services.projector.store.batch import ProjectorStore
from shared.clients import service_client
from shared.feeds import Head, IdentityFeed, IngestFeed
from shared.following import NOTHING_APPLIED, Follower, pages, patiently
from shared.identity import DeviceLinked, DeviceRevoked, IdentityEvent, UserErased, UserMerged, UserRegistered
from shared.postgres import Connection, Pool, connect, create_pool
from shared.views.whole import FOLD_VERSION

CATCH_UPS = 20


def prepare_process() -> None:
    """Has a child process end as soon as its parent is gone, however that happened."""
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    # Millions of small objects without cycles, in a process that soon ends: looking for garbage only costs.
    gc.disable()


class RebuildStopped(Exception):
    """The new generation was not switched in; the live one goes on."""


class AlreadyRebuilding(RebuildStopped):
    """Another process is at it."""


@dataclass(frozen=True)
class Rebuilt:
    """How it went: `differences` counts rows by view where the fold version has changed."""

    generation: str
    events: int
    differences: Mapping[str, int]


def workers(count: int, start: str = "spawn") -> ProcessPoolExecutor:
    """Processes that load groups. `fork` saves each the time of its imports, but only a process that has neither
    threads nor a running loop may start them so: the first of them starts them all.
    """
    processes = ProcessPoolExecutor(count, get_context(start), initializer=prepare_process)
    if start == "fork":
        processes.submit(os.getpid).result()
    return processes


async def rebuild(settings: Settings, processes: ProcessPoolExecutor | None = None) -> Rebuilt:
    """Makes a new generation from the feeds and switches to it; in processes of its own where none are given.

    Raises:
        RebuildStopped, CannotApply: when it must not be switched in; the reason is kept beside the generation.
        httpx2.HTTPError, asyncpg.PostgresError: when a feed or the database is away.
    """
    async with AsyncExitStack() as stack:
        owner = await connect(settings.database_url_projector)
        stack.push_async_callback(owner.close)
        if not await loading.lock_rebuilding(owner):
            raise AlreadyRebuilding("a rebuild is running already")
        await generations.ensure_live(owner)
        await loading.drop_unfinished(owner)
        ingest = await stack.enter_async_context(service_client(settings.ingest_url, settings))
        auth = await stack.enter_async_context(service_client(settings.auth_url, settings))
        pool = await create_pool(
            settings.database_url_projector, role="projector_worker", statement_timeout_ms=0, by_key=False
        )
        stack.push_async_callback(pool.close)
        feed = IngestFeed(ingest)
        writable = (await generations.fitness(owner)).writable
        await _hear_identity(ProjectorStore(pool), IdentityFeed(auth), writable=writable)
        _, heads = await feed.heads()
        async with owner.transaction():
            name = await generations.create(owner)
        progress = Progress(owner, name, sum(head.count for head in heads.values()))
        if processes is None:
            processes = stack.enter_context(workers(settings.projector_rebuild_shards))
        return await _Rebuild(settings, owner, pool, feed, name, progress, processes).run()


async def _hear_identity(store: ProjectorStore, feed: IdentityFeed, *, writable: bool) -> None:
    """Identity first: who is who decides whose rows the events make. The worker answers auth; this does not.

    Where the live generation is not `writable`, its rows stay with those whom they were made for.
    """
    async with store.transaction() as connection:
        position = await identity.position(connection)
    for event in await feed.after(position):
        await patiently(partial(_apply, store, event, writable=writable), (asyncpg.TransactionRollbackError,))


async def _apply(store: ProjectorStore, event: IdentityEvent, *, writable: bool) -> None:
    async with store.transaction() as connection:
        match event:
            case UserMerged():
                conflicts = await identity.merge(connection, event.from_user_id, event.user_id, moves=writable)
                await effects.tell(connection, conflicts)
            case UserErased():
                await identity.erase(connection, event.erasure_id, {event.user_id, *event.merged_user_ids})
            case UserRegistered() | DeviceLinked() | DeviceRevoked():
                pass


@dataclass
class _Rebuild:
    settings: Settings
    owner: "asyncpg.Connection[asyncpg.Record]"
    pool: Pool
    feed: IngestFeed
    name: str
    progress: Progress
    processes: ProcessPoolExecutor

    async def run(self) -> Rebuilt:
        try:
            await self._fill()
            await self._catch_up()
            verified = await self._verified_before()
            differences = await self._switch(verified)
        except BaseException as error:
            await self.progress.ended("failed", "stopped", error=str(error) or repr(error))
            await generations.abandon(self.owner, self.name)
            raise
        await self.progress.ended("live", "done", differences=differences)
        async with self.owner.transaction():
            await generations.drop_old(self.owner)
        return Rebuilt(self.name, self.progress.done, differences)

    async def _fill(self) -> None:
        """Reads, folds and copies group by group, in processes."""
        epoch, heads = await self.feed.heads()
        async with self.pool.acquire() as connection:
            people = await loading.people(connection)
            parked = await loading.parked_in_live(connection)
        await self.progress.step("folding")
        await self._load(epoch, groups(heads.values(), people.roots), people.erased, parked)
        await self.progress.step("indexing")
        async with AsyncExitStack() as stack:
            other = await connect(self.settings.database_url_projector)
            stack.push_async_callback(other.close)
            await generations.secure_loaded((self.owner, other), self.name)

    async def _load(
        self,
        epoch: UUID,
        found: Iterable[Group],
        erased: AbstractSet[UUID],
        parked: Mapping[tuple[UUID, int], str],
    ) -> None:
        loop = asyncio.get_running_loop()
        waiting = [
            loop.run_in_executor(
                self.processes,
                load_group,
                self.settings,
                self.name,
                epoch,
                group,
                erased & group.owners.keys(),
                _of_devices(parked, group),
            )
            for group in found
        ]
        try:
            for finished in asyncio.as_completed(waiting):
                await self.progress.step("folding", done=await finished)
        except BaseException:
            self.processes.shutdown(wait=False, cancel_futures=True)
            raise

    async def _catch_up(self) -> None:
        """Follows until a look at the heads finds little that is new."""
        for _ in range(CATCH_UPS):
            applied, _ = await self._follow()
            await self.progress.step("catching up", done=applied)
            if applied < 1_000:
                return

    async def _follow(self) -> tuple[int, Mapping[UUID, Head]]:
        """Reads from the feed what the new generation lacks; returns how many events came in, and up to which heads."""
        store = ProjectorStore(self.pool, self.name)
        epoch, heads = await self.feed.heads()
        follower = Follower(store, self.feed, epoch)
        applied = await store.all_applied()
        if erased := applied.keys() - heads.keys():
            await store.forget(erased)
        count = 0
        for device, head in heads.items():
            at = applied.get(device, NOTHING_APPLIED).sequence
            if head.last_accepted_sequence > at:
                async for page in pages(self.feed.events(device, at + 1, head.last_accepted_sequence)):
                    count += await follower.take(page)
        async with store.transaction() as connection:
            await identity.settle(connection, await loading.misplaced(connection))
        return count, heads

    async def _verified_before(self) -> Mapping[UUID, int]:
        """Compares what stands still already, so that the switch itself has little to look at."""
        await self.progress.step("comparing")
        live = await generations.live_name(self.owner)
        if live is None or not await self._comparable_versions(live):
            return {}
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            users = await comparing.comparable(connection, live, self.name)
            await self._stop_at_difference(connection, live, users)
            return users

    async def _switch(self, verified: Mapping[UUID, int]) -> Mapping[str, int]:
        """Holds the workers for a moment, reads the last events, proves both digests, and switches."""
        async with self.owner.transaction():
            # It does nothing itself while the rest is read and compared, for as long as that takes.
            await self.owner.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            live = await loading.hold_live(self.owner)
            _, heads = await self._follow()
            async with self.pool.acquire() as connection:
                await self._prove(connection, live, heads)
                await dead_letters.carry_over(connection, live, self.name)
                users = await comparing.comparable(connection, live, self.name)
                differences: Mapping[str, int] = {}
                if await self._comparable_versions(live):
                    changed = [user for user, version in users.items() if verified.get(user) != version]
                    await self._stop_at_difference(connection, live, changed)
                else:
                    differences = await comparing.differences(connection, live, self.name, users)
            await generations.switch(self.owner, self.name)
            # What it met before the worker did, which will find those events applied.
            await effects.tell(self.owner, await comparing.new_conflicts(self.owner, live, self.name))
        return differences

    async def _prove(self, connection: Connection, live: str, heads: Mapping[UUID, Head]) -> None:
        behind = await comparing.first_behind(connection, self.name, heads)
        if behind is not None:
            raise RebuildStopped(f"device {behind} does not agree with the event store")
        lost = await comparing.first_parked_only_in(connection, live, self.name)
        if lost is not None:
            raise CannotApply(f"event {lost.event_id} cannot be applied: {lost.reason}")

    async def _comparable_versions(self, live: str) -> bool:
        return await generations.fold_version(self.owner, live) == FOLD_VERSION

    async def _stop_at_difference(self, connection: Connection, live: str, users: Collection[UUID]) -> None:
        found = await comparing.first_difference(connection, live, self.name, users)
        if found is not None:
            raise RebuildStopped(
                f"user {found.user_id} reads otherwise in view {found.view}: live {found.old}, rebuilt {found.new}"
            )


def _of_devices(parked: Mapping[tuple[UUID, int], str], group: Group) -> Mapping[tuple[UUID, int], str]:
    """The part of what is parked that a group can meet."""
    devices = frozenset(group.devices) if parked else frozenset()
    return {place: state for place, state in parked.items() if place[0] in devices}


__all__ = ["AlreadyRebuilding", "CannotApply", "RebuildStopped", "Rebuilt", "rebuild"]
