"""What a verification found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One comparison: how many `units` were compared, and the first difference, None where there is none."""

    name: str
    compared: int
    units: str
    difference: str | None = None

    @property
    def agrees(self) -> bool:
        return self.difference is None


@dataclass(frozen=True)
class Findings:
    """All comparisons of one verification, in the order in which they were made."""

    checks: Sequence[Check]

    @property
    def agrees(self) -> bool:
        return all(check.agrees for check in self.checks)

    @property
    def first_difference(self) -> str | None:
        """Where, and what differs there."""
        return next((f"{check.name}: {check.difference}" for check in self.checks if not check.agrees), None)

    def as_json(self) -> dict[str, Any]:
        checks = [
            {
                "check": check.name,
                "compared": check.compared,
                "units": check.units,
                "agrees": check.agrees,
                "difference": check.difference,
            }
            for check in self.checks
        ]
        return {"agrees": self.agrees, "first_difference": self.first_difference, "checks": checks}
