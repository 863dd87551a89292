"""Dates and times as apps write them: local, and with the month in the language of the app."""

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

# One line a language, January first; full names after the short ones where both occur.
_LANGUAGES = (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "january february march april may june july august september october november december",
    "jan feb mar apr may june july aug sept oct nov dec",
    "janv fevr mars avr mai juin juil aout sept oct nov dec",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "jan feb marz apr mai juni juli aug sept okt nov dez",
    "jan feb mrz apr mai jun jul aug sep okt nov dez",
    "januar februar marz april mai juni juli august september oktober november dezember",
    "janner feber marz april mai juni juli august september oktober november dezember",
    "ene feb mar abr may jun jul ago sept oct nov dic",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "jan febr marc apr maj jun jul aug szept okt nov dec",
    "januar februar marcius aprilis majus junius julius augusztus szeptember oktober november december",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "sty lut mar kwi maj cze lip sie wrz paz lis gru",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia",
    "oca sub mar nis may haz tem agu eyl eki kas ara",
    "ocak subat mart nisan mayıs haziran temmuz agustos eylul ekim kasım aralık",
    "янв фев мар апр мая июн июл авг сен окт ноя дек",
    "янв февр март апр май июнь июль авг сент окт нояб дек",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "січ лют бер квіт трав черв лип серп вер жовт лист груд",
    "jan feb mars apr maj juni juli aug sep okt nov dec",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "jan feb mars apr mai juni juli aug sep okt nov des",
    "januar februar marts april maj juni juli august september oktober november december",
    "led uno bre dub kve cvn cvc srp zar rij lis pro",
    "tammik helmik maalisk huhtik toukok kesak heinak elok syysk lokak marrask jouluk",
    "tammi helmi maalis huhti touko kesa heina elo syys loka marras joulu",
    "ian feb mar apr mai iun iul aug sept oct nov dec",
    "ιαν φεβ μαρ απρ μαι ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s*([ap])\.?\s*m\b\.?)?", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?(?:Z|[+-]\d{2}:?\d{2})?")
_NUMERIC_MONTH = re.compile(r"(\d{1,2})\s*[月월]")
_YEARS = range(1900, 2200)


def _plain(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))


_MONTHS = {_plain(word): month for language in _LANGUAGES for month, word in enumerate(language.split(), start=1)}
_PARTICLES = frozenset({"de", "del", "di", "of", "la"})


@lru_cache(maxsize=8192)
def local_time(text: str, zone: ZoneInfo) -> datetime:
    """The wall-clock time in `zone`, without an offset. A date alone is its midnight. Raises ValueError."""
    text = text.strip()
    moment = _iso(text, zone) if _ISO.fullmatch(text) else _written_out(text)
    if moment.year not in _YEARS:
        raise ValueError(f'the year of "{text}" is not possible')
    return moment


def in_utc(wall: datetime, zone: ZoneInfo, *, not_before: datetime | None = None) -> datetime:
    """The moment of a wall-clock time; of two, when clocks go back, the first that is not before the given moment."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if not_before is None or first >= not_before:
        return first
    return wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _iso(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment
    if moment.year not in _YEARS:
        raise ValueError(f'the year of "{text}" is not possible')
    return moment.astimezone(zone).replace(tzinfo=None)


def _written_out(text: str) -> datetime:
    """`15 Sep 2025, 07:48` in many languages and orders, or `15.09.2025, 07:48`."""
    hour, minute, second = _time_of_day(text)
    date = _TIME.sub(" ", text)
    numbers = [int(digits) for digits in re.findall(r"\d+", _NUMERIC_MONTH.sub(" ", date))]
    month = _month(date)
    if month is None and len(numbers) == 3 and "." in date:
        month = numbers.pop(1)
    years = [value for value in numbers if value > 31]
    days = [value for value in numbers if value <= 31]
    if month is None or len(years) != 1 or len(days) != 1:
        raise ValueError(f'"{text}" is not a date')
    try:
        return datetime(years[0], month, days[0], hour, minute, second)
    except ValueError:
        raise ValueError(f'"{text}" is not a date') from None


def _time_of_day(text: str) -> tuple[int, int, int]:
    found = _TIME.search(text)
    if found is None:
        return 0, 0, 0
    hour, minute, second, half = found.groups()
    if half:
        return int(hour) % 12 + (12 if half.casefold() == "p" else 0), int(minute), int(second or 0)
    return int(hour), int(minute), int(second or 0)


def _month(date: str) -> int | None:
    if numeric := _NUMERIC_MONTH.search(date):
        return int(numeric.group(1))
    words = [word for word in re.findall(r"[^\W\d_]+", _plain(date)) if word not in _PARTICLES]
    known = {_MONTHS[word] for word in words if word in _MONTHS}
    if words and len(known) != 1:
        raise ValueError(f'the month "{" ".join(words)}" is not known')
    return next(iter(known), None)
