"""Ports of the local run."""

import secrets
import socket

from deploy.local.processes import StartError

# A stack asks for all its ports before anybody listens on the first, and other processes ask at the same time: the
# datagram socket of the same number, which nobody else wants, says for as long as this process lives who has a port.
_given: list[socket.socket] = []


def free_port() -> int:
    """A loopback port that nobody listens on or has just left, each time another, in whichever process. It is below the
    range from which the kernel takes ports for connections: there a client that retries a stopped server can take its
    port, or even connect to itself.

    Raises:
        StartError
    """
    for _ in range(200):
        port = 18000 + secrets.randbelow(14000)
        try:
            mark = _bound("127.0.0.1", port, kind=socket.SOCK_DGRAM)
        except OSError:
            continue
        try:
            # Without SO_REUSEADDR, which would also give a port whose last connections still linger: `reserved` would
            # refuse it.
            _bound("127.0.0.1", port).close()
        except OSError:
            mark.close()
            continue
        _given.append(mark)
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


def _bound(host: str, port: int, *options: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
