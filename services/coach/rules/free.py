"""Free text without a model: the quick question that it comes closest to, else an overview."""

from datetime import datetime

from services.coach.facts.log import TrainingLog
from services.coach.rules import weeks
from services.coach.rules.answers import Answer
from services.coach.rules.questions import QUICK_QUESTIONS, nearest

HINTS = " ".join(f"“{quick.question}”" for quick in QUICK_QUESTIONS[:6])


def reply(text: str, log: TrainingLog, now: datetime) -> Answer:
    """Always says something true."""
    if quick := nearest(text):
        return quick.rules(log, now)
    overview = weeks.last_trained(log, now)
    hint = f"I answer questions about your log, for example: {HINTS}"
    return Answer(f"{overview.text} {hint}", overview.claims)
