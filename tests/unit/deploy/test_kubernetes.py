"""What the manifests tell the services."""

import re
from typing import Any

import httpx2
from fastapi import FastAPI, Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from deploy.local.roles import ROOT

CONFIGURATION = (ROOT / "deploy" / "kubernetes" / "configuration.yaml").read_text()


async def test_a_client_cannot_choose_its_address_behind_an_ingress_that_appends() -> None:
    # given a pod with the settings of the manifests
    service = FastAPI()

    @service.get("/")
    async def address(request: Request) -> str | None:
        return request.client and request.client.host

    [trusted] = re.findall(r"FORWARDED_ALLOW_IPS: \"?([^\"\n]+)", CONFIGURATION)
    pod: Any = ProxyHeadersMiddleware(service, trusted)  # type: ignore[arg-type]  # ASGI in other words

    # when an ingress passes on a request that came with an address of its own
    ingress = httpx2.ASGITransport(app=pod, client=("10.42.0.5", 4711))
    async with httpx2.AsyncClient(transport=ingress, base_url="http://pod") as http:
        answer = await http.get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"})

    # then the address is the one that the ingress saw
    assert answer.json() == "203.0.113.7"
