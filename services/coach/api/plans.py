"""Plans: proposals, never applied by themselves."""

from typing import Any

from fastapi import APIRouter

from services.coach.api.rooms import PREFIX, Account, InRooms
from services.coach.plans.meal_plans import MealPlans
from services.coach.plans.meals import MealPlanRequest
from services.coach.plans.shape import WorkoutPlanRequest
from services.coach.plans.workouts import WorkoutPlans
from shared.values import utc_now

router = APIRouter(prefix=PREFIX, tags=["coach"])


@router.post("/workout-plans")
async def workout_plan(account: Account, here: InRooms, request: WorkoutPlanRequest | None = None) -> dict[str, Any]:
    """A week of workouts. `templates` are the events that a client records when the user accepts."""
    log = await here.logs.of(account)
    return await WorkoutPlans(here.facts, here.gate).propose(account, request or WorkoutPlanRequest(), log, utc_now())


@router.post("/meal-plans")
async def meal_plan(account: Account, here: InRooms, request: MealPlanRequest | None = None) -> dict[str, Any]:
    """A day of meals."""
    log = await here.logs.of(account)
    return await MealPlans(here.gate).propose(account, request or MealPlanRequest(), log, utc_now())
