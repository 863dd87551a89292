"""A phone's events become a training log."""

import asyncio
from uuid import uuid4

from tests.system.stack.world import World


async def test_a_workout_logged_offline_can_be_read_back_right_after_its_sync(world: World) -> None:
    # given a phone that trained in a cellar
    phone = await world.phone()
    workout_id = phone.train(sets=3, weight=102.5)
    # when it syncs
    answer = (await phone.push()).json()
    # then everything is acknowledged and the workout is there
    assert (answer["accepted_count"], answer["rejected_count"], answer["errors"]) == (5, 0, [])
    assert answer["ack_cursor"]["last_acked_sequence"] == 5
    workout = await phone.read_fresh(f"/workouts/{workout_id}", after=5)
    assert (workout["status"], workout["set_count"], workout["tonnage_kg"]) == ("completed", 3, 1537.5)
    assert [done["completed_at"] for done in workout["sets"]] == sorted(
        done["completed_at"] for done in workout["sets"]
    )


async def test_the_same_batch_sent_five_times_at_once_is_stored_and_projected_once(world: World) -> None:
    # given a batch
    phone = await world.phone()
    phone.train(sets=48)
    # when it arrives five times in parallel
    answers = [answer.json() for answer in await asyncio.gather(*(phone.push() for _ in range(5)))]
    # then it is accepted once and a duplicate four times
    assert sum(answer["accepted_count"] for answer in answers) == 50
    assert sum(answer["duplicate_count"] for answer in answers) == 200
    assert {answer["ack_cursor"]["last_acked_sequence"] for answer in answers} == {50}
    workouts = await phone.read_all("/workouts", after=50)
    assert [(item["set_count"], item["tonnage_kg"]) for item in workouts] == [(48, 48 * 500)]


async def test_sets_of_one_phone_join_the_workout_of_the_other(world: World) -> None:
    # given two phones of one user, of which the second one did a set in the first one's workout
    first = await world.phone()
    second = await world.phone(beside=first)
    workout_id = first.train(sets=2)
    done = {"set_id": str(uuid4()), "workout_id": workout_id, "exercise_id": str(uuid4()), "reps": 10, "weight": 20}
    second.log("SetCompleted", done | {"completed_at": "2026-11-20T18:30:00Z"})
    # when the second phone syncs first
    await second.push()
    assert await second.read_all("/workouts", after=1) == []
    await first.push()
    # then both see the workout with all sets
    for phone in (first, second):
        (workout,) = await phone.read_all("/workouts", after=len(phone.queue))
        async with asyncio.timeout(60):
            while workout["set_count"] != 3:
                (workout,) = await phone.read_all("/workouts", after=len(phone.queue))
        assert workout["tonnage_kg"] == 1200


async def test_nobody_sees_the_workouts_of_another(world: World) -> None:
    mine, other = await world.phone(), await world.phone()
    workout_id = mine.train()
    await mine.push()
    await mine.read_all("/workouts", after=5)
    answer = await other.read(f"/workouts/{workout_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await other.read("/workouts")).json()["items"] == []
