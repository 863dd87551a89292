"""Reads a model's answer as it streams: only numbers that follow from the user's log get through.

The model cites facts as `{f3}`, which is replaced by the fact's number as worked out again from the log. What it writes
in digits or number words must equal a fact: one of those that the sentence names, or any where it names none. The rest
of a sentence from the first doubtful word on waits for the sentence's end; where it does not hold, it is left out.
"""

import re
from collections.abc import Iterable, Sequence

from services.coach.facts.claims import Claim, holds
from services.coach.facts.log import TrainingLog
from services.coach.model.echoes import echoes_of

CANARY = "canary"
LEFT_OUT = "(left out: your log does not confirm it)"
_SMALL = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {
    **{word: number for number, word in enumerate(_SMALL.split(), start=2)},
    **{word: 10 * number for number, word in enumerate(_TENS.split(), start=3)},
    "hundred": 100,
    "thousand": 1000,
}
MULTIPLES = "half|halved|double|doubled|triple|tripled|twice|thrice|dozen|dozens|million|millions"
_VAGUE = re.compile(rf"\b({MULTIPLES}|hundreds|thousands)\b", re.IGNORECASE)
_NUMBER_WORD = re.compile(rf"\b({'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_FACT = re.compile(r"\{f(\d{1,4})\}")
_NAMED = re.compile(r"\{?f(\d{1,4})\}?")
# Models that are used to footnotes write the number and its source: the source decides.
_FOOTNOTE = re.compile(r"\d[\d.,]*\s*(?:kg|%|sets?|reps?|min|workouts?|weeks?|RPE)?\s*[\[(]f(\d{1,4})[\])]")
_DAYS = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}-W\d{2}")
_UNSAFE = re.compile(r"https?:|www\.|\]\(|!\[|[<>]|javascript:|data:|\b\S+@\S+\.\w+", re.IGNORECASE)
# Every secret begins with the last of these.
_DOUBTFUL = re.compile(
    rf"[\d{{}}\[\]<>!@:\\`]|{_VAGUE.pattern}|{_NUMBER_WORD.pattern}|https?|www|{CANARY}", re.IGNORECASE
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
        words = rest[: doubtful.start()] if doubtful else rest
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
        bare = _FACT.sub(" ", sentence)
        for name in self._names:
            bare = bare.replace(name, " ")
        days = set(_DAYS.findall(bare))
        bare = _DAYS.sub(" ", bare)
        written = [_fact_of(text, known) for text in _numbers(bare)]
        if days - self._days or _VAGUE.search(bare) or None in written:
            return None
        cited += [made for made in written if made is not None]
        return cited if all(holds(made, self._log) for made in cited) else None

    def _facts_of(self, sentence: str) -> list[Claim] | None:
        """The facts that the sentence names; None where there is no such fact."""
        named = [_NAMED.fullmatch(name) for name in self._named or ()]
        numbers = [int(number) for number in _FACT.findall(sentence)] + [int(name[1]) for name in named if name]
        if None in named or any(not 1 <= number <= len(self._facts) for number in numbers):
            return None
        return [self._facts[number - 1] for number in numbers]

    def _shown(self, found: re.Match[str]) -> str:
        made = self._facts[int(found[1]) - 1]
        following = found.string[found.end() :].lstrip().casefold()
        named = made.unit and following.startswith(made.unit.casefold().removesuffix("s"))
        return made.shown if named or not made.unit else f"{made.shown} {made.unit}"


def _fact_of(number: str, facts: Sequence[Claim]) -> Claim | None:
    """A fact whose number this is, as it is shown or in full."""
    return next((made for made in facts if number in (made.shown, f"{made.value.normalize():f}")), None)


def _numbers(text: str) -> Iterable[str]:
    """Every number of a text in plain digits. `12,340` is read with its comma as a separator of thousands."""
    for digits in _DIGITS.findall(text):
        thousands = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits)
        yield (digits.replace(",", "") if thousands else digits.replace(",", ".")).removesuffix(".0")
    for word in _NUMBER_WORD.findall(text):
        yield str(NUMBER_WORDS[word.casefold()])


def _names_with_digits(log: TrainingLog) -> list[str]:
    names = {log.name(exercise_id) for exercise_id in log.working_by_exercise}
    return sorted((name for name in names if _DIGITS.search(name) or _VAGUE.search(name)), key=len, reverse=True)
