"""The ids that services must agree on."""

from uuid import uuid4

from shared.identity import server_device


def test_the_servers_device_changes_with_the_epoch() -> None:
    user, first, second = uuid4(), uuid4(), uuid4()
    assert server_device(user, first) == server_device(user, first) != server_device(user, second)
