"""backup and restore: a server from yesterday gets back what its phones still have, and never what was erased."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from deploy.local.folders import erased_ids_file
from deploy.local.operations.backup.archive import BadBackup
from deploy.local.operations.backup.restoring import bring_back
from deploy.local.operations.backup.saving import save
from deploy.local.operations.chaos.command import PATIENCE_SECONDS
from deploy.local.operations.chaos.phones import Phone, diary, introduced
from deploy.local.operations.chaos.reckoning import reckon
from deploy.local.operations.running import UNLIMITED, operating
from deploy.local.processes import StartError
from deploy.local.stack import Stack


def say(_: str) -> None:
    """Nobody watches."""


async def log(phones: list[Phone], seed: int, count: int) -> None:
    """Every phone logs some more and brings it to the server."""
    for number, phone in enumerate(phones):
        phone._queue.append([draft for _, draft in zip(range(count), diary(seed + number), strict=False)])
    await asyncio.gather(*(phone.finish() for phone in phones))


async def erased(stack: Stack, phone: Phone) -> str:
    """The phone's user asks to be forgotten, and is."""
    bearer = {"Authorization": f"Bearer {await phone.engine.credentials.bearer()}"}
    async with httpx2.AsyncClient(base_url=stack.url, timeout=30) as http:
        answer = await http.delete("/api/v1/auth/me", headers=bearer)
        assert answer.status_code in (200, 202), answer.text
    user_id = str(phone._queue.identity.user_id)
    async with asyncio.timeout(60):
        while not erased_ids_file(stack.data).exists() or user_id not in erased_ids_file(stack.data).read_text():
            await asyncio.sleep(0.2)
    return user_id


async def test_nothing_is_lost_by_going_back(folder: Path) -> None:
    data, file = folder / "server", folder / "yesterday.backup"
    async with Stack(data, settings=UNLIMITED) as stack:
        port = stack.port
        phones = list(await introduced(folder, stack.url, seed=2))
        leaver = phones.pop()
        await log([*phones, leaver], 10, 40)
        manifest = await save(data, file)
        await log(phones, 20, 30)
        gone = await erased(stack, leaver)
        old_token = await phones[0].engine.credentials.bearer()
        with pytest.raises(StartError, match="in use"):
            await bring_back(data, file, say)
    assert manifest.events < sum(phone.logged for phone in phones)

    restored = await bring_back(data, file, say)

    assert restored.server_epoch != manifest.server_epoch
    assert restored.erased_again == 1
    async with Stack(data, settings=UNLIMITED, port=port) as stack, operating(stack, patience=120) as operator:
        async with httpx2.AsyncClient(base_url=stack.url) as http:
            answer = await http.get("/api/v1/sync/hash", headers={"Authorization": f"Bearer {old_token}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
        await log(phones, 30, 5)
        await log(phones, 40, 5)
        reckoning = await reckon(operator, [one for phone in phones for one in phone.acknowledged()], PATIENCE_SECONDS)
        assert reckoning.sound, (reckoning.lost[:3], reckoning.duplicated[:3], reckoning.findings.first_difference)
        _, heads = await operator.ingest.heads()
        assert gone not in {str(head.user_id) for head in heads.values()}
    await asyncio.gather(*(phone.close() for phone in [*phones, leaver]))


async def test_a_damaged_backup_changes_nothing(folder: Path) -> None:
    data, file = folder / "server", folder / "damaged.backup"
    file.write_bytes(b"\x00" * 4096)

    with pytest.raises(BadBackup):
        await bring_back(data, file, say)

    assert not (data / "postgres").exists()
