"""What every service reads from the environment. A secret may also lie in a file named by `<NAME>_FILE`."""

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SharedSettings(BaseSettings):
    """Addresses and the service token. A service adds its own with its name as prefix. An empty variable is one that is
    not set.

    `ingest_url` and its likes are base URLs under which the services reach each other.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    ingest_url: str = "http://127.0.0.1:8000"
    projector_url: str = "http://127.0.0.1:8000"
    auth_url: str = "http://127.0.0.1:8000"
    coach_url: str = "http://127.0.0.1:8000"
    service_token: SecretStr
    token_issuer: str = "hypertrophy"  # noqa: S105  (a name, not a secret)
    token_audience: str = "hypertrophy"  # noqa: S105  (a name, not a secret)
    cors_origins: str = ""  # whose pages may call: https://gym.example, separated by commas
    log_level: str = "INFO"
    log_format: str = "auto"  # json, console, or auto: console on a terminal

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in cls.model_fields:
            path = os.environ.get(f"{name.upper()}_FILE")
            if path and not values.get(name):
                values[name] = Path(path).read_text().strip()
        return values

    @property
    def allowed_origins(self) -> list[str]:
        """`cors_origins` as a list."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]
