"""Which model server the environment leads to."""

import pytest

from services.coach.model.provider import create_model
from services.coach.settings import Settings

DEFAULT = "https://api.openai.com/v1/"


@pytest.fixture(autouse=True)
def set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_COACH", "postgresql://coach@localhost/coach")
    monkeypatch.setenv("SERVICE_TOKEN", "a-service-token")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    for name in ("COACH_OPENAI_API_KEY", "COACH_OPENAI_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, DEFAULT),
        ({"OPENAI_BASE_URL": ""}, DEFAULT),
        ({"OPENAI_BASE_URL": "", "COACH_OPENAI_BASE_URL": ""}, DEFAULT),
        ({"OPENAI_BASE_URL": "http://local/v1/", "COACH_OPENAI_BASE_URL": ""}, "http://local/v1/"),
        ({"OPENAI_BASE_URL": "", "COACH_OPENAI_BASE_URL": "http://local/v1/"}, "http://local/v1/"),
    ],
)
async def test_an_empty_address_is_none(given: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    model = create_model(Settings())

    assert model
    assert str(model._client.base_url) == address
    await model.close()


def test_an_empty_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")

    assert create_model(Settings()) is None
