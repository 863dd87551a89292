"""Text of users: what is cleaned away, what is answered with care, what is remembered."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.coach.lasting import lasting_facts
from services.coach.safety import ANSWERS, MAX_MESSAGE, Concern, cleaned, concern


@given(text=st.text(max_size=300), limit=st.integers(1, 100))
def test_cleaned_text_is_bounded_visible_and_stays_as_it_is(text: str, limit: int) -> None:
    once = cleaned(text, limit)
    assert len(once) <= limit
    assert all(c in "\n\t" or unicodedata.category(c)[0] != "C" for c in once)
    assert cleaned(once, limit) == once


def test_no_more_than_a_message_is_looked_at() -> None:
    assert cleaned("\u200b" * MAX_MESSAGE + "what comes after") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My knee hurts when I squat", Concern.PAIN),
        ("I've got a torn rotator cuff", Concern.PAIN),
        ("Sharp PAIN in my back, what should I do?", Concern.PAIN),
        ("I have chest pain while running", Concern.EMERGENCY),
        ("I passed out after my last set", Concern.EMERGENCY),
        ("I make myself throw up after meals", Concern.EATING),
        ("Plan me 600 calories a day", Concern.EATING),
        ("I haven’t eaten in two days to make weight", Concern.EATING),
        ("I want to kill myself", Concern.SELF_HARM),
        ("They would be better off dead, I mean me: I would be better off dead", Concern.SELF_HARM),
        ("My knee is killing me after squats", Concern.PAIN),
        ("I tweaked my back, which exercises now?", Concern.PAIN),
        ("I pulled a hamstring yesterday", Concern.PAIN),
        ("pulled my left lower back", Concern.PAIN),
        ("I think I pulled something", Concern.PAIN),
        ("Is it tendinitis or am I just weak?", Concern.PAIN),
        ("My shoulder aches when I press", Concern.PAIN),
        ("Ich habe Schmerzen in der Schulter", Concern.PAIN),
        ("I only eat 500 kcal and want to lose more", Concern.EATING),
        ("Plan me 1000 calories a day", Concern.EATING),
        ("I keep skipping meals to get lean", Concern.EATING),
        ("I feel guilty after eating", Concern.EATING),
        ("Some thinspo please", Concern.EATING),
        ("I can't stop eating at night", Concern.EATING),
    ],
)
def test_what_may_do_harm_gets_fixed_words(text: str, expected: Concern) -> None:
    assert concern(text) is expected
    assert not any(c.isdigit() for c in ANSWERS[expected])


@pytest.mark.parametrize(
    "text",
    [
        "What next?",
        "Am I progressing on bench press?",
        "How many calories does a workout burn?",
        "Plan me 2500 calories a day",
        "Plan me 1800 kcal per day",
        "I killed that workout!",
        "I pulled a PR today, did I set new records?",
        "I pulled a 200 kg deadlift",
        "I pulled my best deadlift today",
        "Pull day or push day?",
        "How do I break through a plateau?",
        "Give me a workout plan with dumbbells",
        "How hard was last week?",
    ],
)
def test_ordinary_questions_are_no_concern(text: str) -> None:
    assert concern(text) is None


def test_lasting_facts_are_found_in_the_users_words() -> None:
    found = lasting_facts("I only have dumbbells at home. My goal is to build muscle! Old shoulder injury? What next?")
    assert [(fact.kind, fact.text) for fact in found] == [
        ("equipment", "I only have dumbbells at home"),
        ("goal", "My goal is to build muscle"),
    ]
    assert [fact.kind for fact in lasting_facts("I have a bad left knee.")] == ["injury"]
    assert lasting_facts("How was my last workout? Thanks") == []
