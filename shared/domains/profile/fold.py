"""What each event says about a user's profile and goals."""

from uuid import UUID

from shared.domains.profile.events import GoalRemoved, GoalRestored, GoalSet, ProfileEvent, ProfileUpdated
from shared.registry import REMOVED, SINGLE, Change

# A user has one profile; the same constant for all, so that the profiles of merged users join.
PROFILE_ID: UUID = SINGLE


def changes(event: ProfileEvent) -> tuple[Change, ...]:
    match event:
        case ProfileUpdated():
            return (Change("profile", PROFILE_ID, event.changed()),)
        case GoalSet():
            return (Change("goal", event.goal_id, event.changed("goal_id")),)
        case GoalRemoved():
            return (Change("goal", event.goal_id, {REMOVED: True}),)
        case GoalRestored():
            return (Change("goal", event.goal_id, {REMOVED: False}),)
