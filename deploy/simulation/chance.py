"""All randomness, ids and time of one simulated world."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

START = datetime(2026, 11, 21, 10, tzinfo=UTC)

Item = TypeVar("Item")


class Chance:
    """The same seed draws the same world. `now` is the true time, which no phone needs to agree with."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  repeatable, not secret
        self._moments: set[datetime] = set()
        self.now = START

    def happens(self, share: float) -> bool:
        return self._random.random() < share

    def fraction(self) -> float:
        return self._random.random()

    def between(self, first: int, last: int) -> int:
        """A whole number, both ends included."""
        return self._random.randint(first, last)

    def among(self, items: Sequence[Item]) -> Item:
        return self._random.choice(items)

    def weighted(self, items: Sequence[Item], weights: Sequence[float]) -> Item:
        return self._random.choices(items, weights)[0]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        return self._random.sample(items, len(items))

    def id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)

    def pass_time(self) -> None:
        """Mostly seconds, now and then long enough for a token to expire."""
        self.now += timedelta(seconds=600 if self.happens(0.02) else self._random.choice((0.2, 1, 1, 5, 20)))

    def moment(self, near: datetime) -> datetime:
        """A time that nobody was given before, in whole milliseconds: it names what happened then."""
        found = near.replace(microsecond=near.microsecond // 1000 * 1000)
        while found in self._moments:
            found += timedelta(milliseconds=1)
        self._moments.add(found)
        return found
