"""Who trains and what for."""

from shared.domains.profile.events import EVENTS
from shared.domains.profile.fold import changes
from shared.domains.profile.upcasters import UPCASTERS
from shared.registry import Domain, Stream

DOMAIN = Domain(
    name="profile",
    events=EVENTS,
    streams=(
        Stream("profile", None, updates="ProfileUpdated"),
        Stream("goal", "goal_id", creates="GoalSet", updates="GoalSet", removes="GoalRemoved", restores="GoalRestored"),
    ),
    changes=changes,
    upcasters=UPCASTERS,
)
