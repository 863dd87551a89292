"""The views, one module each, in the order in which they follow from each other.

`HYPERTROPHY_VIEWS` names modules from outside the tree (dotted, separated by commas) that offer `VIEWS`.
"""

import importlib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache

from services.projector.views.row import Row
from services.projector.views.view import View
from shared.fold import State
from shared.views.whole import rows_of

# Sets follow from exercises and measurements, workouts from sets, weeks from workouts; what is after is independent.
IN_ORDER = (
    "profile",
    "exercises",
    "measurements",
    "sets",
    "workouts",
    "weekly",
    "records",
    "templates",
    "goals",
    "conflicts",
)


@lru_cache(maxsize=1)
def views() -> tuple[View, ...]:
    """The views of the tree and those from outside."""
    named = [name.strip() for name in os.environ.get("HYPERTROPHY_VIEWS", "").split(",") if name.strip()]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in IN_ORDER]
    outside = [view for name in named for view in importlib.import_module(name).VIEWS]
    return (*(module.VIEW for module in modules), *outside)


def whole(state: State) -> Mapping[str, Iterable[Row]]:
    """All rows of all views of one user, by view."""
    built_in = rows_of(state)
    return {view.name: view.whole(state) if view.whole else built_in[view.name] for view in views()}
