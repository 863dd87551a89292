"""Starts rebuilds in processes of their own, one at a time."""

import asyncio
import contextlib
import sys

STOP_SECONDS = 5


class Rebuilding:
    """The rebuild that this process has started last."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    async def start(self, view: str | None) -> bool:
        """Starts one; False where one is still running."""
        async with self._starting:
            if self.running:
                return False
            words = ["--view", view] if view else []
            command = (sys.executable, "-m", "services.projector.rebuild", *words)
            self._process = await asyncio.create_subprocess_exec(*command)
            return True

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def succeeded(self) -> bool | None:
        """How the last one ended; None where none has ended yet."""
        code = self._process.returncode if self._process else None
        return None if code is None else code == 0

    async def stop(self) -> None:
        """Interrupts what runs; the live generation stays as it is."""
        if self._process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            if self.running:
                self._process.kill()
