"""Goals."""

from sqlalchemy import Column, Text, Uuid

from services.projector.tables import key, view_table
from services.projector.views.view import entity_view
from shared.views.goals import goal_row

TABLE = view_table("goals_projection", key("goal_id", Uuid), Column("kind", Text, nullable=False))
VIEW = entity_view("goal", TABLE, goal_row, name="goals")
