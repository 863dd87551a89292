"""The event store: events, device cursors, quarantine, outbox, users' aliases and erasures, epochs."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = ("ingest_api", "ingest_worker", "ingest_eraser")

TABLES = """
CREATE TABLE server_epochs (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch uuid NOT NULL UNIQUE,
    started_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO server_epochs (epoch) VALUES (gen_random_uuid());

-- What a restore found, so that pull cursors of earlier epochs can be cut down to it.
CREATE TABLE epoch_heads (
    epoch_number integer NOT NULL REFERENCES server_epochs (number),
    device_id uuid NOT NULL,
    last_accepted bigint NOT NULL,
    PRIMARY KEY (epoch_number, device_id)
);
CREATE INDEX epoch_heads_by_device ON epoch_heads (device_id);

-- `digest` is the sum of the event digests of all accepted events, big-endian.
CREATE TABLE devices (
    device_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    is_server boolean NOT NULL DEFAULT false,
    last_acked bigint NOT NULL DEFAULT 0,
    last_accepted bigint NOT NULL DEFAULT 0,
    accepted_count bigint NOT NULL DEFAULT 0,
    digest bytea NOT NULL DEFAULT decode(repeat('00', 16), 'hex') CHECK (octet_length(digest) = 16),
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    CHECK (0 <= last_accepted AND last_accepted <= last_acked),
    CHECK (accepted_count <= last_accepted)
) WITH (fillfactor = 50);
CREATE INDEX devices_by_user ON devices (user_id);

-- `record` is the accepted event as JSON, but for the server epoch, which readers add. `content` is what was sent:
-- the first half of the SHA-256 of its canonical JSON.
CREATE TABLE events (
    device_id uuid NOT NULL,
    sequence_number bigint NOT NULL CHECK (sequence_number BETWEEN 1 AND 9007199254740991),
    previous_sequence bigint NOT NULL CHECK (0 <= previous_sequence AND previous_sequence < sequence_number),
    event_id uuid NOT NULL,
    user_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) = 16),
    record text NOT NULL,
    PRIMARY KEY (device_id, sequence_number),
    UNIQUE (device_id, event_id)
);

CREATE TABLE quarantined_events (
    device_id uuid NOT NULL,
    sequence_number bigint NOT NULL,
    event_id uuid NOT NULL,
    user_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) = 16),
    raw bytea NOT NULL,
    code text NOT NULL,
    field text,
    message text NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (device_id, sequence_number),
    UNIQUE (device_id, event_id)
);
CREATE INDEX quarantined_events_by_user ON quarantined_events (user_id);

CREATE TABLE declared_gaps (
    device_id uuid NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    declared_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, first),
    CHECK (first <= last)
);

-- One row an accepted batch. `slot` places its device in a relay shard: slot modulo the number of shards.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id uuid NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    slot smallint NOT NULL CHECK (slot BETWEEN 0 AND 1023),
    correlation_id text NOT NULL DEFAULT '',
    traceparent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE user_aliases (
    user_id uuid PRIMARY KEY,
    root_id uuid NOT NULL,
    CHECK (user_id <> root_id)
);
CREATE INDEX user_aliases_by_root ON user_aliases (root_id);

CREATE TABLE erased_users (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now()
);

-- What was answered to an erasure, to be said again when it is asked again.
CREATE TABLE erasures (
    erasure_id uuid PRIMARY KEY,
    counts json NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now()
);

-- How far auth's log of identity events has been heard without a gap.
CREATE TABLE identity_position (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    number bigint NOT NULL
);
INSERT INTO identity_position (number) VALUES (0);

CREATE TABLE stream_tickets (
    ticket_hash bytea PRIMARY KEY,
    principal text NOT NULL,
    expires_at timestamptz NOT NULL
);
"""

FUNCTIONS = (
    """
-- Every alias of a user and the user itself, root included.
CREATE FUNCTION whole_user(ids uuid[]) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    WITH roots AS (
        SELECT DISTINCT coalesce(alias.root_id, id) AS id
        FROM unnest(ids) AS id LEFT JOIN user_aliases AS alias ON alias.user_id = id
    )
    SELECT array_agg(DISTINCT id) FROM (
        SELECT id FROM roots
        UNION ALL SELECT alias.user_id FROM user_aliases AS alias JOIN roots ON roots.id = alias.root_id
        UNION ALL SELECT unnest(ids)
    ) AS everyone
$$
""",
    """
-- The event digest of a range: its count, and its sum modulo 2^128 as bytes.
CREATE FUNCTION range_digest(
    device uuid, first bigint, last bigint, OUT events bigint, OUT high numeric, OUT low numeric
)
LANGUAGE sql STABLE AS $$
    WITH hashes AS (
        SELECT sha256(uuid_send(event_id) || int8send(sequence_number)) AS hash
        FROM events WHERE device_id = device AND sequence_number BETWEEN first AND last
    ), halves AS (
        SELECT ('x' || encode(substring(hash FOR 8), 'hex'))::bit(64)::bigint::numeric AS high,
               ('x' || encode(substring(hash FROM 9 FOR 8), 'hex'))::bit(64)::bigint::numeric AS low
        FROM hashes
    )
    SELECT count(*),
           coalesce(sum(CASE WHEN high < 0 THEN high + 18446744073709551616 ELSE high END), 0),
           coalesce(sum(CASE WHEN low < 0 THEN low + 18446744073709551616 ELSE low END), 0)
    FROM halves
$$
""",
    """
-- The only way in which events leave the store. Devices go first: a batch on its way waits for them or is waited for.
CREATE FUNCTION erase_users(ids uuid[], OUT devices bigint, OUT events bigint, OUT quarantined_events bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    gone uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(id::text, 0))
        FROM (SELECT id FROM unnest(ids) AS id ORDER BY id) AS sorted;
    INSERT INTO public.erased_users (user_id) SELECT DISTINCT unnest(ids) ON CONFLICT DO NOTHING;
    WITH deleted AS (DELETE FROM public.devices AS d WHERE d.user_id = ANY (ids) RETURNING d.device_id)
        SELECT array_agg(device_id), count(*) INTO gone, devices FROM deleted;
    WITH deleted AS (
        DELETE FROM public.events AS e WHERE e.device_id = ANY (gone) RETURNING 1
    ) SELECT count(*) INTO events FROM deleted;
    WITH deleted AS (
        DELETE FROM public.quarantined_events AS q WHERE q.device_id = ANY (gone) OR q.user_id = ANY (ids) RETURNING 1
    ) SELECT count(*) INTO quarantined_events FROM deleted;
    DELETE FROM public.declared_gaps AS g WHERE g.device_id = ANY (gone);
    DELETE FROM public.outbox AS o WHERE o.device_id = ANY (gone);
    DELETE FROM public.epoch_heads AS h WHERE h.device_id = ANY (gone);
END
$$
""",
    "REVOKE EXECUTE ON FUNCTION erase_users FROM PUBLIC",
)

GRANTS = """
GRANT USAGE ON SCHEMA public TO ingest_api, ingest_worker, ingest_eraser;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ingest_api, ingest_worker;

GRANT INSERT ON events, quarantined_events, declared_gaps, outbox, devices, server_epochs, epoch_heads TO ingest_api;
GRANT UPDATE (user_id, last_acked, last_accepted, accepted_count, digest) ON devices TO ingest_api;
GRANT UPDATE (released_at) ON quarantined_events TO ingest_api;
GRANT INSERT, DELETE ON stream_tickets TO ingest_api;
GRANT UPDATE ON identity_position TO ingest_api;

GRANT DELETE ON outbox TO ingest_worker;
GRANT INSERT, UPDATE ON user_aliases TO ingest_worker;
GRANT INSERT ON erasures TO ingest_worker;
GRANT UPDATE ON identity_position TO ingest_worker;

GRANT EXECUTE ON FUNCTION erase_users TO ingest_eraser;
"""


def _statements(script: str) -> list[str]:
    """One by one, as the driver takes them."""
    return [statement for statement in script.split(";\n") if statement.strip()]


def upgrade() -> None:
    for role in ROLES:
        # Roles are shared by all databases of the cluster: another one may have made it, even at this moment.
        op.execute(f"""
            DO $$ BEGIN
                CREATE ROLE {role} NOLOGIN;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$
        """)
        op.execute(f"GRANT {role} TO CURRENT_USER")
    for statement in (*_statements(TABLES), *FUNCTIONS, *_statements(GRANTS)):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION erase_users, range_digest, whole_user")
    op.execute("""
        DROP TABLE stream_tickets, identity_position, erasures, erased_users, user_aliases, outbox, declared_gaps,
            quarantined_events, events, devices, epoch_heads, server_epochs
    """)
    for role in ROLES:
        op.execute(f"DROP OWNED BY {role}")
        op.execute(f"""
            DO $$ BEGIN
                DROP ROLE {role};
            EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
            END $$
        """)
