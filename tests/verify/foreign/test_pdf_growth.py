"""Small files with much of one kind, whose work must not grow with its square. No key is needed for them."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable

import pytest

from tests.support.bounds import not_hanging
from tests.verify.foreign.pdf_world import world
from tests.verify.foreign.test_pdf_work import little_memory
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


@pytest.mark.parametrize("make", [
    lambda: annotations(100_000), lambda: widgets(4900, 200_000), lambda: locked(4000, 100_000),
], ids=["annotations", "widgets", "locked names"])
def test_many_of_one_kind_are_each_looked_at_once(make: Callable[[], bytes]) -> None:
    made = make()
    assert len(made) < 3_000_000
    with not_hanging():
        report = verify(made, trust=world().trust(), name="file.pdf")
    assert report.verdict is Verdict.INDETERMINATE
    assert "fpdf.revision" in {each.reason.code for each in report.findings}, report.to_text()


def test_what_differs_between_revisions_is_looked_up_and_not_searched() -> None:
    pair = Pair(*Store.read(file({}, dict.fromkeys(range(FIRST, FIRST + 9), b"1"))).states())
    assert pair.differ == frozenset(range(FIRST, FIRST + 9))


# -- what many objects share

MANY = 200_000
SHARED = b"8 0 R "
DSS = b"<</Type/Catalog/Pages 2 0 R/AcroForm 3 0 R/DSS<<%b>>>>"


def pages(keys: bytes, shared: bytes) -> bytes:
    """Many pages with these keys, which lead to one object."""
    count = 9000
    return file({2: b"<</Type/Pages/Kids[4 0 R %b]/Count %d/MediaBox[0 0 9 9]>>" % (refs(count), count + 1), 8: shared,
                 **dict.fromkeys(range(FIRST, FIRST + count), b"<</Type/Page/Parent 2 0 R%b>>" % keys)}, {9: b"1"})


def listed(body: bytes, shared: bytes) -> bytes:
    """A page lists many annotations, which lead to one object."""
    count = 20_000
    return file({4: b"<</Type/Page/Parent 2 0 R/Annots[%b]>>" % refs(count), 8: shared,
                 **dict.fromkeys(range(FIRST, FIRST + count), b"<<%b>>" % body)}, {9: b"1"})


def held(body: bytes, shared: bytes, count: int = 4000) -> bytes:
    """Many fields, which lead to one object."""
    return file({7: b"<</Subtype/Form/BBox[0 0 9 9]/Length 0>>\nstream\n\nendstream", 8: shared,
                 **dict.fromkeys(range(FIRST, FIRST + count), b"<<%b>>" % body)}, {9: b"1"}, fields=refs(count))


NULLS = b"[" + b"null " * MANY + b"]"
LONG = b"(%b)" % (b"x" * 10_000_000)
NAMED = b"<<" + b"".join(b"/%d null" % number for number in range(MANY)) + b">>"
SHARING: dict[str, Callable[[], bytes]] = {
    "annotations of pages": lambda: pages(b"/Annots 8 0 R", NULLS),
    "references of pages": lambda: pages(b"/Annots 8 0 R", b"[" + b"9 0 R " * MANY + b"]"),
    "content of pages": lambda: pages(b"/Contents 8 0 R", b"[" + b"7 0 R " * MANY + b"]"),
    "boxes of pages": lambda: pages(b"/CropBox 8 0 R", NULLS),
    "rectangles": lambda: listed(b"/Type/Annot/Subtype/Widget/Rect 8 0 R", NULLS),
    "frames": lambda: listed(b"/Type/Annot/Subtype/Link/Rect[0 0 9 9]/Border 8 0 R", NULLS),
    "states": lambda: listed(b"/Type/Annot/Subtype/Text/Rect[0 0 9 9]/AS/Off/AP<</N 8 0 R>>", NAMED),
    "appearances": lambda: listed(b"/Type/Annot/Subtype/Widget/Rect[0 0 0 0]/AP 8 0 R", NAMED),
    "names of fonts": lambda: listed(b"/Type/Font/Subtype/Type1/BaseFont 8 0 R", LONG),
    "kids": lambda: held(b"/FT/Tx/Kids 8 0 R", b"[" + b"9 0 R " * MANY + b"]"),
    "names": lambda: held(b"/FT/Tx/T 8 0 R", LONG),
    "states of boxes": lambda: held(
        b"/Type/Annot/Subtype/Widget/Rect[0 0 9 9]/F 4/FT/Btn/V 8 0 R/AS/On/AP<</N<</On 7 0 R>>>>", NULLS),
    "options": lambda: held(b"/Type/Annot/Subtype/Widget/Rect[0 0 9 9]/F 4/FT/Ch/Ff 131072/Opt 8 0 R/AP<</N 7 0 R>>",
                            NULLS),
    "names that are locked": lambda: file({6: signature(b"/Reference[%b]" % (SHARED * MANY)), 8: (
        b"<</TransformMethod/FieldMDP/TransformParams<</Action/Include/Fields[%b]>>>>" % (b"(x)" * MANY))}),
    "one long name that is locked": lambda: file({8: LONG, 6: signature(
        b"/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/Include/Fields[%b]>>>>]" % (SHARED * MANY))}),
    "evidence": lambda: file({}, {1: DSS % (b"/Certs[%b]" % (SHARED * MANY)), 8: NULLS}),
    "evidence of signatures": lambda: file({}, {8: NULLS, 1: DSS % (b"/VRI<<%b>>" % b"".join(
        b"/%040d<</Cert 8 0 R>>" % number for number in range(20_000)))}),
}


@pytest.mark.parametrize("name", SHARING)
def test_what_many_objects_share_is_counted_for_each(name: str) -> None:
    made = SHARING[name]()
    assert len(made) < 12_000_000
    with not_hanging():
        report = verify(made, trust=world().trust(), name="file.pdf")
    assert report.verdict is not Verdict.VALID


def test_rows_of_all_cross_references_count_together() -> None:
    out, previous = bytearray(b"%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n"), b""
    rows = zlib.compress((b"\1" + (9).to_bytes(4, "big") + b"\0") + bytes(6 * 59_998))
    for _ in range(40):
        at = len(out)
        out += (b"59999 0 obj\n<</Type/XRef/Size 60000/W[1 4 1]/Index[1 59999]/Root 1 0 R/Filter/FlateDecode%b"
                b"/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (previous, len(rows), rows))
        out += b"startxref\n%d\n%%%%EOF\n" % at
        previous = b"/Prev %d" % at
    assert len(out) < 100_000
    with little_memory(), not_hanging():
        report = verify(bytes(out), trust=world().trust(), name="file.pdf")
    assert "pdf.too-large" in {each.reason.code for each in report.findings}


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
