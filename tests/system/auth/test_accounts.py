"""Accounts: registering in place, logging in, passwords, sessions and devices."""

import asyncio
from uuid import uuid4

import pytest

from services.auth.settings import Settings
from shared.http import encode_cursor
from tests.system.auth.conftest import PASSWORD, Auth, Phone, authorized, code, running, written_code


async def test_registering_keeps_the_user_and_can_be_repeated(auth: Auth) -> None:
    phone = await auth.anonymous()
    anonymous, bearer = phone.user_id, phone.tokens["access_token"]
    email = f"{uuid4().hex}@Example.org"
    body = {"email": email, "password": PASSWORD, "display_name": "Kim"}
    first = await phone.post("/register", body, bearer=bearer)
    assert first.status_code == 201
    assert first.json()["user_id"] == anonymous
    assert first.json()["is_anonymous"] is False
    again = await phone.post("/register", body, bearer=bearer)
    assert (again.status_code, again.json()["user_id"]) == (201, anonymous)
    me = (await auth.http.get("/api/v1/auth/me", headers=authorized(bearer))).json()
    assert me["user_id"] == anonymous
    assert (me["email"], me["display_name"], me["roles"], me["is_anonymous"]) == (email, "Kim", ["client"], False)
    said = [(e["event_type"], e.get("is_anonymous")) for e in await auth.said(anonymous)]
    assert said == [("UserRegistered", True), ("DeviceLinked", None), ("UserRegistered", False)]


async def test_parallel_registrations_of_one_request_all_succeed(auth: Auth) -> None:
    phone, email = await auth.anonymous(), f"{uuid4().hex}@example.org"
    bearer, body = phone.tokens["access_token"], {"email": email, "password": PASSWORD}
    answers = await asyncio.gather(*(phone.post("/register", body, bearer=bearer) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4


async def test_an_address_has_one_account_whatever_its_case(auth: Auth) -> None:
    phone, email = await auth.account()
    assert code(await (await auth.anonymous()).register(email.upper())) == (409, "email_taken")
    assert code(await phone.register(email, "another long password")) == (409, "email_taken")
    assert code(await phone.register(f"{uuid4().hex}@example.org")) == (409, "already_registered")


async def test_two_users_racing_for_one_address_make_one_account(auth: Auth) -> None:
    phones, email = [await auth.anonymous() for _ in range(4)], f"{uuid4().hex}@example.org"
    answers = await asyncio.gather(*(phone.register(email) for phone in phones))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize("password", ["", "short", "x" * 5_000])
async def test_passwords_are_neither_short_nor_endless(auth: Auth, password: str) -> None:
    phone = await auth.anonymous()
    assert code(await phone.register(f"{uuid4().hex}@example.org", password)) == (422, "weak_password")


@pytest.mark.parametrize("password", ["password123", "Barbell2024", "12345678", "aaaaaaaaaa", "qwertyuiop"])
async def test_passwords_that_are_guessed_first_are_refused(auth: Auth, password: str) -> None:
    phone = await auth.anonymous()
    assert code(await phone.register(f"{uuid4().hex}@example.org", password)) == (422, "weak_password")


async def test_registering_needs_a_bearer_and_an_address(auth: Auth) -> None:
    body = {"email": "someone@example.org", "password": PASSWORD}
    assert code(await auth.phone().post("/register", body)) == (401, "not_authenticated")
    phone = await auth.anonymous()
    for email in ("nobody", "a b@example.org", "@example.org", "a@", "a\r\nb@example.org"):
        assert code(await phone.register(email)) == (422, "invalid_request")


async def test_a_closed_server_takes_no_accounts_and_one_with_invites_a_code(settings: Settings) -> None:
    async with running(settings.model_copy(update={"auth_registration": "closed"})) as closed:
        phone = await closed.anonymous()
        assert code(await phone.register(f"{uuid4().hex}@example.org")) == (403, "registration_closed")
    async with running(settings.model_copy(update={"auth_registration": "invite"})) as careful:
        phone, other = await careful.anonymous(), await careful.anonymous()
        email = f"{uuid4().hex}@example.org"
        assert code(await phone.register(email)) == (403, "invite_required")
        invite = (await careful.internal("POST", "/internal/auth/invites")).json()["code"]
        body = {"email": email, "password": PASSWORD, "invite_code": invite}
        assert (await phone.call("POST", "/register", body)).status_code == 201
        body = {**body, "email": f"{uuid4().hex}@example.org"}
        assert code(await other.call("POST", "/register", body)) == (403, "invite_required")


async def test_logging_in_on_a_new_device(auth: Auth) -> None:
    phone, email = await auth.account()
    other = auth.phone()
    answer = await other.login(email.upper(), device_id=str(other.device_id), device_secret=other.device_secret)
    assert answer.status_code == 200
    assert "merge" not in answer.json()
    assert (answer.json()["user_id"], answer.json()["device_id"]) == (phone.user_id, str(other.device_id))
    assert (await other.launch()).status_code == 200
    without_id = await auth.phone().login(email)
    assert without_id.status_code == 200
    assert without_id.json()["device_id"] not in (str(phone.device_id), str(other.device_id))


async def test_wrong_credentials_look_alike(auth: Auth) -> None:
    _, email = await auth.account()
    known = await auth.phone().login(email, "not the password")
    unknown = await auth.phone().login("nobody@example.org", "not the password")
    assert code(known) == code(unknown) == (401, "bad_credentials")
    assert known.json()["detail"] == unknown.json()["detail"]


async def test_a_login_cannot_take_another_users_device(auth: Auth) -> None:
    _, email = await auth.account()
    other, (stranger, _) = await auth.anonymous(), await auth.account()
    for device in (other, stranger):
        assert code(await auth.phone().login(email, device_id=str(device.device_id))) == (409, "device_exists")
    assert code(await stranger.login(email)) == (409, "device_exists")


async def test_after_a_logout_only_a_login_opens_the_device_again(auth: Auth) -> None:
    phone, email = await auth.account()
    before = phone.tokens
    assert (await phone.call("POST", "/logout")).status_code == 204
    assert (await phone.call("POST", "/logout")).status_code == 204
    assert code(await phone.launch()) == (401, "login_required")
    assert code(await phone.refresh()) == (401, "login_required")
    assert code(await phone.call("GET", "/me")) == (401, "login_required")
    answer = await auth.phone().login(email, device_id=str(phone.device_id))
    assert answer.json()["user_id"] == before["user_id"]
    assert (await phone.launch()).status_code == 200


async def test_an_anonymous_user_logs_out_only_on_purpose(auth: Auth) -> None:
    phone = await auth.anonymous()
    assert code(await phone.call("POST", "/logout")) == (409, "would_lose_data")
    assert code(await phone.call("POST", "/logout", {"discard": False})) == (409, "would_lose_data")
    assert (await phone.call("GET", "/me")).status_code == 200
    assert code(await phone.call("POST", "/logout", {"discard": "yes"})) == (422, "invalid_request")
    assert (await phone.call("POST", "/logout", {"discard": True})).status_code == 204
    assert code(await phone.launch()) == (401, "login_required")


async def test_a_revoked_device_comes_back_by_a_login(auth: Auth) -> None:
    phone, email = await auth.account()
    lost = auth.phone()
    await lost.launch(bearer=phone.tokens["access_token"])
    assert (await phone.call("DELETE", f"/devices/{lost.device_id}")).status_code == 204
    assert (await phone.call("DELETE", f"/devices/{lost.device_id}")).status_code == 204
    for refused in (await lost.launch(), await lost.refresh(), await lost.call("GET", "/me")):
        assert code(refused) == (403, "device_revoked")
    assert (await lost.login(email, device_id=str(lost.device_id))).status_code == 200
    assert (await lost.launch()).status_code == 200
    said = [e["event_type"] for e in await auth.said(phone.user_id) if e.get("device_id") == str(lost.device_id)]
    assert said == ["DeviceLinked", "DeviceRevoked", "DeviceLinked"]


async def test_an_anonymous_user_keeps_its_last_device(auth: Auth) -> None:
    phone, second = await auth.anonymous(), auth.phone()
    assert code(await phone.call("DELETE", f"/devices/{phone.device_id}")) == (409, "would_lose_data")
    await second.launch(bearer=phone.tokens["access_token"])
    assert (await phone.call("DELETE", f"/devices/{second.device_id}")).status_code == 204


async def test_two_devices_that_revoke_each_other_at_once_leave_one(auth: Auth) -> None:
    for _ in range(10):
        phone, second = await auth.anonymous(), auth.phone()
        await second.launch(bearer=phone.tokens["access_token"])
        answers = await asyncio.gather(
            phone.call("DELETE", f"/devices/{second.device_id}"), second.call("DELETE", f"/devices/{phone.device_id}")
        )
        assert sorted(answer.status_code for answer in answers) in ([204, 403], [204, 409])


async def test_devices_and_sessions_are_listed_in_pages(auth: Auth) -> None:
    phone, _ = await auth.account()
    for _ in range(3):
        await auth.phone().launch(bearer=phone.tokens["access_token"])
    listed = await everything(phone, "/devices")
    assert len({item["device_id"] for item in listed}) == 4
    assert {"last_seen", "last_sequence", "events", "revoked"} <= set(listed[0])
    sessions = await everything(phone, "/sessions")
    assert {item["device_id"] for item in sessions} == {item["device_id"] for item in listed}
    elsewhere = next(item for item in sessions if item["device_id"] != str(phone.device_id))
    assert (await phone.call("DELETE", f"/sessions/{elsewhere['session_id']}")).status_code == 204
    assert elsewhere["session_id"] not in {item["session_id"] for item in await everything(phone, "/sessions")}
    assert code(await phone.call("GET", "/devices?cursor=bm9uc2Vuc2U")) == (422, "invalid_request")


async def everything(phone: Phone, path: str) -> list[dict[str, str]]:
    items, cursor = [], ""
    while True:
        page = (await phone.call("GET", f"{path}?limit=2{cursor}")).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


async def test_what_is_not_the_callers_is_not_found(auth: Auth) -> None:
    phone, stranger = await auth.anonymous(), await auth.anonymous()
    session = (await stranger.call("GET", "/sessions")).json()["items"][0]["session_id"]
    for method, path in (
        ("DELETE", f"/devices/{stranger.device_id}"),
        ("DELETE", f"/devices/{uuid4()}"),
        ("DELETE", f"/sessions/{session}"),
        ("GET", f"/merges/{uuid4()}"),
        ("GET", f"/erasures/{uuid4()}"),
    ):
        assert code(await phone.call(method, path)) == (404, "not_found")


async def test_the_display_name_is_changed_left_and_cleared(auth: Auth) -> None:
    phone, _ = await auth.account()
    assert (await phone.call("PATCH", "/me", {"display_name": "Sam"})).json()["display_name"] == "Sam"
    assert (await phone.call("PATCH", "/me", {})).json()["display_name"] == "Sam"
    assert (await phone.call("PATCH", "/me", {"display_name": None})).json()["display_name"] is None


async def test_a_new_password_ends_all_other_sessions(auth: Auth) -> None:
    phone, email = await auth.account()
    other = auth.phone()
    await other.login(email, device_id=str(other.device_id), device_secret=other.device_secret)
    change = {"old": PASSWORD, "new": "eight lazy dumbbells"}
    assert code(await phone.call("POST", "/password", {**change, "old": "wrong"})) == (401, "bad_credentials")
    weak = await phone.call("POST", "/password", {**change, "new": "password"})
    assert (code(weak), weak.json()["field"]) == ((422, "weak_password"), "new")
    assert (await phone.call("POST", "/password", change)).status_code == 204
    assert (await phone.call("POST", "/password", change)).status_code == 204
    assert (await phone.refresh()).status_code == 200
    assert code(await other.refresh()) == (401, "login_required")
    assert code(await other.launch()) == (401, "login_required")
    assert code(await auth.phone().login(email)) == (401, "bad_credentials")
    assert (await auth.phone().login(email, "eight lazy dumbbells")).status_code == 200


async def test_only_an_account_has_a_password(auth: Auth) -> None:
    phone = await auth.anonymous()
    change = {"old": PASSWORD, "new": "eight lazy dumbbells"}
    assert code(await phone.call("POST", "/password", change)) == (409, "no_account")


async def test_a_reset_by_mail_ends_all_sessions(auth: Auth) -> None:
    phone, email = await auth.account()
    assert (await phone.post("/password-reset", {"email": "nobody@example.org"})).status_code == 202
    assert (await phone.post("/password-reset", {"email": email.upper()})).status_code == 202
    reset = {"code": await written_code(auth, email, "Set a new password"), "new_password": "eight lazy dumbbells"}
    weak = await phone.post("/password-reset/confirm", {**reset, "new_password": "letmein"})
    assert (code(weak), weak.json()["field"]) == ((422, "weak_password"), "new_password")
    assert (await phone.post("/password-reset/confirm", reset)).status_code == 204
    assert code(await phone.post("/password-reset/confirm", reset)) == (422, "invalid_code")
    assert code(await phone.refresh()) == (401, "login_required")
    assert code(await phone.launch()) == (401, "login_required")
    assert (await phone.login(email, "eight lazy dumbbells")).status_code == 200


async def test_the_first_verification_ends_all_other_sessions(auth: Auth) -> None:
    phone, email = await auth.account()
    other = auth.phone()
    await other.login(email, device_id=str(other.device_id), device_secret=other.device_secret)
    verification = {"code": await written_code(auth, email, "Confirm your address")}
    assert code(await phone.post("/verify", {"code": "wrong"})) == (422, "invalid_code")
    assert (await phone.call("POST", "/verify", verification)).status_code == 204
    assert (await phone.call("GET", "/me")).json()["email_verified"] is True
    assert code(await other.refresh()) == (401, "login_required")
    await other.login(email, device_id=str(other.device_id))
    assert (await phone.call("POST", "/verify", verification)).status_code == 204
    assert (await other.refresh()).status_code == 200


async def test_tries_are_limited_by_account_and_by_address(settings: Settings) -> None:
    limits = {"auth_limits_enabled": True, "auth_limit_accounts": "2/minute", "auth_limit_addresses": "4/minute"}
    async with running(settings.model_copy(update=limits)) as strict:
        for _ in range(2):
            assert code(await strict.phone().login("a@example.org", "x" * 9)) == (401, "bad_credentials")
        refused = await strict.phone().login("A@example.org", "x" * 9)
        assert code(refused) == (429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) >= 1
        assert code(await strict.phone().login("b@example.org", "x" * 9)) == (401, "bad_credentials")
        assert code(await strict.phone().login("c@example.org", "x" * 9)) == (429, "too_many_requests")


async def test_a_stranger_can_neither_fill_a_mailbox_nor_spoil_the_code_in_it(settings: Settings) -> None:
    limits = {"auth_limits_enabled": True, "auth_limit_mails": "1/hour"}
    async with running(settings.model_copy(update=limits)) as strict:
        phone, email = await strict.account()
        await phone.post("/password-reset", {"email": email})
        good = await written_code(strict, email, "Set a new password")
        assert (await strict.phone().post("/password-reset", {"email": email.upper()})).status_code == 202
        assert await written_code(strict, email, "Set a new password") == good
        reset = {"code": good, "new_password": "eight lazy dumbbells"}
        assert (await phone.post("/password-reset/confirm", reset)).status_code == 204


async def test_the_operator_sets_passwords_and_makes_administrators(auth: Auth) -> None:
    phone, email = await auth.account()
    path = f"/internal/auth/users/{email}/password"
    assert code(await auth.http.post(path, json={"password": "x"})) == (401, "not_authenticated")
    assert code(await phone.http.post(path, json={}, headers=authorized(phone.tokens["access_token"])))[0] == 403
    assert (await auth.internal("POST", path, {"password": "eight lazy dumbbells"})).status_code == 200
    assert code(await phone.refresh()) == (401, "login_required")
    assert code(await phone.call("GET", "/audit"))[0] in (401, 403)
    body = {"email": email, "roles": ["admin", "trainer"]}
    made = await auth.internal("POST", "/internal/auth/admins", body)
    assert (made.status_code, made.json()["roles"]) == (201, ["admin", "client", "trainer"])
    await phone.login(email, "eight lazy dumbbells")
    assert (await phone.call("GET", "/audit?limit=1")).json()["items"][0]["event"] == "logged_in"
    superadmin = f"{uuid4().hex}@example.org"
    fresh = {"email": superadmin, "password": PASSWORD, "roles": ["superadmin"]}
    assert (await auth.internal("POST", "/internal/auth/admins", fresh)).status_code == 201
    assert (await auth.phone().login(superadmin)).status_code == 200


async def test_a_stranger_who_took_the_address_first_is_no_administrator(auth: Auth) -> None:
    stranger, email = await auth.account()
    wish = {"email": email, "password": "eight lazy dumbbells", "roles": ["admin"]}

    assert code(await auth.internal("POST", "/internal/auth/admins", {"email": email})) == (422, "weak_password")
    made = await auth.internal("POST", "/internal/auth/admins", wish)

    assert (made.status_code, made.json()["account"], made.json()["email_verified"]) == (201, "taken_over", True)
    assert code(await stranger.refresh()) == (401, "login_required")
    assert code(await stranger.call("GET", "/audit"))[0] in (401, 403)
    assert code(await auth.phone().login(email)) == (401, "bad_credentials")
    assert (await auth.phone().login(email, "eight lazy dumbbells")).status_code == 200


async def test_a_verified_account_keeps_its_password_when_it_gets_roles(auth: Auth) -> None:
    phone, email = await auth.account()
    await phone.call("POST", "/verify", {"code": await written_code(auth, email, "Confirm your address")})
    wish = {"email": email, "password": "eight lazy dumbbells", "roles": ["admin"]}

    made = await auth.internal("POST", "/internal/auth/admins", wish)

    assert (made.json()["account"], made.json()["roles"]) == ("kept", ["admin", "client"])
    assert (await phone.refresh()).status_code == 200
    assert (await auth.phone().login(email)).status_code == 200


async def test_an_account_of_the_operator_is_not_taken_over_by_further_roles(auth: Auth) -> None:
    wish = {"email": f"{uuid4().hex}@example.org", "password": PASSWORD}

    first = await auth.internal("POST", "/internal/auth/admins", wish)
    again = await auth.internal("POST", "/internal/auth/admins", {**wish, "password": "eight lazy dumbbells"})

    assert (first.json()["account"], again.json()["account"]) == ("made", "kept")
    assert (await auth.phone().login(wish["email"])).status_code == 200


async def test_a_cursor_of_the_audit_log_beyond_all_numbers_is_refused(auth: Auth) -> None:
    admin = auth.phone()
    email = f"{uuid4().hex}@example.org"
    await auth.internal("POST", "/internal/auth/admins", {"email": email, "password": PASSWORD})
    await admin.login(email)

    for number in (99999999999999999999, -1):
        answer = await admin.call("GET", f"/audit?cursor={encode_cursor(number)}")
        assert code(answer) == (422, "invalid_request")
    assert code(await auth.internal("GET", "/internal/identity?after=99999999999999999999")) == (422, "invalid_request")


async def test_clients_may_not_read_the_audit_log(auth: Auth) -> None:
    assert code(await (await auth.anonymous()).call("GET", "/audit")) == (403, "forbidden")
