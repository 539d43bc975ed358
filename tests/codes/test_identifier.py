"""电子证照标识: the published sample, and what is no identifier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.identifier import ALPHABET, Identifier, IdentifierError, check_character
from codes.identity import holds_identity_number, is_identity_number

PUBLISHED = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"


def test_the_published_sample_is_read_and_written() -> None:
    found = Identifier.parse(PUBLISHED)
    assert found == Identifier(
        type_code="11100000000013338W011", issuer="11430000006122244L", serial="20230000403", version="001",
    )
    assert found.check == "U"
    assert found.text() == PUBLISHED


def test_the_check_character_is_that_of_iso_7064_hybrid_mod_37_36() -> None:
    assert check_character("A12425GABC1234002") == "M"      # sample of the Global Release Identifier


WRONG = [
    (PUBLISHED.replace("1.2.156.3005.2.", ""), "identifier.form"),
    (PUBLISHED + ".X", "identifier.form"),
    (PUBLISHED[:-2], "identifier.form"),
    ("", "identifier.form"),
    (PUBLISHED[:-1] + "V", "identifier.check"),
    (PUBLISHED.replace("20230000403", "20230000430"), "identifier.check"),
    (PUBLISHED.replace(".001.", ".002."), "identifier.check"),
    (PUBLISHED.replace(".001.", ".01."), "identifier.part"),
    (PUBLISHED.replace("8W011", "8w011"), "identifier.part"),
    (PUBLISHED.replace("20230000403", ""), "identifier.part"),
    (PUBLISHED.replace("20230000403", "2023-000403"), "identifier.part"),
    (PUBLISHED.replace("20230000403", "2023000040３"), "identifier.part"),
    (PUBLISHED[:-1] + "UU", "identifier.check"),
    (PUBLISHED + "\n", "identifier.check"),
]


@pytest.mark.parametrize(("text", "code"), WRONG)
def test_what_is_no_identifier_is_refused_with_a_code(text: str, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        Identifier.parse(text)
    assert caught.value.code == code


@given(
    type_code=st.text(ALPHABET, min_size=21, max_size=21), issuer=st.text(ALPHABET, min_size=18, max_size=18),
    serial=st.text(ALPHABET, min_size=1, max_size=64), version=st.integers(0, 999).map("{:03d}".format),
)
def test_what_is_written_is_read_back(type_code: str, issuer: str, serial: str, version: str) -> None:
    made = Identifier(type_code=type_code, issuer=issuer, serial=serial, version=version)
    assert Identifier.parse(made.text()) == made


@given(
    body=st.text(ALPHABET, min_size=1, max_size=60), place=st.integers(0, 59),
    other=st.sampled_from(ALPHABET),
)
def test_one_changed_character_changes_the_check(body: str, place: int, other: str) -> None:
    place %= len(body)
    changed = body[:place] + other + body[place + 1:]
    assert (check_character(changed) == check_character(body)) is (changed == body)


IDENTITY = [
    ("11010519491231002X", True, "published sample of GB 11643"),
    ("110105194912310021", False, "wrong check character"),
    ("11010519491331002X", False, "no such month"),
    ("14010013202590001", False, "a licence number"),
    ("11010519491231002x", False, "lower case"),
]


@pytest.mark.parametrize(("text", "is_one", "why"), IDENTITY)
def test_identity_numbers_are_told_from_other_numbers(text: str, is_one: bool, why: str) -> None:
    assert is_identity_number(text) is is_one, why
    assert holds_identity_number(f"T{text}A") is is_one, why
