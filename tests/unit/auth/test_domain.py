"""The rules of devices, refresh families and merges."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth import domain
from services.auth.domain import Bearer, Device, Erased, Family, Refresh, ServerDevice

NOW = datetime(2026, 11, 21, tzinfo=UTC)
IDLE = timedelta(days=180)
USER, OTHER, DEVICE = UUID(int=1), UUID(int=2), UUID(int=9)
SECRET, WRONG = b"secret", b"wrong"

users = st.sampled_from([USER, OTHER])
devices = st.builds(
    Device, st.just(DEVICE), users, st.sampled_from([None, SECRET]), revoked=st.booleans(), login_required=st.booleans()
)
known = st.one_of(
    st.none(),
    devices,
    st.builds(Erased, st.just(DEVICE), st.sampled_from([None, SECRET])),
    st.just(ServerDevice(DEVICE)),
)


@given(known, st.sampled_from([None, WRONG]), st.one_of(st.none(), users))
def test_without_its_secret_a_known_device_is_taken(known: domain.Known, secret: bytes | None, caller: UUID) -> None:
    expected = domain.Create if known is None else domain.Taken
    assert isinstance(domain.launch(known, secret, caller), expected)


@given(devices, st.one_of(st.none(), users))
def test_a_device_comes_back_only_to_its_own_user(device: Device, caller: UUID | None) -> None:
    outcome = domain.launch(device, SECRET, caller)
    if isinstance(outcome, domain.Resume):
        assert device.secret_hash == SECRET
        assert caller in (None, device.user_id)
        assert not device.revoked
        assert not device.login_required


def test_who_ended_the_device_decides_what_it_is_told() -> None:
    device = Device(DEVICE, USER, SECRET)
    assert isinstance(domain.launch(device, SECRET, None), domain.Resume)
    assert isinstance(domain.launch(replace(device, login_required=True), SECRET, None), domain.LoginRequired)
    revoked = replace(device, revoked=True, login_required=True)
    assert isinstance(domain.launch(revoked, SECRET, None), domain.Revoked)
    assert isinstance(domain.launch(Erased(DEVICE, SECRET), SECRET, None), domain.Forgotten)


@given(known, st.booleans(), st.booleans())
def test_a_login_never_takes_a_device_that_is_neither_new_nor_its_own(
    known: domain.Known, merges: bool, is_anonymous: bool
) -> None:
    bearer = Bearer(OTHER, OTHER, DEVICE, is_anonymous)
    outcome = domain.login_device(known, USER, bearer, merges)
    match outcome:
        case domain.UseNew():
            assert known is None
        case domain.UseOwn():
            assert isinstance(known, Device)
            assert known.user_id == USER or (is_anonymous and merges)
        case domain.Taken():
            assert known is not None


def test_without_merging_an_anonymous_bearer_needs_a_new_device() -> None:
    bearer = Bearer(OTHER, OTHER, DEVICE, is_anonymous=True)
    assert isinstance(domain.login_device(Device(DEVICE, OTHER), USER, bearer, False), domain.Taken)
    assert isinstance(domain.login_device(None, USER, bearer, False), domain.UseNew)


class ServerSide:
    """A family as the store keeps it."""

    def __init__(self) -> None:
        self.family = Family(newest=1, refreshed_at=NOW)

    def use(self, generation: int) -> Refresh:
        outcome = domain.refresh(self.family, generation, NOW, IDLE)
        if isinstance(outcome, domain.Rotate):
            self.family = replace(self.family, newest=self.family.newest + 1)
        if isinstance(outcome, domain.Reused):
            self.family = replace(self.family, reused=True)
        return outcome


@given(st.lists(st.booleans(), max_size=30))
def test_a_client_that_loses_answers_is_never_taken_for_a_thief(lost: list[bool]) -> None:
    server, held = ServerSide(), 1
    for answer_is_lost in lost:
        assert isinstance(server.use(held), domain.Rotate | domain.Repeat)
        if not answer_is_lost:
            held += 1


@given(st.lists(st.sampled_from(["owner", "thief"]), max_size=40))
def test_a_copy_that_falls_behind_gives_itself_away_and_ends_the_family(turns: list[str]) -> None:
    server, held = ServerSide(), {"owner": 1, "thief": 1}
    for who in [*turns, "owner", "owner", "owner"]:
        if isinstance(server.use(held[who]), domain.Rotate | domain.Repeat):
            held[who] += 1
    assert isinstance(server.use(min(held.values())), domain.Reused)
    assert isinstance(server.use(max(held.values())), domain.Reused)


@given(st.integers(1, 20), st.integers(1, 20))
def test_only_the_newest_token_and_its_parent_are_good(newest: int, generation: int) -> None:
    outcome = domain.refresh(Family(newest, NOW), min(generation, newest), NOW, IDLE)
    assert isinstance(outcome, domain.Reused) == (min(generation, newest) < newest - 1)


def test_a_family_ends_by_idling_and_on_purpose() -> None:
    family = Family(3, NOW)
    assert isinstance(domain.refresh(family, 3, NOW + IDLE, IDLE), domain.Rotate)
    assert isinstance(domain.refresh(family, 3, NOW + IDLE + timedelta(seconds=1), IDLE), domain.Idle)
    assert isinstance(domain.refresh(replace(family, ended=True), 3, NOW, IDLE), domain.Ended)


@st.composite
def forests(draw: st.DrawFn) -> Mapping[UUID, UUID]:
    """Merges in the order in which they happened: into whoever was not merged away yet."""
    order = [UUID(int=number) for number in draw(st.permutations(range(8)))]
    count = draw(st.integers(0, 7))
    return {user: draw(st.sampled_from(order[place + 1 :])) for place, user in enumerate(order[:count])}


@given(forests(), st.integers(0, 7))
def test_every_merge_ends_at_a_root(merged_into: Mapping[UUID, UUID], number: int) -> None:
    user = UUID(int=number)
    end = domain.root(user, merged_into)
    assert end not in merged_into
    assert domain.root(merged_into.get(user, user), merged_into) == end


counts = st.dictionaries(st.sampled_from(["sets", "events", "users"]), st.integers(0, 100))


@given(counts, counts, counts)
def test_answers_to_an_erasure_join(one: Mapping[str, int], two: Mapping[str, int], three: Mapping[str, int]) -> None:
    assert domain.most(one, two) == domain.most(two, one)
    assert domain.most(domain.most(one, two), three) == domain.most(one, domain.most(two, three))
    assert domain.most(one, one) == one


def test_a_merge_or_an_erasure_is_applied_when_all_three_have_said_so() -> None:
    assert domain.status(frozenset({"projector", "coach"})) == "pending"
    assert domain.status(frozenset({"projector", "coach", "ingest"})) == "applied"
    assert domain.status(frozenset({"auth", "coach", "ingest"})) == "pending"


@pytest.mark.parametrize("email", ["", "a", "a@", "@b", "a@b@c", "a b@c", "a\n@c", "a@c\x00"])
def test_what_is_no_address(email: str) -> None:
    with pytest.raises(ValueError, match="email address"):
        domain.well_formed_email(email)


def test_an_address_is_taken_without_blanks_around_it() -> None:
    assert domain.well_formed_email(" Kim.O'Neil+gym@exämple.org ") == "Kim.O'Neil+gym@exämple.org"
