"""Ports of the local run."""

import secrets
import socket

from deploy.local.processes import StartError

# A stack asks for all its ports before anybody listens on the first.
_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on, each time another, below the range from which the kernel takes ports for
    connections: there a client that retries a stopped server can take its port, or even connect to itself.

    Raises:
        StartError
    """
    for _ in range(200):
        port = 18000 + secrets.randbelow(14000)
        if port not in _given and port_is_free("127.0.0.1", port):
            _given.add(port)
            return port
    raise StartError("no free port between 18000 and 31999 on 127.0.0.1")


def port_is_free(host: str, port: int) -> bool:
    try:
        _bound(host, port, socket.SO_REUSEADDR).close()
    except OSError:
        return False
    return True


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket with this address, which all processes that ask for it in this way have together: the kernel gives each
    connection to one of those that listen.

    Raises:
        OSError: where somebody has the address alone, or it is not to be had.
    """
    return _bound(host, port, socket.SO_REUSEADDR, socket.SO_REUSEPORT)


def reserved(host: str, port: int) -> socket.socket:
    """What keeps an address, as long as it is open, for those who share it.

    Raises:
        OSError: where somebody has it already, or it is not to be had.
    """
    _bound(host, port, socket.SO_REUSEADDR).close()
    # Without SO_REUSEADDR: with it, anyone may bind the address that nobody listens on yet.
    return _bound(host, port, socket.SO_REUSEPORT)


def _bound(host: str, port: int, *options: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
