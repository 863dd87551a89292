"""Free text without a model: what it names, else the quick question that it comes closest to."""

from datetime import datetime
from uuid import UUID

from services.coach.facts.log import TrainingLog
from services.coach.rules.answers import Answer
from services.coach.rules.named import hard_sets_of, progress_of, records_of
from services.coach.rules.questions import QUICK_QUESTIONS, find, key, nearest, word_set
from services.coach.rules.subjects import subject

HINTS = " ".join(f"“{quick.question}”" for quick in QUICK_QUESTIONS[:6])
NOT_UNDERSTOOD = (
    f"I did not understand that. I answer questions about your log, about an exercise or a muscle in it, and: {HINTS}"
)
RECORD_WORDS = word_set("record records pr prs best bests max maximum heaviest strongest longest farthest 1rm")


def reply(text: str, log: TrainingLog, now: datetime) -> Answer:
    """Always says something true: what was asked, or that it was not understood."""
    if quick := find(text):
        return quick.rules(log, now)
    match subject(text, log):
        case UUID() as exercise_id:
            about = records_of if RECORD_WORDS & set(key(text).split()) else progress_of
            return about(exercise_id, log, now)
        case tuple() as muscles:
            return hard_sets_of(muscles, log, now)
        case None:
            near = nearest(text)
            return near.rules(log, now) if near else Answer(NOT_UNDERSTOOD)
