"""A small table of plain foods, per 100 g: typical values, good enough to propose a day."""

from dataclasses import dataclass
from typing import Literal

Part = Literal["protein", "carbohydrate", "plant"]


@dataclass(frozen=True, slots=True)
class Food:
    """`tags` are what diets and allergies exclude it by; `morning` foods are for breakfast and snacks."""

    name: str
    part: Part
    kcal: int
    protein_g: float
    tags: frozenset[str]
    morning: bool


def _food(name: str, part: Part, kcal: int, protein_g: float, tags: str = "", morning: bool = False) -> Food:
    return Food(name, part, kcal, protein_g, frozenset(tags.split()), morning)


FOODS = (
    _food("skyr", "protein", 63, 11, "animal milk", morning=True),
    _food("eggs", "protein", 143, 13, "animal egg", morning=True),
    _food("soy yoghurt", "protein", 50, 4, "soy yoghurt", morning=True),
    _food("silken tofu with berries", "protein", 60, 7, "soy berry", morning=True),
    _food("pea protein shake", "protein", 70, 14, "legume", morning=True),
    _food("chicken breast, cooked", "protein", 165, 31, "animal meat poultry"),
    _food("lean beef, cooked", "protein", 190, 28, "animal meat beef"),
    _food("salmon, cooked", "protein", 206, 22, "animal fish"),
    _food("cottage cheese", "protein", 98, 11, "animal milk"),
    _food("firm tofu", "protein", 144, 16, "soy"),
    _food("lentils, cooked", "protein", 116, 9, "legume"),
    _food("seitan", "protein", 140, 25, "gluten soy"),
    _food("oats", "carbohydrate", 380, 13, "gluten oat", morning=True),
    _food("wholegrain bread", "carbohydrate", 250, 9, "gluten sesame", morning=True),
    _food("banana", "carbohydrate", 89, 1, "banana", morning=True),
    _food("rice, cooked", "carbohydrate", 130, 3, "rice"),
    _food("potatoes, boiled", "carbohydrate", 86, 2, "potato"),
    _food("wholegrain pasta, cooked", "carbohydrate", 150, 6, "gluten"),
    _food("mixed berries", "plant", 50, 1, "berry", morning=True),
    _food("broccoli", "plant", 35, 3, "broccoli"),
    _food("mixed salad", "plant", 20, 1, "salad"),
    _food("tomatoes and peppers", "plant", 25, 1, "tomato pepper"),
)
PARTS: tuple[Part, ...] = ("protein", "carbohydrate", "plant")


def fitting(part: Part, morning: bool, excluded: frozenset[str]) -> list[Food]:
    """Foods for a place on the plate."""
    return [food for food in FOODS if food.part == part and food.morning == morning and fits(food, excluded)]


def fits(food: Food, excluded: frozenset[str]) -> bool:
    """Whether a diet and allergies allow it."""
    return not food.tags & excluded
