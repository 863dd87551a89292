"""Conversations, lasting facts, weekly reports with the jobs that make them, and what was spent on models."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE conversations (
    conversation_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    title text NOT NULL,
    summary text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX conversations_user ON conversations (user_id, updated_at DESC);

CREATE TABLE messages (
    message_id uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    user_id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    text text NOT NULL,
    evidence text NOT NULL DEFAULT '[]',
    source text,
    created_at timestamptz NOT NULL
);
CREATE INDEX messages_conversation ON messages (conversation_id, position);
CREATE INDEX messages_user ON messages (user_id);

CREATE TABLE lasting_facts (
    memory_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('injury', 'equipment', 'goal', 'preference')),
    text text NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, text)
);

CREATE TABLE report_jobs (
    user_id uuid NOT NULL,
    week text NOT NULL,
    inputs text NOT NULL,
    status text NOT NULL CHECK (status IN ('due', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    reason text,
    PRIMARY KEY (user_id, week)
);
CREATE INDEX report_jobs_due ON report_jobs (user_id) WHERE status = 'due';

CREATE TABLE weekly_reports (
    user_id uuid NOT NULL,
    week text NOT NULL,
    week_start date NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (user_id, week)
);

CREATE TABLE model_requests (
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('chat', 'generation')),
    asked_at timestamptz NOT NULL
);
CREATE INDEX model_requests_user ON model_requests (user_id, kind, asked_at);

CREATE TABLE token_usage (
    user_id uuid NOT NULL,
    day date NOT NULL,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
);
"""

# What comes late for an erased user (a stream that ends, a report that was being made) is not written.
REFUSE_ERASED = """
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE erased uuid;
BEGIN
    INSERT INTO users (user_id) VALUES (NEW.user_id) ON CONFLICT DO NOTHING;
    SELECT erasure_id INTO erased FROM users WHERE user_id = NEW.user_id FOR SHARE;
    RETURN CASE WHEN erased IS NULL THEN NEW END;
END $$
"""
OWNED = (
    "conversations",
    "messages",
    "lasting_facts",
    "report_jobs",
    "weekly_reports",
    "model_requests",
    "token_usage",
)


def upgrade() -> None:
    for statement in TABLES.split(";"):
        if statement.strip():
            op.execute(statement)
    op.execute(REFUSE_ERASED)
    for table in OWNED:
        op.execute(
            f"CREATE TRIGGER refuse_erased BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_erased()"
        )


def downgrade() -> None:
    op.execute(
        "DROP TABLE token_usage, model_requests, weekly_reports, report_jobs, lasting_facts, messages, conversations"
    )
    op.execute("DROP FUNCTION refuse_erased")
