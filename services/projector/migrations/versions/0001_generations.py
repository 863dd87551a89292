"""What a rebuild does not make again: generations, who is who, and the roles that read and write views."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Roles belong to the whole cluster: another database may have made them already.
ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

TABLES = """
CREATE TABLE generations (
  name text PRIMARY KEY CHECK (name ~ '^g[0-9]+$'),
  fold_version text NOT NULL,
  shape text NOT NULL,
  state text NOT NULL CHECK (state IN ('building', 'live', 'retired', 'failed')),
  progress json NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  switched_at timestamptz
);
CREATE TABLE live_generation (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  name text NOT NULL REFERENCES generations
);
CREATE TABLE users (user_id uuid PRIMARY KEY, version bigint NOT NULL DEFAULT 0);
CREATE TABLE aliases (from_user_id uuid PRIMARY KEY, into_user_id uuid NOT NULL, CHECK (from_user_id <> into_user_id));
CREATE INDEX ON aliases (into_user_id);
CREATE TABLE erased_users (user_id uuid PRIMARY KEY, erased_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE erasures (
  erasure_id uuid PRIMARY KEY,
  counts json NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE identity_position (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  number bigint NOT NULL DEFAULT 0
);
INSERT INTO identity_position DEFAULT VALUES;
CREATE TABLE refused_records (
  id uuid PRIMARY KEY,
  topic text NOT NULL,
  partition integer NOT NULL,
  record_offset bigint NOT NULL,
  key bytea NOT NULL,
  value bytea NOT NULL,
  reason text NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (topic, partition, record_offset)
);
"""

# Called by the API's role, which cannot read these tables itself.
FUNCTIONS = """
CREATE FUNCTION caller(subject uuid, OUT generation text, OUT user_id uuid, OUT version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT (SELECT name FROM live_generation), named.root, coalesce((SELECT u.version FROM users u
          WHERE u.user_id = named.root), 0)
  FROM (SELECT coalesce((SELECT a.into_user_id FROM aliases a WHERE a.from_user_id = subject), subject) AS root) named
$$;
CREATE FUNCTION device_position(device uuid, OUT user_id uuid, OUT sequence bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
DECLARE generation text;
BEGIN
  SELECT name INTO generation FROM live_generation;
  IF generation IS NOT NULL THEN
    EXECUTE format('SELECT a.user_id, a.sequence FROM %I.applied a WHERE a.device_id = $1', generation)
      INTO user_id, sequence USING device;
  END IF;
END $$;
REVOKE ALL ON FUNCTION caller(uuid), device_position(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION caller(uuid), device_position(uuid) TO projector_api;
"""

GRANTS = """
GRANT USAGE ON SCHEMA public TO projector_worker, projector_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, aliases, erased_users, erasures, identity_position,
  refused_records TO projector_worker;
GRANT SELECT, UPDATE ON generations, live_generation TO projector_worker;
GRANT SELECT ON generations, live_generation TO projector_api;
"""


def upgrade() -> None:
    for role in ("projector_worker", "projector_api"):
        op.execute(ROLES.format(role=role))
        op.execute(f"GRANT {role} TO CURRENT_USER")
    for script in (TABLES, FUNCTIONS, GRANTS):
        for statement in split(script):
            op.execute(statement)


def downgrade() -> None:
    op.execute(
        """
        DO $$ DECLARE generation text; BEGIN
          FOR generation IN SELECT name FROM generations LOOP
            EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', generation);
          END LOOP;
        END $$
        """
    )
    op.execute("DROP FUNCTION caller(uuid), device_position(uuid)")
    op.execute(
        "DROP TABLE refused_records, identity_position, erasures, erased_users, aliases, users, live_generation, "
        "generations"
    )
    op.execute("REVOKE USAGE ON SCHEMA public FROM projector_worker, projector_api")


def split(script: str) -> list[str]:
    """The statements of a script; a semicolon inside a function's body ends none."""
    statements, current, quoted = [], "", False
    for part in script.split(";"):
        current += part
        quoted ^= part.count("$$") % 2 == 1
        if quoted:
            current += ";"
        else:
            statements.append(current.strip())
            current = ""
    return [statement for statement in statements if statement]
