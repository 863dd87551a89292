"""Who hears what of the hints of a process."""

from uuid import uuid4

from services.ingest.hints import Hub, Listener
from shared.tokens import Principal, Role


def listener() -> Listener:
    user_id = uuid4()
    principal = Principal(user_id, uuid4(), frozenset(), frozenset({Role.CLIENT}), "token", 2e9, issued_at=0)
    return Listener(principal, {user_id})


def test_who_left_while_a_merge_was_looked_up_is_not_kept() -> None:
    # given one who listens, and leaves while it is looked up who its user is by now
    hub, one, account = Hub(), listener(), uuid4()
    hub.join(one)
    hub.leave(one)

    # when that is known
    hub.know(one, [account])

    # then nobody is heard for
    assert not hub.is_heard(account)


def test_who_listens_hears_of_the_account_after_a_merge() -> None:
    hub, one, account = Hub(), listener(), uuid4()
    hub.join(one)

    hub.know(one, [account])

    assert hub.is_heard(account)
    assert hub.listeners_of([account]) == {one}
