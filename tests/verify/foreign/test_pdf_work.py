"""Work that a stranger's PDF can ask for: small files and large ones that once took minutes, or gigabytes."""

from __future__ import annotations

import re
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.bounds import not_hanging
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import world
from verify import verify
from verify.model import Verdict
from verify.pdf_objects import MAX_ITEMS, ObjectReader, PdfString, parse_object
from verify.pdf_reasons import PdfRefusal
from verify.report import Report

MEGA = 1_000_000
MOST_MEMORY = 500 * MEGA                # bytes


@contextmanager
def little_memory() -> Iterator[None]:
    """Assert that what stands inside takes less than the memory that one file may take."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY, peak


def judged(data: bytes) -> Report:
    """The report, made within the bounds."""
    with little_memory(), not_hanging():
        report = verify(data, trust=world().trust(), name="file.pdf")
    assert report.verdict is Verdict.INDETERMINATE
    return report


def pdf(*, between: bytes = b"", before_end: bytes = b"", entry: bytes = b"null") -> bytes:
    """A page with an entry in its catalog, and bytes between its objects and before its end."""
    out, rows = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate((
            b"<</Type/Catalog/Pages 2 0 R/X %b>>" % entry, b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"), 1):
        rows.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body) + (between if number == 1 else b"")
    at = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % row for row in rows)
    out += b"trailer\n<</Size 4/Root 1 0 R>>\n" + before_end + b"startxref\n%d\n%%%%EOF\n" % at
    return bytes(out)


@pytest.mark.parametrize("data", [
    lambda: pdf(between=b" " * 30 * MEGA), lambda: pdf(between=b"%\n" * 15 * MEGA),
    lambda: pdf(before_end=b"%\n" * 15 * MEGA)], ids=["blanks", "comments", "comments before the end"])
def test_blanks_and_comments_cost_next_to_nothing(data: Callable[[], bytes]) -> None:
    """They are read to their end: the file is what it is without them."""
    codes = {each.reason.code for each in judged(data()).findings}
    assert "fpdf.no-signature" in codes and "fpdf.unreadable" not in codes


MANY = {
    "numbers": lambda size: b"[" + b"1 " * (size // 2) + b"]",
    "escapes": lambda size: b"(" + rb"\(" * (size // 2) + b")",
    "parentheses": lambda size: b"(" * (size // 2) + b")" * (size // 2),
}


@pytest.mark.parametrize("kind", MANY)
def test_what_an_object_holds_is_counted(kind: str) -> None:
    codes = {each.reason.code for each in judged(pdf(entry=MANY[kind](30 * MEGA))).findings}
    assert "pdf.too-large" in codes


def packed(one: bytes, times: int, lead: bytes = b"") -> bytes:
    """A page, and the object in so many object streams, each with more at the head of what it holds."""
    out, rows = bytearray(b"%PDF-1.5\n"), [bytes(7)]
    for number, body in enumerate((
            b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"), 1):
        rows.append(b"\1" + len(out).to_bytes(4, "big") + b"\0\0")
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    for number in range(4, 4 + 2 * times, 2):
        head = b"%d 0 " % (number + 1) + lead
        raw = zlib.compress(head + one)
        rows += [b"\1" + len(out).to_bytes(4, "big") + b"\0\0", b"\2" + number.to_bytes(4, "big") + b"\0\0"]
        out += b"%d 0 obj\n<</Type/ObjStm/N 1/First %d/Filter/FlateDecode/Length %d>>\n" % (number, len(head), len(raw))
        out += b"stream\n%b\nendstream\nendobj\n" % raw
    at, number = len(out), 4 + 2 * times
    table = b"".join([*rows, b"\1" + at.to_bytes(4, "big") + b"\0\0"])
    out += b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root 1 0 R/Length %d>>\nstream\n%b\nendstream\nendobj\n" % (
        number, number + 1, len(table), table)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % at)


@pytest.mark.parametrize("kind", MANY)
def test_all_objects_of_a_file_count_together(kind: str) -> None:
    """A small file whose object streams hold much, each less than an object may."""
    one = MANY[kind](MEGA // 2)
    data = packed(one, 60)
    assert len(data) < 150_000 and parse_object(one, 0)
    codes = {each.reason.code for each in judged(data).findings}
    assert "pdf.too-large" in codes


def test_an_object_stream_tells_of_no_more_than_it_holds() -> None:
    data = packed(b"7", 1, lead=b"12 " * 15 * MEGA)
    assert len(data) < 60_000
    assert "fpdf.object-stream" in {each.reason.code for each in judged(data).findings}


def test_a_reader_counts_to_its_limit_and_no_further() -> None:
    reader = ObjectReader()
    half = b"[" + b"7 " * (MAX_ITEMS // 2 - 1) + b"]"
    assert len(str(reader.read(half, 0)[0])) > MEGA and reader.read(half, 0)[1] == len(half)
    with pytest.raises(PdfRefusal, match=r"pdf\.too-large"):
        reader.read(b"7", 0)


@pytest.mark.parametrize(("source", "value"), [
    (rb"(\(\)\\\n\r\t\b\f\x\8\7\53\0533\777)", b"()\\\n\r\t\b\fx8\x07++3\xff"),
    (b"(a\\\r\nb\\\rc\\\nd\r\ne\rf)", b"abcd\ne\nf"), (b"(a(b\\z)c)", b"a(bz)c"),
])
def test_strings_in_odd_spellings_are_read_as_the_standard_says(source: bytes, value: bytes) -> None:
    assert parse_object(source, 0) == (PdfString(value, 0, len(source), False, odd=source[1:-1]), len(source))


def test_a_string_in_a_common_spelling_is_not_odd() -> None:
    source = rb"(a(b\)c)(d)e\\\n\012\377)"
    assert parse_object(source, 0) == (PdfString(b"a(b)c)(d)e\\\n\n\xff", 0, len(source), False), len(source))


def form(fields: int, shared: bytes, field: bytes) -> bytes:
    """A page with so many fields of the same entries, which share one object, number 4."""
    out, rows = bytearray(b"%PDF-1.4\n"), []
    kids = b" ".join(b"%d 0 R" % number for number in range(6, 6 + fields))
    bodies = [b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%b]>>>>" % kids, b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
              b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[%b]>>" % kids, shared,
              b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 2>>\nstream\nq \nendstream",
              *(b"<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]/F 4/T(%d)/AP<</N 5 0 R>>%b>>" % (number, field)
                for number in range(fields))]
    for number, body in enumerate(bodies, 1):
        rows.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(rows) + 1, b"".join(rows))
    return bytes(out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(rows) + 1, at))


@pytest.mark.parametrize(("shared", "field"), [
    (b"[" + b"(x)" * 200_000 + b"]", b"/FT/Ch/Ff 131072/Opt 4 0 R/V(x)"),
    (b"(" + b"x" * 30 * MEGA + b")", b"/FT/Tx/V 4 0 R"),
], ids=["one list of options", "one long value"])
def test_what_many_fields_share_is_counted_for_each(shared: bytes, field: bytes) -> None:
    with not_hanging():
        report = verify(form(4000, shared, field), trust=world().trust(), name="file.pdf")
    assert {"pdf.too-large", "fpdf.field-value"} & {each.reason.code for each in report.findings}


def test_many_revisions_of_a_large_file_are_not_all_walked_through() -> None:
    """Each costs little to append, and would have all that was there before looked at again."""
    data = w.sign(w.plain())
    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    large = b"/X [" + b"1 " * 900_000 + b"]>>"
    data = w.update(data, [(root, w.object_of(data, root).removesuffix(b">>") + large)])
    for number in range(500, 558):
        data = w.update(data, [(number, b"<<>>")])
    with not_hanging():
        codes = {each.reason.code for each in verify(data, trust=world().trust(), name="file.pdf").findings}
    assert "fpdf.too-large" in codes


def nested(count: int, size: int) -> bytes:
    """So many streams that lie in one another, the innermost of this size."""
    heads, tail = list[bytes](), b"\nendstream\nendobj\n"
    for number in range(count + 1, 1, -1):
        heads.insert(0, b"%d 0 obj\n<</Length %010d>>\nstream\n" % (number, size))
        size += len(heads[0]) + len(tail)
    out, rows = bytearray(b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 1 0 R>>\nendobj\n"), [9]
    for head in heads:
        rows.append(len(out))
        out += head
    out += b"x" * (size - sum(map(len, heads)) - count * len(tail)) + tail * count
    at, table = len(out), b"".join(b"%010d 00000 n \n" % row for row in rows)
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(rows) + 1, table)
    return bytes(out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(rows) + 1, at))


@pytest.mark.parametrize(("count", "size"), [(1000, 2 * MEGA), (50, 25 * MEGA)])
def test_streams_that_lie_in_one_another_are_not_all_kept(count: int, size: int) -> None:
    codes = {each.reason.code for each in judged(nested(count, size)).findings}
    assert "fpdf.too-large" in codes


def test_object_streams_that_are_not_compressed_are_read() -> None:
    """Their bytes are those of the objects in them as well."""
    inner = b"4 0 [" + b"(%b)" % (b"x" * 99) * 20_000 + b"]"
    pack = b"<</Type/ObjStm/N 1/First 4/Length %d>>\nstream\n%b\nendstream" % (len(inner), inner)
    out, rows = bytearray(b"%PDF-1.5\n"), {0: bytes(7), 4: b"\2" + (5).to_bytes(4, "big") + b"\0\0"}
    for number, body in {
            1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>", 5: pack}.items():
        rows[number] = b"\1" + len(out).to_bytes(4, "big") + b"\0\0"
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    at = len(out)
    rows[6] = b"\1" + at.to_bytes(4, "big") + b"\0\0"
    out += w.stream(6, b"/Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R", b"".join(rows[number] for number in range(7)))
    report = judged(bytes(out) + b"startxref\n%d\n%%%%EOF\n" % at)
    assert "fpdf.too-large" not in {each.reason.code for each in report.findings}
