"""Seals of several organisations on one OFD: a later one may not hide what an earlier one signed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.demo_home import CITY, PROVINCE, shared_home
from tests.verify.foreign.vendors import DOC, PAGE, Entries, check, pack, plain, sealed, swapped, weighing
from verify.model import Verdict

VALID, UNSURE = Verdict.VALID, Verdict.INDETERMINATE
SIZE = "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>"


def stamp(*boxes: str, page: int = 10) -> str:
    """Stamps at these places."""
    return "".join(f'<ofd:StampAnnot ID="{number}" PageRef="{page}" Boundary="{box}"/>'
                   for number, box in enumerate(boxes, 1))


def second(*boxes: str, parts: Entries | None = None, who: tuple[str, str] = PROVINCE, page: int = 10) -> Entries:
    """The city's seal at 140 220, 42 mm wide, and after it another one over everything."""
    return sealed(sealed(parts), authority=lambda: shared_home().authority(*who), stamps=stamp(*boxes, page=page))


def unsized() -> Entries:
    """Pages that name no size, nor does the document."""
    return swapped(swapped(plain(), DOC, SIZE, ""), PAGE, SIZE, "")


def large_first() -> Entries:
    """The other way round: a large seal, which the city's signature covers."""
    parts = sealed(authority=lambda: shared_home().authority(*PROVINCE), stamps=stamp("10 10 150 150"))
    return sealed(parts)


CASES: list[tuple[str, Callable[[], Entries], Verdict]] = [
    ("all of a page", lambda: second("0 0 210 297"), UNSURE),
    ("all of another page", lambda: second("0 0 210 297", page=11), UNSURE),
    ("all of a page, drawn backwards", lambda: second("210 297 -210 -297"), UNSURE),
    ("many small ones", lambda: second(*[f"{10 + 40 * (place % 4)} {20 * (place // 4)} 40 20" for place in range(12)]),
     UNSURE),
    ("the seal of the first", lambda: second("139 219 44 44"), UNSURE),
    ("most of the seal of the first", lambda: second("145 225 42 42"), UNSURE),
    ("a page of no known size", lambda: second("20 20 42 42", parts=unsized()), UNSURE),
    ("a seal beside the first", lambda: second("80 220 42 42"), VALID),
    ("a corner of the first", lambda: second("170 250 42 42"), VALID),
    ("the same place on another page", lambda: second("140 220 42 42", page=11), VALID),
    ("a large seal on a large page", lambda: second("10 10 100 100", parts=swapped(
        plain(), PAGE, SIZE, "<ofd:PhysicalBox>0 0 420 594</ofd:PhysicalBox>")), VALID),
    ("all of a page, by the same organisation", lambda: second("0 0 210 297", who=CITY), VALID),
    ("a large one that the other has seen", large_first, VALID),
]


@pytest.mark.parametrize(("make", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_later_seal_may_not_hide_what_somebody_else_signed(make: Callable[[], Entries], verdict: Verdict) -> None:
    report = check(pack(make()))
    assert weighing(report) == ({"coverage.stamp-over"} if verdict is UNSURE else set())
    assert report.verdict is verdict


def test_the_seal_and_its_place_are_named() -> None:
    (told,) = [each for each in check(pack(second("0 0 210 297"))).reasons if each.code == "coverage.stamp-over"]
    assert "签名 2 的印章（第 1 页，0 0 210 297 mm）可能盖住签名 1" in told.zh
    assert "the seal of the signature 2 (page 1, 0 0 210 297 mm) may hide what the signature 1 signed" in told.en
