"""Who calls may be erased: their tokens live on for minutes."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CALLER = """
CREATE FUNCTION caller(subject uuid, OUT generation text, OUT user_id uuid, OUT version bigint{further})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT (SELECT name FROM live_generation), named.root, coalesce((SELECT u.version FROM users u
          WHERE u.user_id = named.root), 0){more}
  FROM (SELECT coalesce((SELECT a.into_user_id FROM aliases a WHERE a.from_user_id = subject), subject) AS root) named
$$
"""
_ERASED = ", EXISTS (SELECT FROM erased_users e WHERE e.user_id IN (subject, named.root))"


def upgrade() -> None:
    _replace(_CALLER.format(further=", OUT erased boolean", more=_ERASED))


def downgrade() -> None:
    _replace(_CALLER.format(further="", more=""))


def _replace(function: str) -> None:
    op.execute("DROP FUNCTION caller(uuid)")
    op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION caller(uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION caller(uuid) TO projector_api")
