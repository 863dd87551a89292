"""Whatever fits the published description, or nearly: no answer is ever a fault of the server's."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.system.stack.world import Phone, World

EXAMPLES = 12
# These would end the caller's own session: every later answer would be 401, and prove nothing.
ENDING = {
    ("DELETE", "/api/v1/auth/me"),
    ("POST", "/api/v1/auth/logout"),
    ("DELETE", "/api/v1/auth/devices/{device_id}"),
    ("DELETE", "/api/v1/auth/sessions/{session_id}"),
}
# An endless answer is tried elsewhere.
STREAMS = {("GET", "/api/v1/sync/stream")}


async def test_no_generated_request_makes_the_server_fail(world: World) -> None:
    # given the one description of all services
    description = (await world.http.get("/openapi.json")).json()
    schema: Any = schemathesis.openapi.from_dict(description)
    phone = await world.phone()
    phone.train()
    await phone.push()
    # when requests are generated for every operation
    failed: list[str] = []
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method.upper(), operation.path) in ENDING | STREAMS:
            continue
        tried += 1
        failed += _failures(operation, world, phone)
    # then none of them is answered with a fault of the server's
    assert failed == []
    assert tried > 40


def _failures(operation: Any, world: World, phone: Phone) -> list[str]:
    failed: list[str] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def probe(case: Any) -> None:
        answer = case.call(base_url=world.stack.url, headers=phone.headers, timeout=30)
        if answer.status_code >= 500:
            failed.append(f"{operation.method} {answer.request.url} {case.body!r}: {answer.status_code} {answer.text}")

    probe()
    return failed[:1]
