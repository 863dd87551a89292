"""Erasures and exports, as auth itself does them."""

import io
import json
import zipfile

from tests.system.auth.conftest import Auth, Json, code
from tests.system.engines import connect


async def test_an_erased_user_is_out_at_once_and_leaves_nothing_but_ids(auth: Auth) -> None:
    owner, email = await auth.account()
    phone = await auth.anonymous()
    anonymous = phone.user_id
    await phone.login(email)
    answer = await owner.call("DELETE", "/me")
    assert answer.status_code == 202
    report = answer.json()
    assert report["status"] == "pending"
    assert report["services"] == {"auth": "applied", "ingest": "pending", "projector": "pending", "coach": "pending"}
    counts = {row["store"]: row["count"] for row in report["stores"] if row["service"] == "auth"}
    assert (counts["users"], counts["devices"], counts["merges"]) == (2, 2, 1)

    for device in (owner, phone):
        assert code(await device.launch()) == (410, "user_erased")
        assert code(await device.refresh()) == (401, "invalid_refresh_token")
        assert code(await device.call("GET", "/me")) == (410, "user_erased")
    assert code(await auth.phone().login(email)) == (401, "bad_credentials")
    said = [event for event in await auth.said(owner.user_id) if event["event_type"] == "UserErased"]
    assert [event["merged_user_ids"] for event in said] == [[anonymous]]
    assert await rows_about(auth, email) == 0


async def rows_about(auth: Auth, text: str) -> int:
    """In how many rows of all tables the text occurs."""
    connection = await connect(auth.settings.database_url_auth)
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        return sum(
            [
                await connection.fetchval(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE $1', f"%{text}%")
                for (table,) in tables
            ]
        )
    finally:
        await connection.close()


async def test_what_was_noted_of_an_erased_users_device_is_gone_too(auth: Auth) -> None:
    phone = await auth.anonymous()
    stolen = phone.tokens["refresh_token"]
    for _ in range(2):
        await phone.refresh()
    assert code(await phone.refresh(stolen)) == (401, "refresh_reused")
    assert (await phone.call("DELETE", "/me")).status_code == 202

    connection = await connect(auth.settings.database_url_auth)
    noted = await connection.fetch("SELECT event FROM audit_log WHERE device_id = $1", phone.device_id)
    await connection.close()
    assert noted == []


async def test_an_erasure_asked_for_again_is_the_same_one(auth: Auth) -> None:
    phone = await auth.anonymous()
    first = (await phone.call("DELETE", "/me")).json()["erasure_id"]
    assert (await phone.call("DELETE", "/me")).json()["erasure_id"] == first
    assert len([e for e in await auth.said(phone.user_id) if e["event_type"] == "UserErased"]) == 1


async def test_the_report_is_read_with_its_id_but_by_nobody_else(auth: Auth) -> None:
    phone, stranger = await auth.anonymous(), await auth.anonymous()
    erasure = (await phone.call("DELETE", "/me")).json()["erasure_id"]
    assert (await phone.call("GET", f"/erasures/{erasure}")).json()["erasure_id"] == erasure
    assert (await auth.http.get(f"/api/v1/auth/erasures/{erasure}")).status_code == 200
    assert code(await stranger.call("GET", f"/erasures/{erasure}")) == (404, "not_found")


async def test_an_erased_address_is_free_and_its_devices_are_not(auth: Auth) -> None:
    phone, email = await auth.account()
    await phone.call("DELETE", "/me")
    fresh, _ = await auth.account(email)
    assert fresh.user_id != phone.user_id
    assert code(await fresh.login(email, device_id=str(phone.device_id))) == (409, "device_exists")


async def test_a_restored_server_erases_the_listed_users_again(auth: Auth) -> None:
    phone, gone = await auth.anonymous(), "0198c0de-0000-7000-8000-000000000001"
    body = {"user_ids": [phone.user_id, gone]}
    assert (await auth.internal("POST", "/internal/auth/erasures", body)).json() == {"erased": 2}
    assert (await auth.internal("POST", "/internal/auth/erasures", body)).json() == {"erased": 0}
    assert code(await phone.call("GET", "/me")) == (410, "user_erased")
    listed = (await auth.internal("GET", "/internal/auth/erasures")).json()["user_ids"]
    assert {phone.user_id, gone} <= set(listed)


async def test_an_export_has_auths_part_and_names_what_is_away(auth: Auth) -> None:
    phone, email = await auth.account()
    answer = await phone.call("GET", "/me/export")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        account: Json = json.loads(archive.read("auth/account.jsonl"))
        devices = archive.read("auth/devices.jsonl").splitlines()
    assert account["email"] == email
    assert len(manifest["made_at"]) == len("2026-11-21T10:00:00.000Z")
    assert [json.loads(line)["device_id"] for line in devices] == [str(phone.device_id)]
    assert manifest["user_id"] == phone.user_id
    assert [part["service"] for part in manifest["missing"]] == ["ingest", "ingest", "projector", "coach"]


async def test_an_export_says_what_was_noted_before_a_merge(auth: Auth) -> None:
    _, email = await auth.account()
    phone = await auth.anonymous()
    before = phone.user_id
    await phone.login(email)

    answer = await phone.call("GET", "/me/export")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        noted = [json.loads(line) for line in archive.read("auth/security.jsonl").splitlines()]
    assert ("device_created", before) in [(entry["event"], entry["user_id"]) for entry in noted]
    assert {len(entry["happened_at"]) for entry in noted} == {len("2026-11-21T10:00:00.000Z")}
