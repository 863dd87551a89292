"""An answer under construction: sentences, and the claims that their numbers come from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from services.coach.facts.claims import Claim
from services.coach.facts.log import TrainingLog


@dataclass(frozen=True, slots=True)
class Answer:
    """What coach says, and the claims that hold every number in it."""

    text: str
    claims: tuple[Claim, ...] = ()


@dataclass
class Saying:
    """Collects sentences; a number gets into one only as a claim."""

    log: TrainingLog
    now: datetime
    sentences: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def number(self, made: Claim) -> str:
        """The number as text, with its claim kept."""
        if made not in self.claims:
            self.claims.append(made)
        return made.shown

    def amount(self, made: Claim, unit: str | None = None) -> str:
        """The number and its unit; a single one of what can be counted is singular."""
        word = made.unit if unit is None else unit
        counted = {"sets", "workouts", "weeks", "reps", "records", "days", "exercises"}
        singular = made.value == 1 and word.rpartition(" ")[2] in counted
        return f"{self.number(made)} {word.removesuffix('s') if singular else word}".strip()

    def add(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def answer(self) -> Answer:
        return Answer(" ".join(self.sentences), tuple(self.claims))


NO_SET = "no working set is logged."

Rules = Callable[[TrainingLog, datetime], Answer]


def joined(parts: list[str]) -> str:
    """A list as people write it."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def nothing_yet(what: str) -> Answer:
    return Answer(f"There is nothing to go by yet: {what}")
