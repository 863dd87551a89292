"""The operations manual names every setting and every metric that there is."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from services.auth.app import create_app as auth_app
from services.auth.settings import Settings as AuthSettings
from services.coach.app import create_app as coach_app
from services.coach.settings import Settings as CoachSettings
from services.ingest.app import create_app as ingest_app
from services.ingest.settings import Settings as IngestSettings
from services.projector.app import create_app as projector_app
from services.projector.settings import Settings as ProjectorSettings
from shared.settings import SharedSettings

MANUAL = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
# Importing the services' maps is what makes their metrics.
MAPS = (auth_app, coach_app, ingest_app, projector_app)
OURS = ("auth_", "coach_", "ingest_", "projector_", "consumer_")


@pytest.mark.parametrize("settings", [SharedSettings, AuthSettings, CoachSettings, IngestSettings, ProjectorSettings])
def test_every_setting_is_in_the_manual(settings: type[BaseSettings]) -> None:
    names: set[str] = set()
    for name, field in settings.model_fields.items():
        choices = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else [name]
        names |= {str(choice).upper() for choice in choices}
    assert {name for name in names if f"`{name}`" not in MANUAL} == set()


def test_every_metric_is_in_the_manual() -> None:
    families = [family for family in REGISTRY.collect() if family.name.startswith(OURS)]
    names = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in MANUAL} == set()
