"""Finds a model that repeats its instructions: runs of six words that are theirs."""

import re
from collections.abc import Sequence
from functools import lru_cache

RUN = 6
_NOT_WORD = re.compile(r"\W+")


class Echoes:
    """The runs of words of one text."""

    def __init__(self, text: str) -> None:
        words = [_plain(word) for word in text.split()]
        self._runs = {tuple(words[at : at + size]) for size in range(1, RUN + 1) for at in range(len(words) - size + 1)}

    def start(self, words: Sequence[str]) -> int | None:
        """The index of the first word from which on the words repeat the text, or may be about to."""
        plain = [_plain(word) for word in words]
        return next((at for at in range(len(plain)) if tuple(plain[at : at + RUN]) in self._runs), None)

    def within(self, text: str) -> bool:
        """Whether a whole run is repeated."""
        plain = [_plain(word) for word in text.split()]
        return any(tuple(plain[at : at + RUN]) in self._runs for at in range(len(plain) - RUN + 1))


@lru_cache(maxsize=8)
def echoes_of(text: str) -> Echoes:
    """The runs of a text that is used again and again."""
    return Echoes(text)


def _plain(word: str) -> str:
    return _NOT_WORD.sub("", word).casefold()
