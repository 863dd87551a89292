"""Folded logs, packed, for processes that have not read a history yet. Made anew from the memory at any time."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MINE = "user_id = nullif(current_setting('app.user_id', true), '')::uuid"
STATEMENTS = (
    """
    CREATE TABLE packed_logs (
        user_id uuid PRIMARY KEY,
        version bigint NOT NULL,
        shape text NOT NULL,
        content bytea NOT NULL
    )
    """,
    "ALTER TABLE packed_logs ALTER content SET STORAGE EXTERNAL",
    "CREATE TRIGGER refuse_erased BEFORE INSERT ON packed_logs FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
    "GRANT SELECT ON packed_logs TO coach_api",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON packed_logs TO coach_worker",
    "ALTER TABLE packed_logs ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY own ON packed_logs TO coach_api USING ({MINE}) WITH CHECK ({MINE})",
    "CREATE POLICY whole ON packed_logs TO coach_worker USING (true) WITH CHECK (true)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE packed_logs")
