"""Whatever dies, every acknowledged event is readable afterwards, once."""

import asyncio
import os

from deploy.local.processes import Process
from tests.system.stack.world import Phone, World

BATCH = 20


async def sync_in_batches(phone: Phone) -> None:
    for first in range(0, len(phone.queue), BATCH):
        answer = await phone.push_patiently(phone.queue[first : first + BATCH])
        assert answer["errors"] == []
        await asyncio.sleep(0.02)


async def assert_everything_is_there_once(phone: Phone, workouts: list[str]) -> None:
    read = await phone.read_all("/workouts", after=len(phone.queue), seconds=90)
    assert sorted(item["workout_id"] for item in read) == sorted(workouts)
    assert {(item["set_count"], item["tonnage_kg"]) for item in read} == {(8, 4000)}
    status = (await phone.read("/projections/status")).json()
    applied = {device["device_id"]: device["applied"] for device in status["devices"]}
    assert applied[phone.device_id] == len(phone.queue)


def stands_back(process: Process) -> bool:
    return process.pid is not None and os.getpriority(os.PRIO_PROCESS, process.pid) >= process.program.niceness


async def test_each_process_is_killed_while_phones_sync(world: World) -> None:
    # given two phones with a long queue each
    phones = [await world.phone() for _ in range(2)]
    workouts = [[phone.train(sets=8) for _ in range(60)] for phone in phones]
    # when each process of the stack is killed in turn while they sync
    syncing = [asyncio.create_task(sync_in_batches(phone)) for phone in phones]
    for name in world.stack.processes:
        await asyncio.sleep(0.5)
        await world.stack.processes[name].kill()
    await asyncio.gather(*syncing)
    # then everything that was acknowledged can be read, once
    await world.until_ready()
    for phone, trained in zip(phones, workouts, strict=True):
        await assert_everything_is_there_once(phone, trained)
    # and what was started again stands back again
    async with asyncio.timeout(30):
        while not all(map(stands_back, world.stack.processes.values())):
            await asyncio.sleep(0.1)


async def test_sync_goes_on_without_kafka_and_everything_is_projected_when_it_is_back(world: World) -> None:
    # given a stack without its broker
    phone = await world.phone()
    workouts = [phone.train(sets=8) for _ in range(10)]
    await world.broker.kill()
    try:
        # when a phone syncs
        await sync_in_batches(phone)
    finally:
        # and the broker comes back
        await world.broker.start()
    # then all of it is projected
    await assert_everything_is_there_once(phone, workouts)
    await world.until_ready()
