"""HTTP in: each noun has its router."""

from fastapi import FastAPI

from services.coach.api import chat, conversations, internal, memory, plans, questions, reports


def include_routes(app: FastAPI) -> None:
    """Everything under `/api/v1/coach` and `/internal/coach`."""
    for room in (chat, conversations, questions, reports, memory, plans, internal):
        app.include_router(room.router)
