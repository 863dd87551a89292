"""Clients to other services."""

import ssl
from functools import cache

import httpx2

from shared.settings import SharedSettings


def service_client(
    base_url: str, settings: SharedSettings, *, timeout: float | httpx2.Timeout = 30
) -> httpx2.AsyncClient:
    """A client to another service's internal paths, with the service token."""
    token = settings.service_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=timeout, verify=authorities())


@cache
def authorities() -> ssl.SSLContext:
    """Who vouches for servers, read once a process: it takes longer than most requests, and all others wait for it."""
    return httpx2.create_ssl_context()
