"""A circuit breaker: after several faults in a row the provider is left alone for a while, then tried with one call."""

from dataclasses import dataclass


@dataclass
class Breaker:
    """Times are seconds of any one clock. `trial_s` is how long a trial call may take before another may try."""

    failures_to_open: int
    open_s: float
    trial_s: float = 60
    failures: int = 0
    retry_at: float | None = None

    def admits(self, now: float) -> bool:
        """Whether a call may be made; in the half-open state only one."""
        if self.failures < self.failures_to_open:
            return True
        if self.retry_at is None or now < self.retry_at:
            return False
        self.retry_at = now + self.trial_s
        return True

    def succeeded(self) -> None:
        self.failures, self.retry_at = 0, None

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures >= self.failures_to_open:
            self.retry_at = now + self.open_s
