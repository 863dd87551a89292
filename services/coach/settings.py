"""What coach reads from the environment."""

from pydantic import AliasChoices, Field, SecretStr

from shared.settings import SharedSettings


class Settings(SharedSettings):
    """Without an API key the deterministic rules answer everything.

    Budgets are per user; `coach_model_timeout_s` bounds the silence between two pieces of an answer, six times as much
    the whole answer, and once the whole wait for a plan.
    `coach_log_entities` bounds the folded logs that the HTTP process keeps: a set is one entity, of about 4 kB.
    """

    database_url_coach: str
    # Without a word of ours the SDK reads OPENAI_BASE_URL itself, and takes an empty one for an address.
    coach_openai_base_url: str = Field(
        "https://api.openai.com/v1", validation_alias=AliasChoices("coach_openai_base_url", "openai_base_url")
    )
    coach_openai_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("coach_openai_api_key", "openai_api_key")
    )
    coach_model: str = "gpt-4o-mini"
    coach_model_timeout_s: float = 20
    coach_model_retries: int = 2
    coach_breaker_failures: int = 3
    coach_breaker_open_s: float = 30
    coach_chat_per_minute: int = 20
    coach_generations_per_minute: int = 10
    coach_tokens_per_day: int = 200_000
    coach_compare_every_s: float = 120
    coach_reports_every_s: float = 2
    coach_settle_s: float = 2
    coach_replan_s: float = 30
    coach_log_entities: int = 40_000
