"""The outbox: what the projector has to say, written with what it says it of."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE outbox (
          position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          topic text NOT NULL,
          key bytea NOT NULL,
          value bytea NOT NULL,
          correlation_id text NOT NULL
        )
        """
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON outbox TO projector_worker")


def downgrade() -> None:
    op.execute("DROP TABLE outbox")
