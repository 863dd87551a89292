"""A meal plan for a day: targets from the last weighing, meals from a small table, within careful bounds."""

from collections import Counter
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from services.coach.facts.claims import Cited, Claim, Kind, Rule, claim, claims_json, evidence
from services.coach.facts.log import TrainingLog
from services.coach.plans.aims import LEAST_KCAL, Goal, aim_of, safe_aim
from services.coach.plans.foods import FOODS, PARTS, Food, fits, fitting
from services.coach.plans.restrictions import Restrictions, restrictions
from shared.values import Text, plain
from shared.views.measurements import MeasurementRow

NO_MEALS = "no meals are named, lest they hold what you do not eat. Say it in other words, or ask a dietitian."


class MealPlanRequest(BaseModel):
    """A diet and allergies count in whatever words, also in those of the goal and the notes."""

    model_config = ConfigDict(extra="ignore")

    goal: Annotated[Text, Field(max_length=200)] = "maintain"
    meals_per_day: Annotated[int, Field(ge=2, le=6)] = 4
    diet: Annotated[Text, Field(max_length=50)] = "any"
    allergies: Annotated[list[Annotated[Text, Field(max_length=50)]], Field(max_length=20)] = []
    notes: Annotated[Text, Field(max_length=1_000)] = ""

    @property
    def aim(self) -> Goal:
        """What the goal's words come down to."""
        return aim_of(self.goal)

    @cached_property
    def restrictions(self) -> Restrictions:
        """What must not be served."""
        return restrictions(self.diet, self.allergies, f"{self.goal}\n{self.notes}")


class ChosenMeals(BaseModel):
    """A day of meals as a model proposes it: foods of the table by name. Amounts are not the model's to say."""

    meals: Annotated[
        list[Annotated[list[Annotated[str, Field(max_length=50)]], Field(min_length=1, max_length=5)]],
        Field(min_length=1, max_length=6),
    ]


def propose_meals(
    request: MealPlanRequest,
    log: TrainingLog,
    now: datetime,
    chosen: ChosenMeals | None = None,
    source: str = "rules",
    notice: str | None = None,
) -> dict[str, Any]:
    """A proposal: foods as a model chose them where the request allows them all, else by the rules, as amounts are.

    Without targets it names foods and no amounts; where a diet or an allergy is not understood, neither.
    """
    weighed = [row for row in log.measurements if row.weight_kg and row.measured_at <= now]
    aim, cautions = safe_aim(request.aim, log, weighed[-1] if weighed else None, now)
    claims = _targets(log, weighed[-1], aim) if weighed else {}
    if not claims:
        reason = "The last weighing is too light for targets" if weighed else "No weighing is logged"
        cautions.append(f"{reason}, so this names foods and no amounts. Log your weight for targets.")
    unknown = request.restrictions.not_understood
    if unknown:
        cautions.append(f"Not understood: {', '.join(f'“{said}”' for said in unknown[:5])}. So {NO_MEALS}")
    plates = allowed(chosen, request) if chosen else None
    if chosen and plates is None:
        source, notice = "rules", "the proposal did not fit the request"
    return {
        "plan_id": str(uuid7()),
        "goal": aim,
        "targets": {name: plain(made.value) for name, made in claims.items()} or None,
        "meals": [] if unknown else _meals(request, claims, plates or by_rules(request)),
        "cautions": cautions,
        "evidence": evidence(claims.values(), log),
        "claims": claims_json(claims.values()),
        "source": source,
        "notice": notice,
    }


def said_in(request: MealPlanRequest) -> str:
    """All words of the request."""
    return "\n".join([request.goal, request.notes, request.diet, *request.allergies])


def _targets(log: TrainingLog, weighed: MeasurementRow, aim: Goal) -> dict[str, Claim]:
    """Energy and macronutrients a day, each from the weighing that it cites; none where one is too low for anybody."""
    cited = [Cited(Kind.MEASUREMENT, weighed.measurement_id)]
    made = {
        "kcal": claim("energy a day", "kcal", f"kcal.{aim}", Rule.VALUE, cited, log),
        "protein_g": claim("protein a day", "g", "protein_g", Rule.VALUE, cited, log),
        "fat_g": claim("fat a day", "g", "fat_g", Rule.VALUE, cited, log),
    }
    least = {"kcal": LEAST_KCAL}
    found = {name: target for name, target in made.items() if target and target.value >= least.get(name, 1)}
    return found if len(found) == len(made) else {}


Plates = list[list[Food]]


def allowed(chosen: ChosenMeals, request: MealPlanRequest) -> Plates | None:
    """The foods of the proposal; None where it has too few meals, or one without protein or with what is excluded."""
    table = {food.name: food for food in FOODS if fits(food, request.restrictions.excluded)}
    plates = [[table[name] for name in dict.fromkeys(meal) if name in table] for meal in chosen.meals]
    whole = all(len(plate) == len(set(meal)) for plate, meal in zip(plates, chosen.meals, strict=True))
    enough = len(plates) >= request.meals_per_day and all(any(f.part == "protein" for f in plate) for plate in plates)
    return plates[: request.meals_per_day] if whole and enough else None


def by_rules(request: MealPlanRequest) -> Plates:
    """A plate of protein, carbohydrates and plants for each meal."""
    return [_plate(number, request.restrictions.excluded) for number in range(request.meals_per_day)]


def _plate(number: int, excluded: frozenset[str]) -> list[Food]:
    morning = number in (0, 3, 4, 5)
    chosen: list[Food] = []
    for part in PARTS:
        foods = fitting(part, morning, excluded) or fitting(part, not morning, excluded)
        chosen += [foods[number % len(foods)]] if foods else []
    return chosen


def _meals(request: MealPlanRequest, targets: dict[str, Claim], plates: Plates) -> list[dict[str, Any]]:
    names = ("Breakfast", "Lunch", "Dinner", "Snack", "Second snack", "Late snack")
    return [
        {"name": name, "foods": _served(plate, request, targets)} for name, plate in zip(names, plates, strict=False)
    ]


def _served(plate: list[Food], request: MealPlanRequest, targets: dict[str, Claim]) -> list[dict[str, Any]]:
    if not targets:
        return [{"food": food.name, "grams": None} for food in plate]
    share = request.meals_per_day
    return _amounts(plate, float(targets["protein_g"].value) / share, float(targets["kcal"].value) / share)


def _amounts(chosen: list[Food], protein_g: float, kcal: float) -> list[dict[str, Any]]:
    """Plants 150 g, protein to its target, carbohydrates up to the energy, of which a fifth is left for cooking fat."""
    left = kcal * 0.8
    many = Counter(food.part for food in chosen)
    plate = []
    for food in sorted(chosen, key=lambda food: ("plant", "protein", "carbohydrate").index(food.part)):
        match food.part:
            case "plant":
                grams = 150.0 / many["plant"]
            case "protein":
                grams = min(500.0, 80 * protein_g / food.protein_g) / many["protein"]
            case "carbohydrate":
                grams = min(600.0, max(0.0, left) / food.kcal * 100 / many["carbohydrate"])
                many["carbohydrate"] -= 1
        left -= grams * food.kcal / 100
        plate.append({"food": food.name, "grams": int(round(grams / 10) * 10)})
    return plate
