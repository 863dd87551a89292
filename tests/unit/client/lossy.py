"""A bad network between a client and a server: requests and answers get lost, late, doubled and cut in half."""

import asyncio
from random import Random

import httpx2


class LossyTransport(httpx2.AsyncBaseTransport):
    """Passes requests on to another transport as badly as `share` (0 to 1) says. The same seed is equally bad."""

    def __init__(self, beyond: httpx2.AsyncBaseTransport, seed: int, share: float = 0.3, delay_s: float = 0) -> None:
        self._beyond, self._random, self.share, self._delay_s = beyond, Random(seed), share, delay_s
        self.faults: set[str] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        fault = self._fault()
        self.faults.add(fault)
        if self._delay_s:
            await asyncio.sleep(self._random.random() * self._delay_s)
        if fault == "lost request":
            raise httpx2.ConnectError("lost on the way there", request=request)
        response = await self._pass(request)
        match fault:
            case "lost answer":
                raise httpx2.ReadError("lost on the way back", request=request)
            case "doubled":
                return await self._pass(request)
            case "cut":
                return httpx2.Response(response.status_code, content=response.content[: len(response.content) // 2])
            case "overloaded":
                return httpx2.Response(503, json={"code": "unavailable"}, headers={"Retry-After": "0"})
            case _:
                return response

    def _fault(self) -> str:
        if self._random.random() >= self.share:
            return "none"
        return self._random.choice(["lost request", "lost answer", "doubled", "cut", "overloaded"])

    async def _pass(self, request: httpx2.Request) -> httpx2.Response:
        again = httpx2.Request(request.method, request.url, headers=request.headers, content=request.content)
        response = await self._beyond.handle_async_request(again)
        content = await response.aread()
        headers = {name: value for name, value in response.headers.items() if name.lower() in ("retry-after",)}
        return httpx2.Response(response.status_code, content=content, headers=headers)
