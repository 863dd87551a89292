"""Plans: proposals, never applied by themselves."""

from fastapi import APIRouter

from services.coach.api.rooms import PREFIX

router = APIRouter(prefix=PREFIX, tags=["coach"])
