"""What auth refuses, by name."""

from shared.errors import Conflict, Forbidden, InvalidRequest, NotAuthenticated


class DeviceExists(Conflict):
    code = "device_exists"


class LoginRequired(NotAuthenticated):
    """The session was ended on purpose. The device's queue stays and goes on after a login."""

    code = "login_required"


class RefreshReused(NotAuthenticated):
    code = "refresh_reused"


class RefreshInvalid(NotAuthenticated):
    """Never handed out here, or forgotten."""

    code = "invalid_refresh_token"


class RefreshExpired(NotAuthenticated):
    code = "refresh_expired"


class BadCredentials(NotAuthenticated):
    code = "bad_credentials"


class EmailTaken(Conflict):
    code = "email_taken"


class AlreadyRegistered(Conflict):
    """The user has an account with another address."""

    code = "already_registered"


class NoAccount(Conflict):
    """Only an account has a password."""

    code = "no_account"


class WouldLoseData(Conflict):
    """An anonymous user cannot come back to what it leaves."""

    code = "would_lose_data"


class WeakPassword(InvalidRequest):
    code = "weak_password"


class InvalidCode(InvalidRequest):
    """Unknown, used or expired."""

    code = "invalid_code"


class RegistrationClosed(Forbidden):
    code = "registration_closed"


class InviteRequired(Forbidden):
    code = "invite_required"
