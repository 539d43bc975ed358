"""Small files with much of one kind, whose work must not grow with its square. No key is needed for them."""

from __future__ import annotations

import itertools

import pytest

from tests.support.bounds import not_hanging
from tests.verify.foreign.pdf_world import world
from verify import verify
from verify.foreign.pdf_fields import Names
from verify.foreign.pdf_pair import Pair
from verify.foreign.pdf_store import Store
from verify.model import Verdict

Objects = dict[int, bytes]
GAP = b"<300302010100" + b"0" * 52 + b">"
FIRST = 20                              # the number of the first object that a case brings


def field(name: bytes, value: int) -> bytes:
    """A signed field that is not seen."""
    return b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%b)/F 132/Rect[0 0 0 0]/V %d 0 R>>" % (name, value)


def signature(keys: bytes = b"") -> bytes:
    """A signature that is none, over all of the file."""
    return (b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
            b"/ByteRange[0 ********** ********** **********]/Contents %b%b>>" % (GAP, keys))


def file(*revisions: Objects, fields: bytes = b"") -> bytes:
    """A page with a signature, and these objects in it and in later revisions."""
    out, previous = bytearray(b"%PDF-1.4\n"), b""
    whole = {1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R>>", 3: b"<</Fields[5 0 R %b]>>" % fields,
             2: b"<</Type/Pages/Kids[4 0 R]/Count 1/MediaBox[0 0 9 9]>>", 4: b"<</Type/Page/Parent 2 0 R>>",
             5: field(b"S1", 6), 6: signature()}
    size = 1 + max(number for each in (whole, *revisions) for number in each)
    for objects in ({**whole, **revisions[0]}, *revisions[1:]):
        rows = list[bytes]()
        for number, body in sorted(objects.items()):
            rows.append(b"%d 1\n%010d 00000 n \n" % (number, len(out)))
            out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
        at = len(out)
        out += b"xref\n%b%btrailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (
            b"" if previous else b"0 1\n0000000000 65535 f \n", b"".join(rows), size, previous, at)
        previous = b"/Prev %d" % at
        ranges = out.find(b"********** ********** **********")
        if ranges >= 0:
            begin = out.index(GAP, ranges)
            end = begin + len(GAP)
            out[ranges:ranges + 32] = b"%010d %010d %010d" % (begin, end, len(out) - end)
    return bytes(out)


def refs(count: int) -> bytes:
    """References to the objects that a case brings."""
    return b" ".join(b"%d 0 R" % number for number in range(FIRST, FIRST + count))


def annotations(count: int) -> bytes:
    """A page lists one object many times, and a new field as often."""
    old, page = b"8 0 R " * count, b"<</Type/Page/Parent 2 0 R/Annots[%b%b]>>"
    return file({4: page % (old, b""), 8: b"null"}, {
        3: b"<</Fields[5 0 R 9 0 R]>>", 4: page % (old, b"9 0 R " * count), 9: field(b"S2", 10), 10: signature()})


def widgets(count: int, listed: int) -> bytes:
    """A new field has many widgets, and the page lists many annotations."""
    kid = b"<</Subtype/Widget/Parent 9 0 R/Rect[0 0 9 9]/F 4>>"
    return file({4: b"<</Type/Page/Parent 2 0 R/Annots[%b]>>" % (b"8 0 R " * listed), 8: b"null"}, {
        3: b"<</Fields[5 0 R 9 0 R]>>", 9: b"<</FT/Sig/T(S2)/V 10 0 R/Kids[%b]>>" % refs(count), 10: signature(),
        **dict.fromkeys(range(FIRST, FIRST + count), kid)})


def locked(count: int, names: int) -> bytes:
    """A signature locks many names, and many fields are filled in."""
    told = b"".join(b"(%d)" % number for number in range(names))
    held = {number: b"<</FT/Tx/T(x%d)>>" % number for number in range(FIRST, FIRST + count)}
    lock = b"/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/Include/Fields[%b]>>>>]" % told
    return file({6: signature(lock), **held}, {
        number: body[:-2] + b"/V(1)>>" for number, body in held.items()}, fields=refs(count))


@pytest.mark.parametrize("data", [
    lambda: annotations(100_000), lambda: widgets(4900, 200_000), lambda: locked(4000, 100_000),
], ids=["annotations", "widgets", "locked names"])
def test_many_of_one_kind_are_each_looked_at_once(data: object) -> None:
    made = data()  # type: ignore[operator]
    assert len(made) < 3_000_000
    with not_hanging():
        report = verify(made, trust=world().trust(), name="file.pdf")
    assert report.verdict is Verdict.INDETERMINATE
    assert "fpdf.revision" in {each.reason.code for each in report.findings}, report.to_text()


def test_what_differs_between_revisions_is_looked_up_and_not_searched() -> None:
    pair = Pair(*Store.read(file({}, dict.fromkeys(range(FIRST, FIRST + 9), b"1"))).states())
    assert pair.differ == frozenset(range(FIRST, FIRST + 9))


NAMES = ["".join(each) for size in range(4) for each in itertools.product("a.!b", repeat=size)]
"""With a sign that comes before the dot, and one behind it."""


def test_names_stand_for_the_fields_below_them() -> None:
    for held in itertools.combinations(NAMES[:21:2] + NAMES[21::7], 3):
        names = Names.of(held)
        for name in NAMES:
            above = [each for each in held if name == each or name.startswith(f"{each}.")]
            below = [each for each in held if each.startswith(f"{name}.")]
            assert names.hold(name) is bool(above)
            assert names.meet(name) is bool(above or below)


def test_many_names_are_looked_up_and_not_searched() -> None:
    told = [f"{'a' * 100}{number}.b" for number in range(200_000)]
    with not_hanging():
        names = Names.of(told)
        assert all(names.hold(each) and names.meet(f"{each}.c") and not names.meet(f"{each}c") for each in told)
