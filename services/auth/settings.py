"""What auth reads from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from shared.settings import SharedSettings


class Settings(SharedSettings):
    """`auth_key_secret` protects signing keys at rest and derives refresh tokens; without it a secret is made and
    kept in the data folder `hypertrophy_data`.

    Limits are written as `limits` reads them: `30/minute`. They count in each process unless
    `auth_limits_storage` names a common store.
    """

    database_url_auth: str
    hypertrophy_data: Path | None = None
    auth_key_secret: SecretStr | None = None
    auth_pool: int = 8

    auth_access_token_seconds: int = 15 * 60
    auth_refresh_idle_days: int = 180
    auth_retired_key_seconds: int = 3600

    auth_registration: Literal["open", "invite", "closed"] = "open"
    auth_password_threads: int = 2
    auth_password_queue: int = 64

    auth_limits_enabled: bool = True
    auth_limits_storage: str = "async+memory://"
    auth_limit_devices: str = "30/minute"
    auth_limit_accounts: str = "10/minute"
    auth_limit_addresses: str = "120/minute"
    auth_limit_mails: str = "5/hour"

    auth_mailer: Literal["console", "smtp"] = "console"
    auth_mail_from: str = "Hypertrophy <no-reply@localhost>"
    auth_smtp_host: str = "127.0.0.1"
    auth_smtp_port: int = 25
    auth_smtp_security: Literal["none", "starttls", "tls"] = "none"
    auth_smtp_username: str | None = None
    auth_smtp_password: SecretStr | None = None

    auth_group: str = "auth"
    auth_compare_seconds: float = 180
    auth_poll_seconds: float = 0.2
    auth_repeat_seconds: float = 60

    @property
    def refresh_idle(self) -> timedelta:
        """After so long without a refresh a session is over."""
        return timedelta(days=self.auth_refresh_idle_days)
