"""A page of a user's quarantine is read from an index in its own order."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX quarantined_events_by_user")
    op.execute("CREATE INDEX quarantined_events_by_user ON quarantined_events (user_id, device_id, sequence_number)")


def downgrade() -> None:
    op.execute("DROP INDEX quarantined_events_by_user")
    op.execute("CREATE INDEX quarantined_events_by_user ON quarantined_events (user_id)")
