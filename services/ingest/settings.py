"""What ingest reads from the environment."""

from pathlib import Path

from shared.settings import SharedSettings


class Settings(SharedSettings):
    """`DATABASE_URL_INGEST` and everything that starts with `INGEST_`. Times are in seconds."""

    database_url_ingest: str

    ingest_pool_size: int = 16
    ingest_statement_timeout: float = 10
    # Requests that wait for PostgreSQL at once; more are answered 503 instead of queueing without end.
    ingest_max_in_flight: int = 256

    ingest_relay_shards: int = 4
    ingest_relay_page: int = 4_000
    ingest_publish_timeout: float = 10
    ingest_identity_interval: float = 120

    ingest_limits_enabled: bool = True
    # In the notation of the `limits` library: this process's memory, or a server that many processes share.
    ingest_limits_storage: str = "async+memory://"
    ingest_device_rate: float = 50
    ingest_device_burst: int = 200
    ingest_user_rate: float = 200
    ingest_user_burst: int = 800
    ingest_address_rate: float = 500
    ingest_address_burst: int = 2_000

    # One erased user id a line, outside backups, so that a restored store forgets them again.
    ingest_erased_ids_file: Path | None = None
    ingest_heartbeat: float = 15
    ingest_max_connections: int = 10_000
