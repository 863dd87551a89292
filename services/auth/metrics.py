"""What auth counts."""

from prometheus_client import Counter, Gauge

LAUNCHES = Counter("auth_launches_total", "First launches and returns of devices", ["outcome"])
LOGINS = Counter("auth_logins_total", "Logins", ["outcome"])
REFRESHES = Counter("auth_refreshes_total", "Refresh tokens presented", ["outcome"])
WAITING = Gauge("auth_identity_waiting", "Identity events that wait to be published, at most one batch")


def outcome_of(value: object) -> str:
    """The name of an outcome's type, as a label."""
    return type(value).__name__.lower()
