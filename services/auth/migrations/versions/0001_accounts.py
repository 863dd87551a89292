"""Everything that auth owns."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    is_anonymous boolean NOT NULL,
    email text,
    email_key text UNIQUE,
    email_verified_at timestamptz,
    password_hash text,
    display_name text,
    roles text[] NOT NULL DEFAULT '{client}',
    merged_into uuid REFERENCES users,
    server_device_id uuid UNIQUE,
    created_at timestamptz NOT NULL,
    CHECK (is_anonymous = (email_key IS NULL)),
    CHECK (is_anonymous = (password_hash IS NULL)),
    CHECK (merged_into IS NULL OR is_anonymous),
    CHECK (merged_into <> user_id)
);
CREATE INDEX users_merged_into ON users (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE devices (
    device_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    secret_hash bytea,
    name text,
    platform text,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    login_required_since timestamptz
);
CREATE INDEX devices_user ON devices (user_id, device_id);

CREATE TABLE families (
    family_id uuid PRIMARY KEY,
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    newest integer NOT NULL DEFAULT 1 CHECK (newest >= 1),
    created_at timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    reused_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX families_device ON families (device_id);

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    family_id uuid NOT NULL REFERENCES families ON DELETE CASCADE,
    generation integer NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (family_id, generation)
);

CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    public_key bytea NOT NULL,
    encrypted_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retires_at timestamptz
);
CREATE UNIQUE INDEX signing_keys_one_current ON signing_keys ((true)) WHERE retires_at IS NULL;

CREATE TABLE identity_log (
    number bigint PRIMARY KEY CHECK (number >= 1),
    user_id uuid NOT NULL,
    event jsonb NOT NULL,
    correlation_id text NOT NULL,
    traceparent text NOT NULL
);
CREATE TABLE identity_counter (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_number bigint NOT NULL,
    published_number bigint NOT NULL CHECK (published_number <= last_number)
);
INSERT INTO identity_counter (last_number, published_number) VALUES (0, 0);

CREATE TABLE merges (
    merge_id uuid PRIMARY KEY,
    from_user_id uuid NOT NULL UNIQUE REFERENCES users,
    into_user_id uuid NOT NULL REFERENCES users,
    number bigint NOT NULL REFERENCES identity_log,
    decided_at timestamptz NOT NULL,
    applied_at timestamptz
);
CREATE INDEX merges_pending ON merges (number) WHERE applied_at IS NULL;
CREATE TABLE merge_answers (
    merge_id uuid NOT NULL REFERENCES merges ON DELETE CASCADE,
    service text NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (merge_id, service)
);

CREATE TABLE erasures (
    erasure_id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE,
    number bigint NOT NULL REFERENCES identity_log,
    requested_at timestamptz NOT NULL,
    applied_at timestamptz
);
CREATE INDEX erasures_pending ON erasures (number) WHERE applied_at IS NULL;
CREATE TABLE erasure_answers (
    erasure_id uuid NOT NULL REFERENCES erasures,
    service text NOT NULL,
    counts jsonb NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (erasure_id, service)
);
CREATE TABLE erased_users (
    user_id uuid PRIMARY KEY,
    erasure_id uuid NOT NULL REFERENCES erasures
);
CREATE TABLE erased_devices (
    device_id uuid PRIMARY KEY,
    erasure_id uuid NOT NULL REFERENCES erasures,
    secret_hash bytea
);

CREATE TABLE codes (
    code_hash bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset', 'invite')),
    user_id uuid REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CHECK ((purpose = 'invite') = (user_id IS NULL))
);
CREATE INDEX codes_user ON codes (user_id);

CREATE TABLE mails (
    mail_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX mails_due ON mails (next_attempt_at);

CREATE TABLE audit_log (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    event text NOT NULL,
    user_id uuid,
    device_id uuid,
    address text,
    correlation_id text NOT NULL
);
CREATE INDEX audit_log_user ON audit_log (user_id);
CREATE INDEX audit_log_time ON audit_log (happened_at);

CREATE TABLE device_activity (
    device_id uuid PRIMARY KEY,
    user_id uuid,
    last_seen_at timestamptz,
    last_sequence bigint NOT NULL DEFAULT 0,
    event_count bigint NOT NULL DEFAULT 0,
    event_hash text NOT NULL DEFAULT repeat('0', 32)
);
CREATE TABLE event_store (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    server_epoch uuid NOT NULL
);
"""

# What the HTTP side may do: it can neither rewrite the identity log nor touch what the worker keeps.
CREATE_ROLE = """
DO $$ BEGIN
    CREATE ROLE auth_api NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
GRANTS = """
GRANT auth_api TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO auth_api;
GRANT SELECT, INSERT ON identity_log, erased_users, erased_devices TO auth_api;
GRANT SELECT, INSERT, UPDATE (applied_at) ON erasures TO auth_api;
GRANT SELECT, INSERT, DELETE ON audit_log, merges TO auth_api;
GRANT SELECT, UPDATE (last_number, published_number) ON identity_counter TO auth_api;
GRANT SELECT, INSERT, UPDATE ON erasure_answers TO auth_api;
GRANT SELECT, DELETE ON merge_answers, device_activity TO auth_api;
GRANT SELECT ON event_store TO auth_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, devices, families, refresh_tokens, signing_keys, codes, mails
    TO auth_api;
"""


def upgrade() -> None:
    op.execute(CREATE_ROLE)
    for statement in (TABLES + GRANTS).split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP OWNED BY auth_api")
    op.execute(
        """
        DROP TABLE event_store, device_activity, audit_log, mails, codes, erased_devices, erased_users, erasure_answers,
            erasures, merge_answers, merges, identity_counter, identity_log, signing_keys, refresh_tokens, families,
            devices, users
        """
    )
    # Another database of the same cluster may still use the role.
    op.execute("DO $$ BEGIN DROP ROLE auth_api; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$")
