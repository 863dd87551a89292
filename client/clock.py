"""The time here: the zone of this machine, and times as people type them."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOUR = re.compile(r"(\d{1,2}):(\d{2})")
_AGO = re.compile(r"(\d+)\s*(m|min|h|d) ago")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


class UnreadableTime(Exception):
    """Text that is no time."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is no time; write 18:30, "2026-11-21 18:30", 2026-11-21 or "10 min ago"')


class FarAhead(Exception):
    """A time at which nothing can have been done yet."""

    def __init__(self, text: str) -> None:
        super().__init__(f'"{text}" is more than a day ahead; what is logged has been done')


class UnknownZone(Exception):
    """A name that is no IANA time zone."""

    def __init__(self, name: str) -> None:
        super().__init__(f'"{name}" is no time zone; write an IANA name such as Europe/Berlin')


def zone(name: str | None = None) -> ZoneInfo:
    """The named zone, else this machine's, else UTC. Raises UnknownZone."""
    try:
        return ZoneInfo(name or zone_here())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(name or zone_here()) from None


def zone_here() -> str:
    """The IANA name of this machine's zone; UTC where it does not tell."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if not named or "/" not in named:
        target = str(Path("/etc/localtime").resolve())
        named = target.partition("zoneinfo/")[2] or named or "UTC"
    try:
        ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return named


def now() -> datetime:
    return datetime.now(UTC)


def in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment as clocks there show it; at the ends of the calendar, beyond which those would be, as in UTC."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def read_time(text: str, here: ZoneInfo, at: datetime) -> datetime:
    """A moment as it was typed, seen from the moment `at`. Raises UnreadableTime."""
    text = text.strip()
    if hour := _HOUR.fullmatch(text):
        return _today(text, at.astimezone(here), int(hour[1]), int(hour[2]))
    try:
        if ago := _AGO.fullmatch(text):
            return at - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=here)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableTime(text) from None


def read_past_time(text: str, here: ZoneInfo, at: datetime) -> datetime:
    """The same of something that was done; clocks and zones of devices may differ by a day. An hour of the day that is
    far ahead was yesterday's.

    Raises:
        UnreadableTime, FarAhead
    """
    moment = read_time(text, here, at)
    if _HOUR.fullmatch(text.strip()) and moment - at > timedelta(hours=12):
        moment -= timedelta(days=1)  # 23:59, said just after midnight
    if moment - at > timedelta(days=1):
        raise FarAhead(text)
    return moment


def _today(text: str, local: datetime, hour: int, minute: int) -> datetime:
    try:
        return local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise UnreadableTime(text) from None
