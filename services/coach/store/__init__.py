"""The only room with SQL."""

from shared import postgres
from shared.following import FEED_FAULTS

API_ROLE, WORKER_ROLE = "coach_api", "coach_worker"

# What passes when PostgreSQL is back, and migrated, or the other transaction is through.
PASSING: tuple[type[Exception], ...] = (*FEED_FAULTS, *postgres.PASSING, *postgres.NOT_MADE)
