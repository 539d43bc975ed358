"""Signed PDFs of other writers with random damage: never called genuine, never a traceback, never a hang."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from tests.support.bounds import not_hanging
from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import world
from verify import verify
from verify.foreign.pdf_reasons import ForeignRefusal
from verify.foreign.pdf_xref import read_chain
from verify.model import Verdict
from verify.pdf_file import Budget

BASES: list[Callable[[], bytes]] = [
    f.approved, f.by_hand, lambda: f.certified(2), lambda: w.sign(w.packed()),
    lambda: w.sign(w.sign(w.plain(), stamped=True), world().second, name="Sig2"),
]
WORDS = (b"null", b"<<", b">>", b"[", b"]", b"(", b"endobj", b"1 0 R", b"99999999999", b"-1", b"/Length 0", b"stream",
         b"xref\n0 1\n", b"trailer", b"startxref\n0\n%%EOF", b"/Type /ObjStm", b"/Prev 0", b"/ByteRange", b"#00", b"%")
COUNT = 120                             # of each file


def damaged(data: bytes, chance: random.Random) -> bytes:
    """One random damage."""
    place = chance.randrange(len(data))
    kind = chance.randrange(6)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1:]
    if kind == 1:
        return data[:place] + data[place + chance.choice((1, 2, 7, 50, 500)):]
    if kind == 2:
        return data[:place] + chance.randbytes(chance.choice((1, 2, 9))) + data[place:]
    if kind == 3:
        return data[:place]
    if kind == 4:
        word = chance.choice(WORDS)
        return data[:place] + word + data[place + len(word):]
    other = chance.randrange(len(data))
    return data[:place] + data[other:other + chance.choice((5, 20, 200))] + data[place:]


@pytest.mark.parametrize("number", range(len(BASES)))
def test_a_damaged_pdf_is_refused_with_a_reason(number: int) -> None:
    chance, trust = random.Random(2026 + number), world().trust()  # noqa: S311 - no secret
    data = BASES[number]()
    assert verify(data, trust=trust, name="file.pdf").verdict is Verdict.VALID
    with not_hanging():
        for _ in range(COUNT):
            made = damaged(data, chance)
            report = verify(made, trust=trust, name="file.pdf")
            assert made == data or report.verdict is not Verdict.VALID
            assert report.file.kind == "unknown" or any(map(report.weighs, report.reasons)) or made == data


def test_an_offset_into_the_number_of_an_object_is_refused() -> None:
    """Readers that go by it read another object there, those that repair show an earlier state."""
    data = w.long_term(w.packed(), stamp_it=False)
    told = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    assert re.match(rb"\d\d 0 obj", data[told:])
    made = re.sub(rb"%d(\s+%%%%EOF\s*)$" % told, rb"%d\1" % (told + 1), data)
    assert made != data and len(made) == len(data)
    assert verify(data, trust=world().trust(), name="file.pdf").verdict is Verdict.VALID
    report = verify(made, trust=world().trust(), name="file.pdf")
    assert report.verdict is Verdict.INDETERMINATE
    assert "fpdf.xref" in {reason.code for reason in report.reasons}


@pytest.mark.parametrize("previous", [10 ** 25, 1 << 63])
def test_an_offset_beyond_what_a_machine_counts_is_refused_by_name(previous: int) -> None:
    data = f.other_text(f.approved(), previous=previous)
    with pytest.raises(ForeignRefusal) as refused:
        read_chain(data, Budget())
    assert refused.value.code == "fpdf.xref"
    assert verify(data, trust=world().trust(), name="file.pdf").verdict is not Verdict.VALID
