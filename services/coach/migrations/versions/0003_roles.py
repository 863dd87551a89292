"""Roles with the least rights: the HTTP process reaches rows of one user only, the worker changes no table."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Roles belong to the whole cluster: another database may have made them already.
ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
ROLES = ("coach_api", "coach_worker")
OF_A_USER = (
    "conversations",
    "messages",
    "lasting_facts",
    "report_jobs",
    "weekly_reports",
    "model_requests",
    "token_usage",
    "memory_events",
    "trainees",
)
MINE = "user_id = nullif(current_setting('app.user_id', true), '')::uuid"
# Called by the API's role, which cannot read who was merged or erased.
CALLER = """
CREATE FUNCTION caller(subject uuid, OUT account uuid, OUT erased boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT coalesce(found.merged_into, subject), found.erasure_id IS NOT NULL
  FROM (SELECT 1) AS once LEFT JOIN users AS found ON found.user_id = subject
$$
"""
GRANTS = (
    "GRANT USAGE ON SCHEMA public TO coach_api, coach_worker",
    "REVOKE ALL ON FUNCTION caller(uuid), refuse_erased() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION caller(uuid) TO coach_api, coach_worker",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON conversations TO coach_api",
    "GRANT SELECT, INSERT ON messages TO coach_api",
    "GRANT SELECT, INSERT, DELETE ON lasting_facts, model_requests TO coach_api",
    "GRANT SELECT, INSERT, UPDATE ON token_usage TO coach_api",
    "GRANT SELECT ON weekly_reports, memory_events, trainees TO coach_api",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON users, applied, identity_position, dead_letters, outbox TO coach_worker",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(OF_A_USER)} TO coach_worker",
)


def upgrade() -> None:
    for role in ROLES:
        op.execute(ROLE.format(role=role))
        op.execute(f"GRANT {role} TO CURRENT_USER")
    op.execute(CALLER)
    op.execute("ALTER FUNCTION refuse_erased() SECURITY DEFINER SET search_path = public")
    for grant in GRANTS:
        op.execute(grant)
    for table in OF_A_USER:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO coach_api USING ({MINE}) WITH CHECK ({MINE})")
        op.execute(f"CREATE POLICY whole ON {table} TO coach_worker USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in OF_A_USER:
        op.execute(f"DROP POLICY own ON {table}")
        op.execute(f"DROP POLICY whole ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("ALTER FUNCTION refuse_erased() SECURITY INVOKER RESET search_path")
    op.execute("GRANT EXECUTE ON FUNCTION refuse_erased() TO PUBLIC")
    op.execute("DROP FUNCTION caller(uuid)")
    op.execute("DROP OWNED BY coach_api, coach_worker")
    for role in ROLES:
        op.execute(f"DO $$ BEGIN DROP ROLE {role}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$")
