"""Reads a model's answer as it streams: only numbers that follow from the user's log get through.

The model cites facts as `{f3}`, which is replaced by the fact's number as worked out again from the log. What it writes
in digits or number words must equal a fact in the fact's unit: one of those that the sentence names, or any where it
names none. The rest of a sentence from the first doubtful word on waits for the sentence's end; where it does not hold,
it is left out.
"""

import re
import unicodedata
from collections.abc import Sequence

from services.coach.facts.claims import Claim, holds
from services.coach.facts.log import TrainingLog
from services.coach.model.echoes import echoes_of
from services.coach.model.numbers import (
    NUMBER_WORD,
    UNREAD,
    first_strange,
    has_number,
    is_only_a_number,
    numbers,
    unit_at,
    unreadable,
    without_idioms,
)

CANARY = "canary"
LEFT_OUT = "(left out: your log does not confirm it)"
_FACT = re.compile(r"\{f(\d{1,4})\}")
_NAMED = re.compile(r"\{?f(\d{1,4})\}?")
# Models that are used to footnotes write the number and its source: the source decides.
_FOOTNOTE = re.compile(r"\d[\d.,]*\s*(?:kg|%|sets?|reps?|min|workouts?|weeks?|RPE)?\s*[\[(]f(\d{1,4})[\])]")
_DAYS = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}-W\d{2}")
_UNSAFE = re.compile(r"https?:|www\.|\]\(|!\[|[<>]|javascript:|data:|\b\S+@\S+\.\w+", re.IGNORECASE)
# Every secret begins with the last of these.
_DOUBTFUL = re.compile(
    rf"[\d{{}}\[\]<>!@:\\`]|{UNREAD.pattern}|{NUMBER_WORD.pattern}|https?|www|{CANARY}", re.IGNORECASE
)
_WORD = re.compile(r"\s*\S+\s*")
_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")


class Checker:
    """One answer. `facts` are numbered from 1 in the order of the prompt; the `secret` word and runs of words of the
    `instructions` never belong in an answer."""

    def __init__(self, facts: Sequence[Claim], log: TrainingLog, secret: str, instructions: str = "") -> None:
        self._facts = facts
        self._log = log
        self._secret = secret
        self._echoes = echoes_of(instructions)
        self._shown_already = ""
        self._rest = ""
        self._names = _names_with_digits(log)
        self._days = {day for made in facts for day in _DAYS.findall(made.label)}
        self._named: Sequence[str] | None = None
        self.cited: list[Claim] = []
        self.left_out = 0

    def stands_on(self, named: Sequence[str]) -> None:
        """From here on the answer names its facts, and these are they: no other fact confirms a number."""
        self._named = named

    def feed(self, piece: str) -> str:
        """What can be shown now. However an answer is cut into pieces, the same is shown in the end."""
        self._rest += piece
        said = ""
        while end := _SENTENCE_END.search(self._rest):
            rest, self._rest = self._rest[: end.end()], self._rest[end.end() :]
            said += self._whole(rest)
        certain = self._certain(self._rest)
        self._rest = self._rest[len(certain) :]
        return said + certain

    def finish(self) -> str:
        """What is left when the model is done."""
        rest, self._rest = self._rest, ""
        return self._whole(rest)

    def _whole(self, rest: str) -> str:
        """The rest of a sentence that has ended."""
        certain = self._certain(rest)
        return certain + self._checked(rest[len(certain) :])

    def _certain(self, rest: str) -> str:
        """Whole words at the start of the rest of a sentence, up to the first that is doubtful."""
        doubtful = _DOUBTFUL.search(rest)
        words = rest[: min(doubtful.start() if doubtful else len(rest), first_strange(rest))]
        certain = words[: words.rfind(" ") + 1]
        echo = self._echoes.start(certain.split())
        if echo is not None:
            certain = "".join(_WORD.findall(certain)[:echo])
        self._shown_already += certain
        return certain

    def _checked(self, rest: str) -> str:
        """The rest of the sentence with its facts filled in, or what is said in its place."""
        linked = _FOOTNOTE.sub(r"{f\1}", rest)
        sentence, self._shown_already = self._shown_already + linked, ""
        cited = self._cited_in(sentence)
        if cited is None or self._unsafe(sentence):
            self.left_out += 1
            return rest.replace(rest.strip(), LEFT_OUT, 1)
        self.cited = list(dict.fromkeys([*self.cited, *cited]))
        return _FACT.sub(self._shown, linked)

    def _unsafe(self, sentence: str) -> bool:
        """Links and markup, and whatever the model should keep to itself."""
        private = self._secret.casefold() in sentence.casefold() or self._echoes.within(sentence)
        return private or _UNSAFE.search(sentence) is not None

    def _cited_in(self, sentence: str) -> list[Claim] | None:
        """The facts that the sentence stands on; None where one of its numbers has none."""
        cited = self._facts_of(sentence)
        if cited is None:
            return None
        known = self._facts if self._named is None else cited
        bare = _FACT.sub("#", sentence)
        for name in self._names:
            bare = name.sub("#", bare)
        days = set(_DAYS.findall(bare))
        bare = without_idioms(_DAYS.sub("#", bare))
        composed = unicodedata.normalize("NFKC", "".join(c for c in bare if unicodedata.category(c) != "Cf"))
        written = [_fact_of(number, unit, known) for number, unit in numbers(composed)]
        if days - self._days or unreadable(bare) or unreadable(composed) or None in written:
            return None
        cited += [made for made in written if made is not None]
        return cited if all(holds(made, self._log) for made in cited) else None

    def _facts_of(self, sentence: str) -> list[Claim] | None:
        """The facts that the sentence names; None where there is none such, or its unit is another."""
        named = [_NAMED.fullmatch(name) for name in self._named or ()]
        ids = [int(number) for number in _FACT.findall(sentence)] + [int(name[1]) for name in named if name]
        if None in named or any(not 1 <= number <= len(self._facts) for number in ids):
            return None
        shown = [(self._facts[int(found[1]) - 1], sentence[found.end() :]) for found in _FACT.finditer(sentence)]
        if not all(_fits(made, unit_at(following)) for made, following in shown):
            return None
        return [self._facts[number - 1] for number in ids]

    def _shown(self, found: re.Match[str]) -> str:
        made = self._facts[int(found[1]) - 1]
        following = found.string[found.end() :].lstrip().casefold()
        named = unit_at(following) or following.startswith(made.unit.casefold().removesuffix("s"))
        return made.shown if named or not made.unit else f"{made.shown} {made.unit}"


def _fact_of(number: str, unit: str | None, facts: Sequence[Claim]) -> Claim | None:
    """A fact whose number this is, as it is shown or in full, in its unit."""
    like = (made for made in facts if number in (made.shown, f"{made.value.normalize():f}"))
    return next((made for made in like if _fits(made, unit)), None)


def _fits(made: Claim, unit: str | None) -> bool:
    """Whether a fact's number may stand before a unit. That of `working sets` is sets."""
    return unit is None or unit == unit_at(made.unit.rpartition(" ")[2])


def _names_with_digits(log: TrainingLog) -> list[re.Pattern[str]]:
    names = {log.name(exercise_id) for exercise_id in log.working_by_exercise}
    hidden = [name for name in names if has_number(name) and not is_only_a_number(name)]
    longest = sorted(hidden, key=len, reverse=True)
    return [re.compile(rf"(?<![\w.,]){re.escape(name)}(?!\w)", re.IGNORECASE) for name in longest]
