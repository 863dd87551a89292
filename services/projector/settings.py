"""What the projector reads from the environment."""

from shared.settings import SharedSettings


class Settings(SharedSettings):
    """`projector_read_after_seconds` bounds how long a read waits for the caller's own writes. A worker has several
    consumers, so that one computes while another waits for the database."""

    database_url_projector: str
    projector_group: str = "projector"
    projector_consumers: int = 2
    projector_batch: int = 1_000
    projector_compare_seconds: float = 180
    projector_pool: int = 8
    projector_read_after_seconds: float = 2
    projector_rebuild_shards: int = 2
