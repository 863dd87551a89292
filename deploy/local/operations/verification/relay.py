"""The relay against its outbox: what waits there must be published."""

import asyncio
import time

from deploy.local.operations.running import Operator
from deploy.local.operations.verification.findings import Check


async def check_relay(operator: Operator, *, patience: float) -> Check:
    """Waits at most `patience` seconds until all that waits now is published; what comes meanwhile does not count."""
    began = time.monotonic()
    while True:
        left = await operator.get("/internal/ingest/backlog")
        batches, oldest = left["batches"], left["oldest_seconds"]
        waited = time.monotonic() - began
        if batches == 0 or oldest < waited:
            return Check("relay", batches, "waiting batches")
        if waited > patience:
            return Check("relay", batches, "waiting batches", f"the oldest has waited for {oldest:.0f} s")
        await asyncio.sleep(0.2)
