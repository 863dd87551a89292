"""Structured answers are shown as they grow, and what is shown does not depend on how they come."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.coach.model.checker import LEFT_OUT, Checker
from services.coach.model.prompts import INSTRUCTIONS
from services.coach.model.sentences import Reading
from tests.unit.coach.hevy import training_log
from tests.unit.coach.test_checker import SECRET, known_facts

TONNAGE = next(number for number, made in enumerate(known_facts(), start=1) if made.label.startswith("tonnage"))


def reading() -> tuple[Reading, Checker]:
    checker = Checker(known_facts(), training_log(), SECRET, INSTRUCTIONS)
    return Reading(checker), checker


def read(*pieces: str) -> tuple[str, Checker]:
    reader, checker = reading()
    return "".join(map(reader.feed, pieces)) + reader.finish(), checker


def answer(*sentences: tuple[list[str], str]) -> str:
    return json.dumps({"sentences": [{"facts": facts, "text": text} for facts, text in sentences]})


def test_a_sentence_is_shown_with_the_facts_that_it_names() -> None:
    made = known_facts()[TONNAGE - 1]
    text, checker = read(answer(([f"f{TONNAGE}"], f"You moved {{f{TONNAGE}}}."), ([], "Well done.")))
    assert text == f"You moved {made.shown} kg. Well done."
    assert checker.cited == [made]


def test_a_number_of_a_fact_that_the_sentence_does_not_name_is_left_out() -> None:
    shown = known_facts()[TONNAGE - 1].shown
    other = f"f{TONNAGE % len(known_facts()) + 1}"
    for named in ([], [other], ["f0"], ["tonnage"]):
        text, checker = read(answer((named, f"You moved {shown} kg.")))
        assert text == f"You moved {LEFT_OUT}"
        assert checker.cited == []


def test_words_are_shown_before_the_sentence_ends_where_its_facts_are_known() -> None:
    reader, _ = reading()
    assert reader.feed('{"sentences": [{"facts": [], "text": "Well do') == "Well "
    reader, _ = reading()
    assert reader.feed('{"sentences": [{"text": "Well do') == ""
    assert reader.feed('ne, all.", "facts": []}]}') + reader.finish() == "Well done, all."


@pytest.mark.parametrize("broken", ['{"sentences": [', '{"sentences": 3}', '{"sentences": [3]}', '{"a" 3}', '{"a": 1'])
def test_what_is_no_answer_is_told_apart(broken: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(broken)


PARTS = st.sampled_from(
    [
        "You ",
        f"{{f{TONNAGE}}}",
        " 500",
        " twenty ",
        ". ",
        "!\n",
        "Well ",
        "\\",
        '"',
        "ö",
        "🏋",
        "\u202e",
        "<b>",
        "a.b",
        "{",
    ]
)
SENTENCES = st.lists(
    st.tuples(st.lists(st.sampled_from(["f1", f"f{TONNAGE}", "f0"]), max_size=2), st.lists(PARTS, max_size=8)),
    max_size=4,
)
CUTS = st.lists(st.integers(0, 400), max_size=15)


@example(sentences=[([], ["🏋"]), ([], ["You ", "You ", ". ", "You ", "<b>"])], cuts=[87], wrapped="")
@given(sentences=SENTENCES, cuts=CUTS, wrapped=st.sampled_from(["", "```json\n", "\n "]))
def test_pieces_do_not_matter(sentences: list[tuple[list[str], list[str]]], cuts: list[int], wrapped: str) -> None:
    text = wrapped + answer(*((facts, "".join(parts)) for facts, parts in sentences)) + wrapped[:3]
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    pieces = [text[start:end] for start, end in pairwise(ends)]
    assert read(*pieces)[0] == read(text)[0]


@given(words=st.lists(PARTS, min_size=1, max_size=12), cuts=CUTS)
def test_prose_is_read_as_the_checker_reads_it(words: list[str], cuts: list[int]) -> None:
    text = "So " + "".join(words)
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    checker = Checker(known_facts(), training_log(), SECRET, INSTRUCTIONS)
    pieces = [text[start:end] for start, end in pairwise(ends)]
    assert read(*pieces)[0] == checker.feed(text) + checker.finish()
