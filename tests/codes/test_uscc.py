"""统一社会信用代码: accepted only with its check character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.uscc import ALPHABET, check_character, is_uscc

VECTORS = [
    # code, accepted, why
    ("11140000741074568F", True, "authority, seed 000"),
    ("911400007540744989", True, "enterprise, seed 000"),
    ("91140100MA9TEX0149", True, "worked example 1"),
    ("91140100MA9TEY017R", True, "worked example 2"),
    ("91140000MA9TEW011K", True, "worked example 3"),
    ("11140100MB9TEX0180", True, "authority of the worked examples"),
    ("11140000741074566F", False, "one digit changed, first screens of seed 000"),
    ("91140100MA0LRTL67U", False, "test data of seed 000"),
    ("91140100MAQLRTL67U", False, "Q for 0 on the 附页 of seed 000"),
    ("11140100MB19320060", False, "test data of seed 000"),
    ("12140000405703346Q", False, "test data of seed 000"),
    ("11140000741074568f", False, "lower case is not in the alphabet"),
    ("11140000741074568", False, "one character short"),
    ("11140000741074568FF", False, "one character long"),
    ("1114000074107456８F", False, "a full-width digit"),
    ("I1140000741074568F", False, "I is not in the alphabet"),
    ("", False, "nothing"),
]


@pytest.mark.req("R-000-31")
@pytest.mark.parametrize(("code", "accepted", "why"), VECTORS)
def test_a_code_is_accepted_only_with_its_check_character(code: str, accepted: bool, why: str) -> None:
    assert is_uscc(code) is accepted, why


@given(
    body=st.text(ALPHABET, min_size=17, max_size=17), place=st.integers(0, 17),
    other=st.sampled_from(ALPHABET),
)
def test_one_changed_character_is_always_noticed(body: str, place: int, other: str) -> None:
    code = body + check_character(body)
    assert is_uscc(code)
    changed = code[:place] + other + code[place + 1:]
    assert is_uscc(changed) is (changed == code)


@pytest.mark.parametrize("body", ["", "1" * 16, "1" * 16 + "I"])
def test_a_check_character_is_given_for_a_whole_body_only(body: str) -> None:
    with pytest.raises(ValueError, match="17 characters"):
        check_character(body)
