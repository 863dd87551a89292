"""What an erasure deletes is found by indexes."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX audit_log_device ON audit_log (device_id)")
    op.execute("CREATE INDEX device_activity_user ON device_activity (user_id)")


def downgrade() -> None:
    op.execute("DROP INDEX audit_log_device, device_activity_user")
