"""What commands and library tell people, where no module has a better name for it."""


class NotFound(Exception):
    """A reference that leads nowhere."""
