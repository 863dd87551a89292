"""First launches, and the way back from every loss of tokens."""

import asyncio
from uuid import UUID, uuid4

import jwt

from services.auth.settings import Settings
from tests.system.auth.conftest import Auth, code, running


async def test_a_first_launch_makes_an_anonymous_user_and_says_so(auth: Auth) -> None:
    phone = auth.phone()
    answer = await phone.launch()
    assert answer.status_code == 201
    tokens = answer.json()
    assert tokens["is_anonymous"] is True
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 900
    assert answer.headers["Cache-Control"] == "no-store"
    assert [event["event_type"] for event in await auth.said(tokens["user_id"])] == ["UserRegistered", "DeviceLinked"]


async def test_the_access_token_says_all_that_the_other_services_need(auth: Auth) -> None:
    phone = await auth.anonymous()
    keys = {key["kid"]: jwt.PyJWK(key) for key in (await auth.http.get("/.well-known/jwks.json")).json()["keys"]}
    token = phone.tokens["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["EdDSA"], issuer="hypertrophy", audience="hypertrophy")
    assert claims["sub"] == phone.user_id
    assert claims["did"] == str(phone.device_id)
    assert claims["aka"] == []
    assert claims["roles"] == ["client"]
    assert claims["exp"] - claims["iat"] == 900
    assert UUID(claims["jti"])


async def test_the_same_id_and_secret_come_back_to_the_same_user(auth: Auth) -> None:
    phone = await auth.anonymous()
    lost = phone.tokens
    answer = await phone.launch()
    assert answer.status_code == 200
    assert answer.json()["user_id"] == lost["user_id"]
    assert answer.json()["refresh_token"] != lost["refresh_token"]
    assert (await phone.refresh(lost["refresh_token"])).status_code == 200


async def test_parallel_first_launches_of_one_device_make_one_user(auth: Auth) -> None:
    phone = auth.phone()
    answers = await asyncio.gather(*(phone.launch() for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["user_id"] for answer in answers}) == 1


async def test_a_device_id_without_its_secret_is_taken(auth: Auth) -> None:
    phone = await auth.anonymous()
    body = {"device_id": str(phone.device_id)}
    assert code(await phone.post("/devices", body)) == (409, "device_exists")
    assert code(await phone.post("/devices", {**body, "device_secret": "0" * 64})) == (409, "device_exists")
    other = await auth.anonymous()
    assert code(await phone.launch(bearer=other.tokens["access_token"])) == (409, "device_exists")


async def test_a_device_made_without_a_secret_has_no_way_back_by_one(auth: Auth) -> None:
    phone = auth.phone()
    body = {"device_id": str(phone.device_id)}
    assert (await phone.post("/devices", body)).status_code == 201
    assert code(await phone.post("/devices", {**body, "device_secret": "0" * 64})) == (409, "device_exists")


async def test_a_bearer_adds_a_device_to_its_user(auth: Auth) -> None:
    first, second = await auth.anonymous(), auth.phone()
    bearer = first.tokens["access_token"]
    assert (await second.launch(bearer=bearer)).status_code == 201
    assert second.user_id == first.user_id
    assert (await second.launch(bearer=bearer)).status_code == 200
    linked = [e["device_id"] for e in await auth.said(first.user_id) if e["event_type"] == "DeviceLinked"]
    assert linked == [str(first.device_id), str(second.device_id)]


async def test_a_bearer_that_is_not_valid_is_never_ignored(auth: Auth) -> None:
    assert code(await auth.phone().launch(bearer="nonsense")) == (401, "invalid_token")


async def test_malformed_launches_are_refused(auth: Auth) -> None:
    for body in ({}, {"device_id": "x"}, {"device_id": str(uuid4()), "device_secret": "A" * 64}, {"device_id": 7}):
        assert code(await auth.phone().post("/devices", body)) == (422, "invalid_request")
    named = {"device_id": str(uuid4()), "name": "a\u0000b"}
    assert code(await auth.phone().post("/devices", named)) == (422, "invalid_request")


async def test_refreshing_rotates_and_the_retry_of_a_lost_answer_gets_the_same_token(auth: Auth) -> None:
    phone = await auth.anonymous()
    parent = phone.tokens["refresh_token"]
    successor = (await phone.refresh(parent)).json()["refresh_token"]
    assert successor != parent
    assert (await phone.refresh(parent)).json()["refresh_token"] == successor
    assert (await phone.refresh(successor)).status_code == 200


async def test_parallel_refreshes_get_the_same_successor(auth: Auth) -> None:
    phone = await auth.anonymous()
    parent = phone.tokens["refresh_token"]
    answers = await asyncio.gather(*(phone.refresh(parent) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_reuse_ends_the_family_and_the_secret_opens_another(auth: Auth) -> None:
    phone = await auth.anonymous()
    stolen = phone.tokens["refresh_token"]
    await phone.refresh()
    await phone.refresh()
    assert code(await phone.refresh(stolen)) == (401, "refresh_reused")
    assert code(await phone.refresh()) == (401, "refresh_reused")
    assert (await phone.launch()).status_code == 200
    assert (await phone.refresh()).status_code == 200


async def test_an_unknown_refresh_token_is_refused(auth: Auth) -> None:
    assert code(await auth.phone().post("/refresh", {"refresh_token": "x"})) == (401, "invalid_refresh_token")


async def test_a_rotated_key_signs_while_tokens_of_the_old_one_stay_good(auth: Auth) -> None:
    old, phone = await auth.anonymous(), auth.phone()
    rotated = (await auth.internal("POST", "/internal/auth/keys/rotate")).json()
    published = (await auth.http.get("/.well-known/jwks.json")).json()["keys"]
    assert len(published) == 2
    await phone.launch()
    assert jwt.get_unverified_header(phone.tokens["access_token"])["kid"] == rotated["kid"]
    assert (await auth.phone().launch(bearer=old.tokens["access_token"])).status_code == 201
    await auth.internal("POST", "/internal/auth/keys/rotate", {"retire_at_once": True})
    assert len((await auth.http.get("/.well-known/jwks.json")).json()["keys"]) == 1
    assert (await auth.phone().launch(bearer=old.tokens["access_token"])).status_code == 401


async def test_another_process_has_the_same_keys_and_secrets(auth: Auth, settings: Settings) -> None:
    phone = await auth.anonymous()
    async with running(settings) as twin:
        there = twin.phone()
        assert (await there.launch(bearer=phone.tokens["access_token"])).status_code == 201
        there.tokens = phone.tokens
        again = (await there.refresh()).json()["refresh_token"]
        assert (await phone.refresh(phone.tokens["refresh_token"])).json()["refresh_token"] == again


async def test_devices_are_limited_by_address(settings: Settings) -> None:
    limited = settings.model_copy(update={"auth_limits_enabled": True, "auth_limit_devices": "2/minute"})
    async with running(limited) as strict:
        await strict.anonymous()
        phone = await strict.anonymous()
        refused = await strict.phone().launch()
        assert code(refused) == (429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await phone.launch()).status_code == 200


async def test_all_connections_may_be_in_use_by_those_who_wait_for_the_keys(auth: Auth, settings: Settings) -> None:
    # given a process that has to read its keys, and as many phones as it has connections
    phones = [await auth.anonymous() for _ in range(2)]
    async with running(settings.model_copy(update={"auth_pool": len(phones)})) as twin:
        # when all of them refresh at once
        calls = [twin.phone().refresh(phone.tokens["refresh_token"]) for phone in phones]
        async with asyncio.timeout(60):
            answers = await asyncio.gather(*calls)
    # then none waits for a connection that the others have
    assert [answer.status_code for answer in answers] == [200] * len(phones)


async def test_a_device_that_comes_back_ever_again_keeps_the_sessions_of_its_last_times(auth: Auth) -> None:
    phone = await auth.anonymous()
    first = phone.tokens["refresh_token"]
    for _ in range(14):
        assert (await phone.launch()).status_code == 200

    sessions = (await phone.call("GET", "/sessions?limit=100")).json()["items"]
    assert len(sessions) == 10
    assert code(await phone.refresh(first)) == (401, "invalid_refresh_token")
    assert (await phone.refresh()).status_code == 200
