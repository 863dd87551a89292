"""What a request says that must not be served is not served, and what is not understood is named."""

import re
from typing import Any, cast
from uuid import UUID

import pytest

from services.coach.model.gate import Gate
from services.coach.plans.foods import FOODS
from services.coach.plans.meal_plans import MealPlans
from services.coach.plans.meals import ChosenMeals, MealPlanRequest, propose_meals
from tests.unit.coach.hevy import NOW
from tests.unit.coach.test_plans import weighing

DAIRY = {"skyr", "cottage cheese"}
FLESH = {"chicken breast, cooked", "lean beef, cooked"}
FISH = {"salmon, cooked"}
SOY = {"soy yoghurt", "silken tofu with berries", "firm tofu"}
GLUTEN = {"oats", "wholegrain bread", "wholegrain pasta, cooked", "seitan"}
ANIMAL = {*DAIRY, *FLESH, *FISH, "eggs"}
ALL = {food.name for food in FOODS}


def plan_of(**said: Any) -> dict[str, Any]:
    return propose_meals(MealPlanRequest(meals_per_day=6, **said), weighing(), NOW)


def left_out(**said: Any) -> set[str]:
    """The foods of the table that no meal may hold."""
    request = MealPlanRequest(**said)
    assert request.restrictions.not_understood == ()
    return {food.name for food in FOODS if food.tags & request.restrictions.excluded}


@pytest.mark.parametrize(
    ("allergies", "never"),
    [
        (["salmon"], FISH),
        (["shellfish and seafood"], FISH),
        (["milk, eggs"], {*DAIRY, "eggs"}),
        (["Milch", "Eier"], {*DAIRY, "eggs"}),
        (["Käse/Hühnerei"], {*DAIRY, "eggs"}),
        (["cow's milk"], DAIRY),
        (["LACTOSE-intolerance"], DAIRY),
        (["sal\u200bmon"], FISH),
        (["soya"], SOY),
        (["tofu"], SOY),
        (["coeliac disease"], GLUTEN),
        (["Zöliakie"], GLUTEN),
        (["œufs", "blé"], {"eggs", *GLUTEN}),
        (["tomatoes"], {"tomatoes and peppers"}),
        (["strawberries"], {"mixed berries", "silken tofu with berries"}),
        (["vegan"], ANIMAL),
    ],
)
def test_what_somebody_is_allergic_to_is_not_served(allergies: list[str], never: set[str]) -> None:
    assert never <= left_out(allergies=allergies)
    served = {food["food"] for meal in plan_of(allergies=allergies)["meals"] for food in meal["foods"]}
    assert served
    assert not served & never


@pytest.mark.parametrize(
    ("diet", "never"),
    [
        ("pescatarian", FLESH),
        ("Pescetarian", FLESH),
        ("vegan diet", ANIMAL),
        (" Vegan", ANIMAL),
        ("plant-based", ANIMAL),
        ("vegetarisch", FLESH | FISH),
        ("végétarien", FLESH | FISH),
        ("gluten-free vegetarian", GLUTEN | FLESH | FISH),
        ("vegetarian, without eggs", {"eggs", *FLESH, *FISH}),
        ("any", set()),
        ("High protein", set()),
    ],
)
def test_a_diet_is_kept_however_it_is_said(diet: str, never: set[str]) -> None:
    assert never <= left_out(diet=diet)
    served = {food["food"] for meal in plan_of(diet=diet)["meals"] for food in meal["foods"]}
    assert served
    assert not served & never


@pytest.mark.parametrize(
    ("said", "never"),
    [
        ({"notes": "I am vegan and allergic to fish"}, ANIMAL),
        ({"notes": "Quick to cook. I can’t have dairy, nor eggs!"}, {*DAIRY, "eggs"}),
        ({"goal": "lose fat without gluten"}, GLUTEN),
        ({"notes": "Ich bin Vegetarier, bitte laktosefrei"}, FLESH | FISH | DAIRY),
    ],
)
def test_the_goal_and_the_notes_count_too(said: dict[str, str], never: set[str]) -> None:
    assert never <= left_out(**said)


@pytest.mark.parametrize("said", [{"notes": "I love fish"}, {"allergies": ["none"]}, {"notes": "No allergies."}, {}])
def test_nothing_is_left_out_where_nothing_is_said_against_it(said: Any) -> None:
    assert left_out(**said) == set()


def test_every_word_of_a_foods_name_leaves_it_out() -> None:
    plain = {"with", "and", "cooked", "boiled", "mixed", "firm", "silken", "lean", "breast", "protein", "shake"}
    for food in FOODS:
        for word in set(re.findall(r"\w+", food.name)) - plain:
            assert food.name in left_out(allergies=[word]), word


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"allergies": ["kiwi"]}, "kiwi"),
        ({"allergies": ["milk, zorgle"]}, "zorgle"),
        ({"allergies": ["buckwheat?", "nuts"], "diet": "halal"}, "halal"),
        ({"diet": "low fodmap"}, "low fodmap"),
        ({"notes": "I'm vegan and allergic to kiwi"}, "allergic to kiwi"),
    ],
)
def test_what_is_not_understood_is_named_and_no_meals_are(said: dict[str, Any], words: str) -> None:
    plan = plan_of(**said)
    assert plan["meals"] == []
    assert any(f"“{words}”" in caution for caution in plan["cautions"])


async def test_no_model_is_asked_where_a_request_is_not_understood() -> None:
    nobody = MealPlans(cast(Gate, None))
    plan = await nobody.propose(UUID(int=1), MealPlanRequest(allergies=["kiwi"]), weighing(), NOW)
    assert plan["meals"] == []


def test_a_models_meals_with_what_is_excluded_are_not_taken() -> None:
    request = MealPlanRequest(meals_per_day=2, allergies=["salmon"])
    plan = propose_meals(request, weighing(), NOW, ChosenMeals(meals=[["salmon, cooked"]] * 2), "a model")
    assert plan["source"] == "rules"


@pytest.mark.parametrize(
    ("goal", "aim"),
    [
        ("lose weight without losing muscle", "lose"),
        ("Cutting", "lose"),
        ("abnehmen", "lose"),
        ("get lean", "lose"),
        ("lean bulk", "gain"),
        ("build muscle", "gain"),
        ("do not lose weight", "maintain"),
        ("I don't want to lose weight", "maintain"),
        ("do not lose weight but gain muscle", "gain"),
        ("stop losing muscle", "maintain"),
        ("close to my weight", "maintain"),
        ("cleaner food", "maintain"),
    ],
)
def test_a_goal_is_read_word_by_word(goal: str, aim: str) -> None:
    assert MealPlanRequest(goal=goal).aim == aim


def test_no_deficit_where_height_or_age_are_not_known() -> None:
    cut = MealPlanRequest(goal="cut")
    for profile in ({"height": 170}, {"height": None, "birth_date": "1990-01-01"}):
        plan = propose_meals(cut, weighing(80, **profile), NOW)
        assert plan["goal"] == "maintain"
        assert "height and birth date" in plan["cautions"][0]
    assert propose_meals(cut, weighing(80, height=170, birth_date="1990-01-01"), NOW)["goal"] == "lose"


def test_no_target_is_below_1200_kcal() -> None:
    small = propose_meals(MealPlanRequest(goal="cut"), weighing(42, height=140, birth_date="1990-01-01"), NOW)
    assert (small["goal"], small["targets"]["kcal"]) == ("maintain", 1302)
    assert propose_meals(MealPlanRequest(), weighing(38), NOW)["targets"] is None
