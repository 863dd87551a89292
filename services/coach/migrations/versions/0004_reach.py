"""How far back the changes reach since a user's reports were planned: those of the open week change no report."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trainees ADD reaches timestamptz NOT NULL DEFAULT '-infinity', ADD planned_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE trainees DROP reaches, DROP planned_at")
