"""Profiles. They hold the calendar and the body's height and sex: with these, all of a user's rows change."""

from collections.abc import Collection, Mapping
from uuid import UUID

from services.projector.domain import EntityKey
from services.projector.tables import view_table
from services.projector.views.rows import rows_of
from services.projector.views.view import View
from services.projector.views.work import Work
from shared.fold import Entity
from shared.postgres import Connection
from shared.views.profile import BLANK_PROFILE, ProfileRow, profile_row

TABLE = view_table("profiles_projection")


async def refresh(work: Work) -> None:
    found = {user: profile_row(entity) for (user, _), entity in (await work.of_kind("profile")).items()}
    rows = [(user, row) for user, row in found.items() if row != BLANK_PROFILE]
    await work.replace(TABLE, ["user_id"], [(user,) for user in found], rows)


async def profiles(work: Work, users: Collection[UUID]) -> Mapping[UUID, ProfileRow]:
    """The profile of each user, blank where nothing was said."""
    return await work.once(_read_profiles, users)


async def _read_profiles(work: Work, users: Collection[UUID]) -> Mapping[UUID, ProfileRow]:
    found = dict(await work.rows_of(TABLE, ProfileRow, ["user_id"], [(user,) for user in users]))
    return {user: found.get(user, BLANK_PROFILE) for user in users}


async def remakes(connection: Connection, entities: Mapping[EntityKey, Entity]) -> Collection[UUID]:
    """The users for whom the rest of the profile is not all that changes."""
    now = {key.user_id: profile_row(entity) for key, entity in entities.items() if key.entity == "profile"}
    before = dict(await rows_of(connection, TABLE, ProfileRow, ["user_id"], [(user,) for user in now]))
    return {user for user, row in now.items() if row.reach != before.get(user, BLANK_PROFILE).reach}


VIEW = View("profile", TABLE, refresh, remakes=remakes)
