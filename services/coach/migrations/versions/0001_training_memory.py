"""The training memory: recorded events by user, who is who, how far it has heard, and what it has to say."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    merged_into uuid CHECK (merged_into <> user_id),
    erasure_id uuid
);
CREATE INDEX users_merged_into ON users (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE applied (
    device_id uuid PRIMARY KEY,
    sequence bigint NOT NULL DEFAULT 0,
    count bigint NOT NULL DEFAULT 0,
    hash text NOT NULL DEFAULT '0'
);

CREATE TABLE memory_events (
    device_id uuid NOT NULL,
    sequence_number bigint NOT NULL,
    user_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event text NOT NULL,
    unreadable text,
    version bigint NOT NULL,
    PRIMARY KEY (device_id, sequence_number)
);
CREATE INDEX memory_events_user ON memory_events (user_id, version);

CREATE TABLE trainees (
    user_id uuid PRIMARY KEY,
    version bigint NOT NULL DEFAULT 1,
    cut_version bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now(),
    planned_version bigint NOT NULL DEFAULT 0,
    reports_due_at timestamptz,
    workouts bigint NOT NULL DEFAULT 0,
    sets bigint NOT NULL DEFAULT 0,
    last_workout_at timestamptz
);

CREATE TABLE identity_position (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint NOT NULL DEFAULT 0
);
INSERT INTO identity_position DEFAULT VALUES;

CREATE TABLE dead_letters (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);

CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea NOT NULL,
    value bytea NOT NULL,
    correlation_id text NOT NULL
);
"""


def upgrade() -> None:
    for statement in TABLES.split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE outbox, dead_letters, identity_position, trainees, memory_events, applied, users")
