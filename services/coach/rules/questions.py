"""The quick questions: instant, the same answer for the same log, with every number's origin."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.coach.rules import body, progress, records, weeks
from services.coach.rules.answers import Rules


@dataclass(frozen=True, slots=True)
class QuickQuestion:
    """`words` are those that point to this question in free text."""

    question: str
    rules: Rules
    words: frozenset[str]


def word_set(words: str) -> frozenset[str]:
    """Words apart."""
    return frozenset(words.split())


def _question(question: str, rules: Rules, words: str) -> QuickQuestion:
    return QuickQuestion(question, rules, word_set(words))


# Words that say nothing of what is asked where no other word does.
VAGUE = word_set("do far going last long many month moved much often row should so this time total when")


QUICK_QUESTIONS = (
    _question("What next?", progress.what_next, "next today tomorrow should train do plan"),
    _question(
        "Am I progressing?", progress.progressing, "progress progressing stronger improve improving gains plateau"
    ),
    _question("How hard was last week?", weeks.last_week, "hard last week intense sets"),
    _question("How is this week going?", weeks.this_week, "this week going so far sets"),
    _question("How was my last workout?", weeks.last_trained, "last workout session"),
    _question("When did I last train?", weeks.last_trained, "when last train trained"),
    _question("What are my records?", records.records, "records record pr prs best bests"),
    _question("Did I set new records?", records.new_records, "new records record set pr lately"),
    _question("What is my strongest lift?", records.strongest, "strongest heaviest lift max"),
    _question("Which exercises do I do most?", progress.most_done, "exercises exercise most often favourite favorite"),
    _question("How often do I train?", weeks.frequency, "often frequency consistent adherence"),
    _question("What is my streak?", weeks.streak, "streak row weeks"),
    _question("How much did I lift?", weeks.tonnage, "much lift lifted tonnage volume moved weight total"),
    _question("How many sets did I do this month?", weeks.sets_lately, "many sets month"),
    _question("Which muscles did I train this week?", weeks.muscles, "muscles muscle trained week"),
    _question(
        "Which muscles am I neglecting?", weeks.neglected, "neglect neglecting neglected weak missing muscles balance"
    ),
    _question("How long are my workouts?", weeks.duration, "long duration minutes time workouts"),
    _question("Do I need a deload?", weeks.deload, "deload rest tired fatigue recovery easier"),
    _question("How is my body weight changing?", body.body_weight, "body weight weigh bodyweight scale gaining losing"),
    _question("What is my body fat?", body.body_fat, "fat lean body composition"),
    _question("Am I reaching my goals?", body.goals, "goal goals target targets reaching"),
)

_NOT_WORDS = re.compile(r"[^\w]+")


def key(question: str) -> str:
    """Equal for questions that differ in case, accents, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", question.casefold()).translate({ord("'"): None, ord("’"): None})
    return " ".join(_NOT_WORDS.sub(" ", plain).split())


_BY_KEY: Mapping[str, QuickQuestion] = {key(quick.question): quick for quick in QUICK_QUESTIONS}


def find(question: str) -> QuickQuestion | None:
    """The quick question that this is."""
    return _BY_KEY.get(key(question))


def nearest(text: str) -> QuickQuestion | None:
    """The quick question that free text comes closest to; None where it shares too little that tells."""
    words = frozenset(key(text).split())
    best = max(QUICK_QUESTIONS, key=lambda quick: (len(words & quick.words), -len(quick.words)))
    shared = words & best.words
    return find(text) or (best if len(shared) >= 2 and shared - VAGUE else _only(words - VAGUE))


def _only(words: frozenset[str]) -> QuickQuestion | None:
    """The single question that one of the words points to."""
    found = [quick for quick in QUICK_QUESTIONS if words & quick.words]
    return found[0] if len(found) == 1 else None
