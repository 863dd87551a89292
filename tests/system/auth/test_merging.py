"""Merges of anonymous users into accounts, as auth decides and records them."""

import asyncio
from uuid import uuid4

import jwt

from tests.system.auth.conftest import Auth, Json, Phone, code


def claims(phone: Phone) -> Json:
    return dict(jwt.decode(phone.tokens["access_token"], options={"verify_signature": False}))


async def test_logging_in_from_an_anonymous_device_merges_it(auth: Auth) -> None:
    owner, email = await auth.account()
    phone, second = await auth.anonymous(), auth.phone()
    await second.launch(bearer=phone.tokens["access_token"])
    anonymous = phone.user_id
    answer = await phone.login(email)
    merge = answer.json()["merge"]
    assert (merge["from_user_id"], merge["into_user_id"], merge["status"]) == (anonymous, owner.user_id, "pending")
    assert (phone.user_id, answer.json()["device_id"]) == (owner.user_id, str(phone.device_id))
    assert claims(phone)["aka"] == [anonymous]
    said = [event for event in await auth.said(owner.user_id) if event["event_type"] == "UserMerged"]
    assert [(event["merge_id"], event["from_user_id"]) for event in said] == [(merge["merge_id"], anonymous)]
    devices = (await owner.call("GET", "/devices")).json()["items"]
    assert {item["device_id"] for item in devices} == {str(p.device_id) for p in (owner, phone, second)}


async def test_the_anonymous_tokens_mean_the_account_from_then_on(auth: Auth) -> None:
    owner, email = await auth.account()
    phone, second = await auth.anonymous(), auth.phone()
    await second.launch(bearer=phone.tokens["access_token"])
    before, anonymous = dict(phone.tokens), phone.user_id
    await phone.login(email)
    assert (await second.call("GET", "/me")).json()["user_id"] == owner.user_id
    for refresh_token in (before["refresh_token"], second.tokens["refresh_token"]):
        answer = (await second.refresh(refresh_token)).json()
        assert (answer["user_id"], answer["is_anonymous"]) == (owner.user_id, False)
        assert claims(second)["aka"] == [anonymous]
    assert (await second.launch()).json()["user_id"] == owner.user_id


async def test_a_login_whose_answer_was_lost_gets_the_same_merge(auth: Auth) -> None:
    owner, email = await auth.account()
    phone = await auth.anonymous()
    bearer = phone.tokens["access_token"]
    body = {"email": email, "password": "seven lazy barbells"}
    answers = [await phone.post("/login", body, bearer=bearer) for _ in range(3)]
    answers += await asyncio.gather(*(phone.post("/login", body, bearer=bearer) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["merge"]["merge_id"] for answer in answers}) == 1
    merged = [event for event in await auth.said(owner.user_id) if event["event_type"] == "UserMerged"]
    assert len(merged) == 1


async def test_parallel_logins_into_two_accounts_merge_into_one_of_them(auth: Auth) -> None:
    (one, email), (two, other_email) = await auth.account(), await auth.account()
    phone = await auth.anonymous()
    bearer, anonymous = phone.tokens["access_token"], phone.user_id
    bodies = [{"email": address, "password": "seven lazy barbells"} for address in (email, other_email)]
    answers = await asyncio.gather(*(phone.post("/login", body, bearer=bearer) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    merged = [event for event in await auth.said(one.user_id, two.user_id) if event["event_type"] == "UserMerged"]
    assert [event["from_user_id"] for event in merged] == [anonymous]


async def test_several_anonymous_users_merge_into_one_account(auth: Auth) -> None:
    owner, email = await auth.account()
    phones = [await auth.anonymous() for _ in range(3)]
    anonymous = [phone.user_id for phone in phones]
    for phone in phones:
        await phone.login(email)
    await owner.refresh()
    assert sorted(claims(owner)["aka"]) == sorted(anonymous)


async def test_without_merging_the_device_id_must_be_new(auth: Auth) -> None:
    owner, email = await auth.account()
    phone = await auth.anonymous()
    anonymous, bearer = phone.user_id, phone.tokens["access_token"]
    body = {"email": email, "password": "seven lazy barbells", "merge_anonymous_data": False}
    assert code(await phone.post("/login", body, bearer=bearer)) == (409, "device_exists")
    taken = {**body, "device_id": str(phone.device_id)}
    assert code(await phone.post("/login", taken, bearer=bearer)) == (409, "device_exists")
    answer = await phone.post("/login", {**body, "device_id": str(uuid4())}, bearer=bearer)
    assert answer.status_code == 200
    assert "merge" not in answer.json()
    assert answer.json()["user_id"] == owner.user_id
    assert (await phone.call("GET", "/me")).json()["user_id"] == anonymous


async def test_a_wrong_password_merges_nothing(auth: Auth) -> None:
    _, email = await auth.account()
    phone = await auth.anonymous()
    anonymous = phone.user_id
    assert code(await phone.login(email, "not the password")) == (401, "bad_credentials")
    assert (await phone.call("GET", "/me")).json()["user_id"] == anonymous


async def test_a_merge_can_be_asked_for_by_its_two_users_only(auth: Auth) -> None:
    owner, email = await auth.account()
    phone = await auth.anonymous()
    anonymous_tokens = phone.tokens
    merge_id = (await phone.login(email)).json()["merge"]["merge_id"]
    phone.tokens = anonymous_tokens
    for user in (owner, phone):
        merge = (await user.call("GET", f"/merges/{merge_id}")).json()
        assert merge["status"] == "pending"
        assert merge["services"] == {"projector": "pending", "coach": "pending", "ingest": "pending"}
    assert code(await (await auth.anonymous()).call("GET", f"/merges/{merge_id}")) == (404, "not_found")


async def test_a_registered_bearer_is_not_merged(auth: Auth) -> None:
    (owner, email), (other, _) = await auth.account(), await auth.account()
    answer = await other.login(email, device_id=str(uuid4()))
    assert answer.status_code == 200
    assert "merge" not in answer.json()
    assert answer.json()["user_id"] == owner.user_id
    assert not [e for e in await auth.said(owner.user_id) if e["event_type"] == "UserMerged"]
