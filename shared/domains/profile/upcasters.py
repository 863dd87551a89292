"""Earlier shapes of profile events, lifted to today's one version at a time."""

from collections.abc import Mapping

from shared.registry import Payload, Upcaster

_UNIT_OF_KIND = {"body_weight": "kg", "body_fat": "percent", "e1rm": "kg", "load": "kg"}


def _goal_set_1(payload: Payload) -> Payload:
    """Version 1 implied the unit by the kind."""
    unit = _UNIT_OF_KIND.get(str(payload.get("kind")))
    return {**payload, "unit": unit} if unit else payload


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {("GoalSet", 1): _goal_set_1}
