"""What an operator sees of a rebuild while it runs."""

import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.projector.store.generations import note_progress
from shared.telemetry import log


@dataclass
class Progress:
    """Writes the state of a rebuild beside its generation, over a connection of its own."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    generation: str
    total: int
    done: int = 0
    started: float = field(default_factory=time.monotonic)

    async def step(self, phase: str, *, done: int = 0, **more: Any) -> None:
        """Says where the rebuild is; `done` events more are in."""
        self.done += done
        await note_progress(self.connection, self.generation, "building", self._said(phase) | more)
        log().info("rebuild", generation=self.generation, **self._said(phase), **more)

    async def ended(self, state: str, phase: str, **more: Any) -> None:
        """Says how it ended."""
        await note_progress(self.connection, self.generation, state, self._said(phase) | more)

    def _said(self, phase: str) -> dict[str, Any]:
        seconds = time.monotonic() - self.started
        rate = self.done / seconds if seconds else 0.0
        left = (self.total - self.done) / rate if rate else None
        return {
            "phase": phase,
            "events_done": self.done,
            "events_total": self.total,
            "events_per_second": round(rate),
            "seconds": round(seconds, 1),
            "eta_seconds": None if left is None else round(max(left, 0), 1),
        }
