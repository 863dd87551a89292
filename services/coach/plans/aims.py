"""What a meal plan is for: to lose weight, to keep it or to gain, within careful bounds."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from services.coach.facts.derived import KCAL
from services.coach.facts.log import TrainingLog
from shared.views.measurements import MeasurementRow

ADULT, LEAST_BMI, LEAST_KCAL = 18, Decimal(20), Decimal(1200)
Goal = Literal["lose", "maintain", "gain"]
# What is not wanted, up to the next clause.
_NOT_WANTED = re.compile(
    r"\b(?:not|no|stop|without|never|avoid|kein\w*|nicht|ohne|sans|pas|\w+n['’]t)\b.*?(?=,|\bbut\b|$)"
)
_LOSE = re.compile(r"\b(los(e|es|ing|s)|cut(ting)?|deficit|slim\w*|shred\w*|burn|abnehmen|maigrir|perdre|adelgazar)\b")
_GAIN = re.compile(r"\b(gain\w*|bulk\w*|muscles?|mass|zunehmen|aufbau\w*)\b")
_LEAN = re.compile(r"\b(lean\w*|fat)\b")


def aim_of(words: str) -> Goal:
    """What a goal's words come down to."""
    wanted = _NOT_WANTED.sub("", words.casefold())
    if _LOSE.search(wanted):
        return "lose"
    if _GAIN.search(wanted):
        return "gain"
    return "lose" if _LEAN.search(wanted) else "maintain"


def safe_aim(aim: Goal, log: TrainingLog, weighed: MeasurementRow | None, now: datetime) -> tuple[Goal, list[str]]:
    """No deficit for the young and the light, nor where that is not known; said as a caution."""
    if aim != "lose":
        return aim, []
    born, height = log.profile.birth_date, log.profile.height_cm or (weighed.height_cm if weighed else None)
    if born and _age(born, now.date()) < ADULT:
        return "maintain", [
            "Losing weight before adulthood belongs into a doctor's hands: this plan keeps your weight."
        ]
    if weighed and weighed.weight_kg and height and _light(weighed.weight_kg, height):
        return "maintain", ["You are light for your height: this plan keeps your weight. Talk to a dietitian."]
    if not born or not height:
        return "maintain", ["Without your height and birth date in the profile this plan keeps your weight."]
    return aim, []


def _light(weight_kg: Decimal, height_cm: Decimal) -> bool:
    return weight_kg / (height_cm / 100) ** 2 < LEAST_BMI or weight_kg * KCAL["lose"] < LEAST_KCAL


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
