"""What all tests share."""

from hypothesis import settings

# Timing is the machine's business, not a law.
settings.register_profile("hypertrophy", deadline=None)
settings.load_profile("hypertrophy")
