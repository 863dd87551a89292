"""What Alembic runs for every service: the revisions go over the connection that `shared.migrations` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
