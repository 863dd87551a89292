"""The passwords that are tried first: the words that people choose, with the endings that they add."""

from functools import lru_cache
from pathlib import Path

WORDS = Path(__file__).with_name("common_words.txt").read_text().split()
ENDINGS = (
    *("", "1", "2", "3", "7", "9", "11", "12", "13", "21", "22", "23", "69", "77", "88", "99", "00", "01", "007"),
    *("123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "321", "111", "666", "777", "999", "000"),
    *("!", "!!", "1!", "12!", "123!", "1234!", "@1", "@12", "@123", "@1234", "#1", "#123", "_1", "_123", "."),
    *(str(year) for year in range(1960, 2036)),
)
SEQUENCES = ("0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


@lru_cache(1)
def common() -> frozenset[str]:
    """About 40,000 passwords, all in lower case."""
    doubled = (word + word for word in WORDS)
    return frozenset(word + ending for word in (*WORDS, *doubled) for ending in ENDINGS)


def is_common(password: str) -> bool:
    """Whether this is one of them, in any case of letters, or a plain run or repetition of characters."""
    text = password.casefold()
    return text in common() or text[::-1] in common() or _is_run(text) or _is_repetition(text)


def _is_run(text: str) -> bool:
    return any(text in sequence or text in sequence[::-1] for sequence in SEQUENCES)


def _is_repetition(text: str) -> bool:
    """`aaaaaaaa`, `12121212`, `abcabcabc`, `12341234`: a short part, again and again."""
    return any(
        len(text) % size == 0 and text == text[:size] * (len(text) // size)
        for size in range(1, min(4, len(text) // 2) + 1)
    )
