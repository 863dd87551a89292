"""Devices that auth has revoked: what their tokens of before would still send is refused."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE revoked_devices (
        device_id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        revoked_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX revoked_devices_by_user ON revoked_devices (user_id)",
    "GRANT SELECT ON revoked_devices TO ingest_api, ingest_worker",
    "GRANT INSERT, UPDATE, DELETE ON revoked_devices TO ingest_worker",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE revoked_devices")
