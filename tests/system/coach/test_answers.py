"""Coach answers over HTTP, without a model: every number carries its sets."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.coach.store.conversations import Conversations, Message
from services.coach.store.facts import LastingFacts
from shared.domains.exercises.catalogue import catalogue_id
from shared.http import encode_cursor
from shared.identity import WeeklyReportReady
from shared.postgres import create_pool
from shared.topics import COACH as COACH_TOPIC
from shared.values import format_moment, utc_now
from tests.eventually import eventually
from tests.system.coach.world import COACH, START, World, earlier_this_week, frames_of, said_on, text_of
from tests.system.engines import connect

BENCH = catalogue_id("bench-press-barbell")


@pytest.fixture(scope="module")
async def trained(world: World) -> UUID:
    """A user with workouts in this week and in the last five."""
    user, device = uuid4(), uuid4()
    latest = earlier_this_week(timedelta(minutes=90))
    for back in range(6):
        at = latest - timedelta(weeks=back)
        await world.publish(*world.workout(user, device, at, (BENCH, 100 - back, 5), (BENCH, 90, 8), rpe=9))

    async def remembered() -> bool:
        answer = await world.http.get(f"{COACH}/weekly-reports", headers=world.caller(user))
        return answer.status_code == 200 and len(answer.json()["items"]) == 5

    await eventually(remembered)
    return user


async def test_quick_questions_are_listed_and_matched_without_case_and_punctuation(world: World, trained: UUID) -> None:
    listed = (await world.http.get(f"{COACH}/quick-questions", headers=world.caller(trained))).json()
    assert len(listed["items"]) >= 10
    for item in listed["items"]:
        said = item["question"].upper().replace("?", " !")
        answer = await world.http.post(
            f"{COACH}/quick-questions", json={"question": said}, headers=world.caller(trained)
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["source"] == "rules"


async def test_an_unknown_question_is_refused(world: World, trained: UUID) -> None:
    answer = await world.http.post(
        f"{COACH}/quick-questions", json={"question": "Who are you?"}, headers=world.caller(trained)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_question")


async def test_a_question_longer_than_a_message_is_refused_unread(world: World, trained: UUID) -> None:
    answer = await world.http.post(
        f"{COACH}/quick-questions", json={"question": "\ufdfa" * 4_001}, headers=world.caller(trained)
    )
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "invalid_request", "question")


async def test_evidence_names_sets_of_the_caller(world: World, trained: UUID) -> None:
    answer = await world.http.post(
        f"{COACH}/quick-questions", json={"question": "how was my last workout"}, headers=world.caller(trained)
    )
    body = answer.json()
    own = {
        event.payload["set_id"]
        for chain in world.feeds.events.values()
        for event in chain
        if event.event_type == "SetCompleted" and event.user_id == trained
    }
    assert body["evidence"]
    assert {item["id"] for item in body["evidence"]} <= own
    assert {item["kind"] for item in body["evidence"]} == {"set"}
    assert "1220 kg" in body["answer"]  # 100 x 5 + 90 x 8


async def test_reports_are_made_once_and_announced(world: World, trained: UUID) -> None:
    listed = (await world.http.get(f"{COACH}/weekly-reports?limit=2", headers=world.caller(trained))).json()
    rest = (
        await world.http.get(
            f"{COACH}/weekly-reports", params={"cursor": listed["next_cursor"]}, headers=world.caller(trained)
        )
    ).json()
    weeks = [item["week"] for item in listed["items"] + rest["items"]]
    assert len(weeks) == len(set(weeks)) == 5
    assert weeks == sorted(weeks, reverse=True)

    report = (await world.http.get(f"{COACH}/weekly-reports/{weeks[0]}", headers=world.caller(trained))).json()
    assert report["data"]["totals"]["tonnage_kg"] == 99 * 5 + 90 * 8
    assert report["markdown"].startswith(f"# Week {weeks[0]}")
    assert report["chart_svg"].startswith("<svg")
    assert report["evidence"]
    for moment in (report["created_at"], listed["items"][0]["created_at"]):
        assert format_moment(datetime.fromisoformat(moment)) == moment
    assert (await world.http.get(f"{COACH}/weekly-reports/%00", headers=world.caller(trained))).status_code == 404

    announced = await said_on(world, COACH_TOPIC, trained)
    assert sorted(WeeklyReportReady.model_validate_json(value).week for value in announced) == sorted(weeks)


async def test_questions_come_page_by_page_like_every_list(world: World, trained: UUID) -> None:
    path, headers = f"{COACH}/quick-questions", world.caller(trained)
    whole = (await world.http.get(path, headers=headers)).json()["items"]

    paged: list[dict[str, str]] = []
    cursor = None
    while cursor or not paged:
        params = {"limit": 8, **({"cursor": cursor} if cursor else {})}
        page = (await world.http.get(path, params=params, headers=headers)).json()
        paged, cursor = [*paged, *page["items"]], page["next_cursor"]
        assert len(page["items"]) <= 8

    assert paged == whole
    assert (await world.http.get(path, params={"limit": 0}, headers=headers)).status_code == 422


async def test_a_late_set_revises_the_report(world: World) -> None:
    user, device = uuid4(), uuid4()
    at = datetime.now(UTC) - timedelta(weeks=2)
    events = world.workout(user, device, at, (BENCH, 100, 5))
    await world.publish(*events)
    week = f"{COACH}/weekly-reports/{at.isocalendar().year}-W{at.isocalendar().week:02d}"

    async def made() -> bool:
        return (await world.http.get(week, headers=world.caller(user))).status_code == 200

    await eventually(made)
    late = world.record(
        user,
        device,
        "SetCompleted",
        at,
        set_id=uuid4(),
        workout_id=events[0].payload["workout_id"],
        exercise_id=BENCH,
        completed_at=at,
        weight=50,
        reps=10,
    )
    await world.publish(late)

    async def revised() -> bool:
        report = (await world.http.get(week, headers=world.caller(user))).json()
        return bool(report["data"]["totals"]["tonnage_kg"] == 1000 and report["revision"] == 2)

    await eventually(revised)


async def test_chat_without_a_model_answers_by_rules_and_says_so(world: World, trained: UUID) -> None:
    frames = await frames_of(world, trained, "Am I progressing?")
    kinds = [event for event, _ in frames]
    assert kinds[-2:] == ["evidence", "done"]
    assert set(kinds[:-2]) == {"token"}
    done = frames[-1][1]
    assert done["source"] == "rules"
    assert "no language model is set up" in text_of(frames)
    assert text_of(frames) == done["text"]

    again = await frames_of(world, trained, "and my streak?", conversation_id=done["conversation_id"])
    assert again[-1][1]["conversation_id"] == done["conversation_id"]
    kept = await world.http.get(f"{COACH}/conversations/{done['conversation_id']}", headers=world.caller(trained))
    assert [message["role"] for message in kept.json()["messages"]] == ["user", "assistant", "user", "assistant"]


async def test_what_is_another_users_is_not_found(world: World, trained: UUID) -> None:
    conversation = (await frames_of(world, trained, "What next?"))[-1][1]["conversation_id"]
    stranger = world.caller(uuid4())
    answers = [
        await world.http.get(f"{COACH}/conversations/{conversation}", headers=stranger),
        await world.http.delete(f"{COACH}/conversations/{conversation}", headers=stranger),
        await world.http.post(
            f"{COACH}/chat", json={"message": "hi", "conversation_id": conversation}, headers=stranger
        ),
        await world.http.get(f"{COACH}/weekly-reports/2026-W01", headers=stranger),
        await world.http.delete(f"{COACH}/memory/{uuid4()}", headers=stranger),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 5


async def test_lasting_facts_are_shown_and_forgotten(world: World) -> None:
    user = uuid4()
    await frames_of(world, user, "I only have dumbbells at home. My goal is to build muscle. What next?")
    listed = (await world.http.get(f"{COACH}/memory", headers=world.caller(user))).json()["items"]
    assert {fact["kind"] for fact in listed} == {"equipment", "goal"}

    one = await world.http.delete(f"{COACH}/memory/{listed[0]['memory_id']}", headers=world.caller(user))
    assert one.status_code == 204
    rest = await world.http.delete(f"{COACH}/memory", headers=world.caller(user))
    assert rest.json() == {"deleted": 1}
    assert (await world.http.get(f"{COACH}/memory", headers=world.caller(user))).json()["items"] == []


async def test_everything_of_a_user_is_exported_and_erased(world: World) -> None:
    user = uuid4()
    await world.publish(*world.workout(user, uuid4(), datetime.now(UTC), (BENCH, 100, 5)))
    await frames_of(world, user, "I have a bad knee. What next?")
    internal = {"Authorization": "Bearer service-token"}
    export = await world.http.get(f"/internal/coach/export?user_id={user}", headers=internal)
    lines = [json.loads(line) for line in export.text.splitlines()]
    assert {line["table"] for line in lines} >= {"conversations", "messages", "lasting_facts"}
    moments = [line["row"]["created_at"] for line in lines if "created_at" in line["row"]]
    assert {len(moment) for moment in moments} == {len("2026-11-21T10:00:00.000Z")}
    assert (await world.http.get(f"/internal/coach/export?user_id={user}")).status_code == 401

    await world.say("UserErased", user_id=user, erasure_id=uuid4(), merged_user_ids=[])

    async def gone() -> bool:
        answer = await world.http.get(f"{COACH}/memory", headers=world.caller(user))
        return (answer.status_code, answer.json().get("code")) == (410, "user_erased")

    await eventually(gone)


async def test_a_merged_user_reads_the_accounts_memory(world: World, trained: UUID) -> None:
    anonymous = uuid4()
    conversation = (await frames_of(world, anonymous, "hello there"))[-1][1]["conversation_id"]
    await world.say("UserMerged", user_id=trained, merge_id=uuid4(), from_user_id=anonymous)

    async def merged() -> bool:
        path = f"{COACH}/conversations/{conversation}"
        return (await world.http.get(path, headers=world.caller(trained))).status_code == 200

    await eventually(merged)
    reports = await world.http.get(f"{COACH}/weekly-reports", headers=world.caller(anonymous))
    assert len(reports.json()["items"]) == 5


async def test_what_is_written_while_its_user_is_merged_is_the_accounts(world: World, trained: UUID) -> None:
    # given a user who is merged after the question and before the end of the answer
    anonymous = uuid4()
    asked = UUID((await frames_of(world, anonymous, "hello there"))[-1][1]["conversation_id"])
    await world.say("UserMerged", user_id=trained, merge_id=uuid4(), from_user_id=anonymous)
    pool = await create_pool(world.settings.database_url_coach, role="coach_api")
    conversations, facts = Conversations(pool), LastingFacts(pool)

    async def merged() -> bool:
        return bool(await conversations.messages(trained, asked))

    await eventually(merged)
    # when the answer and what was learned are kept for the one who asked
    await conversations.add(anonymous, asked, Message(uuid4(), "assistant", "late", [], "rules", utc_now()))
    await facts.remember(anonymous, uuid4(), "injury", "a bad knee", utc_now())
    # then they are the account's
    assert (await conversations.messages(trained, asked))[-1].text == "late"
    assert "a bad knee" in str(await facts.of(trained))
    await pool.close()


async def test_positions_are_paged_by_device_and_a_foreign_cursor_is_refused(world: World) -> None:
    path, internal = "/internal/coach/positions", {"Authorization": "Bearer service-token"}
    devices = sorted((uuid4(), uuid4()))
    for device in devices:
        await world.publish(*world.workout(uuid4(), device, START, (BENCH, 100, 5)))

    async def paged() -> list[str]:
        found: list[str] = []
        query = {"limit": "1"}
        while True:
            page = (await world.http.get(path, params=query, headers=internal)).json()
            found += [item["device_id"] for item in page["items"] if item["sequence"] == 3]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    async def all_there() -> bool:
        return [device for device in await paged() if UUID(device) in devices] == [str(device) for device in devices]

    await eventually(all_there)
    for cursor in ("nonsense", encode_cursor(7), encode_cursor("nobody"), encode_cursor(["a", "b"])):
        answer = await world.http.get(path, params={"cursor": cursor}, headers=internal)
        assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


async def test_a_rebuild_ends_with_the_same_answers(world: World, trained: UUID) -> None:
    question = {"question": "What are my records?"}
    before = await world.http.post(f"{COACH}/quick-questions", json=question, headers=world.caller(trained))
    rebuilt = await world.http.post("/internal/coach/rebuild", headers={"Authorization": "Bearer service-token"})
    assert rebuilt.status_code == 200, rebuilt.text
    after = await world.http.post(f"{COACH}/quick-questions", json=question, headers=world.caller(trained))
    assert after.json() == before.json()
    assert after.json()["evidence"]


async def test_a_call_without_a_token_is_refused(world: World) -> None:
    for path in ("conversations", "quick-questions", "weekly-reports", "memory"):
        assert (await world.http.get(f"{COACH}/{path}")).status_code == 401


async def test_sets_of_the_open_week_ask_for_no_look_at_the_reports(world: World) -> None:
    user, device = uuid4(), uuid4()
    now = datetime.now(UTC)
    await world.publish(*world.workout(user, device, now - timedelta(weeks=3), (BENCH, 100, 5)))
    connection = await connect(world.settings.database_url_coach)

    async def versions() -> tuple[int, int]:
        query = "SELECT version, planned_version FROM trainees WHERE user_id = $1"
        row = await connection.fetchrow(query, user)
        return (row["version"], row["planned_version"]) if row else (0, 0)

    async def planned() -> bool:
        version, at = await versions()
        return version == at > 0

    await eventually(planned)
    _, before = await versions()
    # Two days on: in the open week or, at its end, the next one; never in a closed one.
    await world.publish(*world.workout(user, device, now + timedelta(days=2), (BENCH, 100, 5)))

    async def arrived() -> bool:
        return (await versions())[0] > before

    await eventually(arrived)
    other, its_device = uuid4(), uuid4()
    await world.publish(*world.workout(other, its_device, now - timedelta(weeks=2), (BENCH, 100, 5)))

    async def other_has_its_report() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM weekly_reports WHERE user_id = $1", other))

    await eventually(other_has_its_report)
    assert (await versions())[1] == before
    await world.publish(*world.workout(user, device, now - timedelta(weeks=2), (BENCH, 100, 5)))
    await eventually(planned)
    await connection.close()
