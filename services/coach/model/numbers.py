"""What prose says of numbers: digits, words and signs, and the units behind them.

In English small number words are read. Words for larger ones, and German, French and Spanish ones, are only known as
numbers: no fact is shown in such words.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {
    **{word: number for number, word in enumerate(_SMALL.split())},
    **{word: 10 * number for number, word in enumerate(_TENS.split(), start=3)},
    "hundred": 100,
    "thousand": 1000,
}
_UNREAD = (
    # English
    r"half|halved|halves|twice|thrice|once|dozens?|hundreds|thousands|millions?|quarters?|thirds?|fourth|fifth|sixth|"
    r"seventh|eighth|ninth|tenth|(?:quadr|quintu)upl\w*|"
    # with French and Spanish
    r"doubl\w*|tripl\w*|"
    # German
    r"null|eins|zwei(?!fel)\w*|drei(?!st)\w*|vier\w*|f(?:ü|ue)nf\w*|sechs\w*|sieb(?:en|zehn)\w*|acht|achtzehn\w*|neun\w*|"
    r"zehn\w*|elf|zw(?:ö|oe)lf\w*|\w*(?:zwanzig|drei(?:ß|ss)ig|vierzig|f(?:ü|ue)nfzig|sechzig|siebzig|achtzig|neunzig|"
    r"hundert|tausend|million)\w*|(?:ver)?doppel\w*|verdreifach\w*|halb\w*|h(?:ä|ae)lfte|dutzend\w*|"
    # French
    r"deux|trois|quatre\w*|cinq\w*|sept|huit\w*|neuf|dix\w*|onze|douz\w*|treize|quatorze|quinz\w*|seize|vingt\w*|trent\w*|"
    r"quarant\w*|cinquant\w*|soixant\w*|septante|nonante|cents?|centaines?|mille|milliers?|zéro|moitié|demie?s?|quart|"
    r"tiers|dizaines?|"
    # Spanish
    r"cero|uno|dos|tres|cuatro\w*|cinco|seis|siete|ocho|nueve|diez|doce\w*|trece|catorce|quince|dieci\w*|veint\w*|"
    r"treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien|\w*cient[oa]s?|quinient[oa]s|mil|duplic\w*|dobles?|"
    r"mitad|medio|tercio|cuarto"
)
UNREAD = re.compile(rf"\b(?:{_UNREAD})\b", re.IGNORECASE)
DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE)
_WRITTEN = re.compile(rf"{DIGITS.pattern}|{NUMBER_WORD.pattern}", re.IGNORECASE)
_COMPOUND = re.compile(
    rf"{NUMBER_WORD.pattern}(?:[\s-]|\band\b)+(?:{NUMBER_WORD.pattern}|{UNREAD.pattern})", re.IGNORECASE
)
# "Le dos" is the back.
_IDIOMS = re.compile(
    r"\b(?:e?1[- ]?RM|one[- ]rep(?:etition)?[- ]max\w*|no one|one of|one another|at once|once you|"
    r"(?:le|du|au|ton|son|mon|votre|leur) dos)\b",
    re.IGNORECASE,
)
UNITS: Mapping[str, str] = {
    "kg": r"kgs?|kilos?|kilogram\w*",
    "lb": r"lbs?|pounds?|pfund|livres?|libras?",
    "g": r"g|gram\w*",
    "t": r"t|tons?|tonn\w*|toneladas?",
    "stone": r"stones?",
    "reps": r"reps?|repetition\w*|wiederholung\w*|répétitions?|repeticion\w*",
    "sets": r"sets?|satz|sätzen?|séries?|series?",
    "workouts": r"workouts?|sessions?|trainings?|einheiten|séances?|entra[iî]nements?|entrenamientos?",
    "s": r"s|secs?|seconds?|sekunden?|secondes?|segundos?",
    "min": r"mins?|minut\w*",
    "h": r"h|hours?|stunden?|heures?|horas?",
    "days": r"days?|tagen?|jours?|días?",
    "weeks": r"weeks?|wochen?|semaines?|semanas?",
    "months": r"months?|monaten?|mois|mes(?:es)?",
    "years": r"years?|jahren?|ans?|années?|años?",
    "%": r"%|percent\w*|per cent|prozent\w*|pour ?cent|por ciento",
    "RPE": r"rpe",
    "cm": r"cm|centimet\w*",
    "m": r"m|met(?:er|re)s?",
    "km": r"km|kilomet\w*",
    "kcal": r"kcal|calories?",
}
_UNITS = {unit: re.compile(rf"[\s(–-]*(?:{words})(?!\w)", re.IGNORECASE) for unit, words in UNITS.items()}


def unit_at(text: str) -> str | None:
    """The unit that a text begins with; None where it is none."""
    return next((unit for unit, words in _UNITS.items() if words.match(text)), None)


def is_sign(c: str) -> bool:
    """Whether a character is a number that is no digit, such as `½`, `⑤` or `三`."""
    return c.isnumeric() and not c.isdecimal()


def first_strange(text: str) -> int:
    """Where the first character stands that is a sign, or reads as another once it is composed; else the length."""
    return next((at for at, c in enumerate(text) if not c.isascii() and _strange(c)), len(text))


def _strange(c: str) -> bool:
    return c.isnumeric() or unicodedata.category(c) in ("Cf", "Mn") or not unicodedata.is_normalized("NFKC", c)


def without_idioms(text: str) -> str:
    """The text without words that look like numbers and are none."""
    return _IDIOMS.sub("#", text)


def unreadable(text: str) -> bool:
    """Whether the text has numbers that are not read."""
    return any(map(is_sign, text)) or bool(UNREAD.search(text) or _COMPOUND.search(text))


def numbers(text: str) -> Iterable[tuple[str, str | None]]:
    """Every number that is read, in plain digits, with the unit behind it. `12,340` has a separator of thousands."""
    for found in _WRITTEN.finditer(text):
        unit = unit_at(text[found.end() :])
        if (word := found[0].casefold()) in NUMBER_WORDS:
            yield str(NUMBER_WORDS[word]), unit
        else:
            thousands = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", found[0])
            digits = found[0].replace(",", "") if thousands else found[0].replace(",", ".")
            yield digits.removesuffix(".0"), unit


def is_only_a_number(name: str) -> bool:
    """Whether nothing is left of a name without its numbers and units."""
    words = re.findall(r"[^\W\d_]+|%", NUMBER_WORD.sub(" ", UNREAD.sub(" ", name)))
    return all(unit_at(word) for word in words)


def has_number(text: str) -> bool:
    return bool(DIGITS.search(text) or NUMBER_WORD.search(text) or unreadable(text))
