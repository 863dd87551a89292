"""Jobs for the language model, which a worker does, and what it has told of long conversations."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MINE = "user_id = nullif(current_setting('app.user_id', true), '')::uuid"
STATEMENTS = (
    """
    CREATE TABLE model_jobs (
        user_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('report', 'summary')),
        subject text NOT NULL,
        inputs text NOT NULL,
        status text NOT NULL DEFAULT 'due' CHECK (status IN ('due', 'done', 'failed')),
        attempts integer NOT NULL DEFAULT 0,
        not_before timestamptz NOT NULL DEFAULT now(),
        reason text,
        PRIMARY KEY (user_id, kind, subject)
    )
    """,
    "CREATE INDEX model_jobs_due ON model_jobs (not_before) WHERE status = 'due'",
    "CREATE TRIGGER refuse_erased BEFORE INSERT ON model_jobs FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
    "GRANT SELECT, INSERT, UPDATE ON model_jobs TO coach_api",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON model_jobs TO coach_worker",
    "ALTER TABLE model_jobs ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY own ON model_jobs TO coach_api USING ({MINE}) WITH CHECK ({MINE})",
    "CREATE POLICY whole ON model_jobs TO coach_worker USING (true) WITH CHECK (true)",
    "ALTER TABLE conversations ADD told text NOT NULL DEFAULT '', ADD told_to bigint NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE conversations DROP told, DROP told_to")
    op.execute("DROP TABLE model_jobs")
