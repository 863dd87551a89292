"""What is of no use any more goes, and nothing else does."""

from datetime import timedelta

from services.auth.housekeeping import prune_once
from tests.system.auth.conftest import Auth, code
from tests.system.engines import connect


async def test_old_tokens_codes_and_entries_go_and_the_session_stays(auth: Auth) -> None:
    # given a device that has refreshed a few times, all of it two years ago but for the last time
    phone, _ = await auth.account()
    tokens = [phone.tokens["refresh_token"]]
    for _ in range(4):
        await phone.refresh()
        tokens.append(phone.tokens["refresh_token"])
    connection = await connect(auth.settings.database_url_auth)
    for table, column in (("refresh_tokens", "created_at"), ("audit_log", "happened_at"), ("codes", "expires_at")):
        await connection.execute(f"UPDATE {table} SET {column} = {column} - interval '2 years'")

    # when the worker tidies up
    await prune_once(auth.settings.database_url_auth, timedelta(days=180))

    # then just what no answer can depend on is gone
    for table, left in (("refresh_tokens", 2), ("audit_log", 0), ("codes", 0)):
        condition = "WHERE family_id IN (SELECT family_id FROM families WHERE device_id = $1 AND newest > 1)"
        of_phone = [condition, phone.device_id] if table == "refresh_tokens" else [""]
        assert await connection.fetchval(f"SELECT count(*) FROM {table} {of_phone[0]}", *of_phone[1:]) == left
    await connection.close()
    assert code(await phone.refresh(tokens[0])) == (401, "invalid_refresh_token")
    assert (await phone.refresh(tokens[-1])).status_code == 200
