"""Sets as people write them."""

from decimal import Decimal

import pytest

from client.notation import Performed, TooManySets, Unreadable, UnreadableWeight, read_sets, read_weight
from shared.domains.exercises.vocabulary import Measure
from shared.domains.workouts.events import LoadBasis, WeightUnit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5x100", Performed(5, Decimal(100))),
        ("5 x 102,5kg", Performed(5, Decimal("102.5"), WeightUnit.KG)),
        ("5×225LB", Performed(5, Decimal(225), WeightUnit.LB)),
        ("0x140", Performed(0, Decimal(140))),
        ("10", Performed(10)),
        ("8x+20", Performed(8, Decimal(20), sign="+")),
        ("8x-15kg", Performed(8, Decimal(15), WeightUnit.KG, sign="-")),
        ("60s", Performed(duration_s=Decimal(60))),
        ("1:30", Performed(duration_s=Decimal(90))),
        ("1:00:05", Performed(duration_s=Decimal(3605))),
        ("90:00", Performed(duration_s=Decimal(5400))),
        ("2min", Performed(duration_s=Decimal(120))),
        ("400m", Performed(distance_m=Decimal(400))),
        ("5km", Performed(distance_m=Decimal(5000))),
        ("40mx24", Performed(weight=Decimal(24), distance_m=Decimal(40))),
        ("60sx20kg", Performed(weight=Decimal(20), unit=WeightUnit.KG, duration_s=Decimal(60))),
    ],
)
def test_one_set(text: str, expected: Performed) -> None:
    assert read_sets(text) == (expected,)


def test_several_sets_at_once() -> None:
    assert read_sets("3x5x100") == (Performed(5, Decimal(100)),) * 3


@pytest.mark.parametrize(
    "text", ["", "x", "5x", "abc", "5x100stone", "5.5x100", "1x2x3x4", "0x5x100", "1:99", "1:60:00", "-5x100", "5x1e3"]
)
def test_what_is_no_set_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Unreadable, match="write it like"):
        read_sets(text)


@pytest.mark.parametrize(
    ("text", "measure", "basis"),
    [
        ("5x100", Measure.WEIGHT_REPS, None),
        ("10", Measure.BODYWEIGHT_REPS, LoadBasis.BODYWEIGHT),
        ("10x20", Measure.BODYWEIGHT_REPS, LoadBasis.BODYWEIGHT),
        ("10x-20", Measure.BODYWEIGHT_REPS, LoadBasis.ASSISTED),
        ("10x20", Measure.ASSISTED_REPS, LoadBasis.ASSISTED),
        ("10x+20", None, LoadBasis.BODYWEIGHT),
    ],
)
def test_what_a_weight_is(text: str, measure: Measure | None, basis: LoadBasis | None) -> None:
    assert read_sets(text)[0].basis(measure) is basis


def test_weights() -> None:
    assert read_weight("82.5") == (Decimal("82.5"), None)
    assert read_weight("182 lb") == (Decimal(182), WeightUnit.LB)


def test_the_most_sets_at_once_are_named() -> None:
    with pytest.raises(TooManySets, match="at most 50"):
        read_sets("1000x5x100")


@pytest.mark.parametrize("text", ["-5", "abc", "1e5", ""])
def test_what_is_no_weight_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UnreadableWeight, match="write it like"):
        read_weight(text)
