"""Templates."""

from sqlalchemy import Column, Text, Uuid

from services.projector.tables import key, view_table
from services.projector.views.view import entity_view
from shared.views.templates import template_row

TABLE = view_table("templates_projection", key("template_id", Uuid), Column("name", Text, nullable=False))
VIEW = entity_view("template", TABLE, template_row, name="templates")
