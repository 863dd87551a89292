"""A meal plan for a day: targets from the last weighing, meals from a small table, within careful bounds."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from services.coach.facts.claims import Cited, Claim, Kind, Rule, claim, claim_json, evidence
from services.coach.facts.log import TrainingLog
from services.coach.plans.foods import DIETS, Food, fitting
from services.coach.plans.workouts import refusal
from services.coach.safety import concern
from shared.values import Text, plain
from shared.views.measurements import MeasurementRow

ADULT, LEAST_BMI = 18, Decimal(20)
Goal = Literal["lose", "maintain", "gain"]


class MealPlanRequest(BaseModel):
    """`allergies` are words such as `egg`, `milk`, `soy`, `gluten`, `fish`."""

    model_config = ConfigDict(extra="ignore")

    goal: Annotated[Text, Field(max_length=200)] = "maintain"
    meals_per_day: Annotated[int, Field(ge=2, le=6)] = 4
    diet: Annotated[Text, Field(max_length=50)] = "any"
    allergies: Annotated[list[Annotated[Text, Field(max_length=50)]], Field(max_length=20)] = []
    notes: Annotated[Text, Field(max_length=1_000)] = ""

    @property
    def aim(self) -> Goal:
        """What the goal's words come down to."""
        words = self.goal.casefold()
        if any(word in words for word in ("los", "cut", "fat", "lean", "deficit")):
            return "lose"
        return "gain" if any(word in words for word in ("gain", "bulk", "muscle", "mass")) else "maintain"

    def excluded(self) -> frozenset[str]:
        said = {word for allergy in self.allergies for word in allergy.casefold().split()}
        singular = {word.removesuffix("s") for word in said}
        return frozenset(said | singular | DIETS.get(self.diet.casefold(), set()))


def propose_meals(request: MealPlanRequest, log: TrainingLog, now: datetime) -> dict[str, Any]:
    """A proposal of the rules. Without a weighing it names foods and no amounts."""
    said = "\n".join([request.goal, request.notes, request.diet, *request.allergies])
    if worry := concern(said):
        return {**refusal(worry), "meals": [], "targets": None}
    weighed = [row for row in log.measurements if row.weight_kg and row.measured_at <= now]
    aim, cautions = safe_aim(request.aim, log, weighed[-1] if weighed else None, now)
    claims = _targets(log, weighed[-1], aim) if weighed else {}
    if not claims:
        cautions.append("No weighing is logged, so this names foods and no amounts. Log your weight for targets.")
    return {
        "plan_id": str(uuid7()),
        "goal": aim,
        "targets": {name: plain(made.value) for name, made in claims.items()} or None,
        "meals": _meals(request, claims),
        "cautions": cautions,
        "evidence": evidence(claims.values(), log),
        "claims": [claim_json(made, number) for number, made in enumerate(claims.values(), start=1)],
        "source": "rules",
        "notice": None,
    }


def safe_aim(aim: Goal, log: TrainingLog, weighed: MeasurementRow | None, now: datetime) -> tuple[Goal, list[str]]:
    """No deficit for the young and the light; said as a caution."""
    if aim != "lose":
        return aim, []
    born, height = log.profile.birth_date, log.profile.height_cm or (weighed.height_cm if weighed else None)
    if born and _age(born, now.date()) < ADULT:
        return "maintain", [
            "Losing weight before adulthood belongs into a doctor's hands: this plan keeps your weight."
        ]
    if weighed and weighed.weight_kg and height and weighed.weight_kg / (height / 100) ** 2 < LEAST_BMI:
        return "maintain", ["You are light for your height: this plan keeps your weight. Talk to a dietitian."]
    return aim, []


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _targets(log: TrainingLog, weighed: MeasurementRow, aim: Goal) -> dict[str, Claim]:
    """Energy and macronutrients a day, each from the weighing that it cites."""
    cited = [Cited(Kind.MEASUREMENT, weighed.measurement_id)]
    made = {
        "kcal": claim("energy a day", "kcal", f"kcal.{aim}", Rule.VALUE, cited, log),
        "protein_g": claim("protein a day", "g", "protein_g", Rule.VALUE, cited, log),
        "fat_g": claim("fat a day", "g", "fat_g", Rule.VALUE, cited, log),
    }
    return {name: found for name, found in made.items() if found is not None}


def _meals(request: MealPlanRequest, targets: dict[str, Claim]) -> list[dict[str, Any]]:
    excluded = request.excluded()
    names = ("Breakfast", "Lunch", "Dinner", "Snack", "Second snack", "Late snack")
    return [
        {"name": names[number], "foods": _plate(number, request, targets, excluded)}
        for number in range(request.meals_per_day)
    ]


def _plate(
    number: int, request: MealPlanRequest, targets: dict[str, Claim], excluded: frozenset[str]
) -> list[dict[str, Any]]:
    """One food of each part, in grams to the meal's share of protein and energy."""
    morning = number in (0, 3, 4, 5)
    chosen: list[Food] = []
    for part in ("protein", "carbohydrate", "plant"):
        foods = fitting(part, morning, excluded) or fitting(part, not morning, excluded)
        chosen += [foods[number % len(foods)]] if foods else []
    if not targets:
        return [{"food": food.name, "grams": None} for food in chosen]
    share = request.meals_per_day
    return _amounts(chosen, float(targets["protein_g"].value) / share, float(targets["kcal"].value) / share)


def _amounts(chosen: list[Food], protein_g: float, kcal: float) -> list[dict[str, Any]]:
    """Plants 150 g, protein to its target, carbohydrates up to the energy, of which a fifth is left for cooking fat."""
    left = kcal * 0.8
    plate = []
    for food in sorted(chosen, key=lambda food: ("plant", "protein", "carbohydrate").index(food.part)):
        match food.part:
            case "plant":
                grams = 150.0
            case "protein":
                grams = min(500.0, 80 * protein_g / food.protein_g)
            case "carbohydrate":
                grams = max(0.0, left) / food.kcal * 100
        left -= grams * food.kcal / 100
        plate.append({"food": food.name, "grams": int(round(grams / 10) * 10)})
    return plate
