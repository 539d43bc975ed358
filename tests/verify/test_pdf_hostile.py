"""Hostile bytes: always an answer that is not "valid", soon, with little memory, never an exception."""

from __future__ import annotations

import random
import re
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bounds import not_hanging
from tests.verify import pdf_forge as forge
from tests.verify.test_pdf_insider import contents, with_extra
from verify.model import Verdict
from verify.pdf import check_pdf, judge
from verify.pdf_content import MAX_CONTENT, MAX_TOKENS, Interpreter
from verify.pdf_file import MAX_FILE_SIZE, Budget, read_file
from verify.pdf_objects import Name, PdfString, Ref, parse_object
from verify.pdf_reasons import PdfRefusal, pdf_finding
from verify.pdf_table import PDF_TABLE

ROOT = b"<</Type /Catalog\n"


def nested(depth: int) -> bytes:
    return forge.insider((ROOT, ROOT + b"/Deep " + b"[" * depth + b"]" * depth + b"\n"))


def bomb() -> bytes:
    """A page whose content inflates to 300 MB of spaces."""
    inflater = zlib.compressobj(9)
    packed = b"".join(inflater.compress(b" " * (1 << 20)) for _ in range(300)) + inflater.flush()
    data = forge.plain_unsigned()
    head = re.search(rb"(?m)^34 0 obj\n<</Filter /FlateDecode\n/Length (\d+)\n>>\nstream\n", data)
    assert head is not None
    made = b"34 0 obj\n<</Filter /FlateDecode\n/Length %d\n>>\nstream\n" % len(packed) + packed
    return forge.insider(data=data[:head.start()] + made + data[head.end() + int(head[1]):])


def cycle_of_forms() -> bytes:
    """A form that paints itself."""
    body = b"/F Do"
    form = (b"<</Type /XObject\n/Subtype /Form\n/BBox [0 0 9 9]\n/Resources <</XObject <</F 42 0 R\n>>\n>>"
            b"\n/Length 5\n>>\nstream\n" + body + b"\nendstream")
    data, _ = forge.with_object(forge.plain_unsigned(), form)
    return forge.insider((b"/Seal 33 0 R\n>>\n/ExtGState", b"/Seal 42 0 R\n>>\n/ExtGState"), data=data)


def forms_of_forms() -> bytes:
    """Each form paints the next one ten times: ten to the fifth in all."""
    data = forge.plain_unsigned()
    first = int(re.findall(rb"/Size (\d+)", data)[-1])
    for depth in range(6):
        inner = b"/F Do " * 10 if depth < 5 else b"0 0 1 1 re f"
        below = min(first + depth + 1, first + 5)
        head = (b"<</Type /XObject\n/Subtype /Form\n/BBox [0 0 9 9]\n/Resources <</XObject <</F %d 0 R\n>>\n"
                b">>\n/Length %d\n>>\nstream\n%b\nendstream" % (below, len(inner), inner))
        data, _ = forge.with_object(data, head)
    seal = b"/Seal 33 0 R\n>>\n/ExtGState"
    return forge.insider((seal, seal.replace(b"33", b"%d" % first)), data=data)


def many_operators() -> bytes:
    return contents(1, lambda data: data + b"\n" + b"0 0 1 1 re f " * 400_000)


def one_form_very_often() -> bytes:
    """The ground of a page, painted 100,000 times."""
    return contents(1, lambda data: data + b"\n/A-ground Do" * 100_000)


def many_covers() -> bytes:
    """Very many texts and very many areas over them."""
    return contents(1, lambda data: data + b"\n" + data[data.index(b"BT"):] * 60 + b" 0 0 1 1 re f" * 100_000)


def page_tree_of_cycles() -> bytes:
    return forge.insider((b"/Kids [5 0 R 6 0 R 7 0 R]", b"/Kids [3 0 R 3 0 R 3 0 R]"))


def huge_picture() -> bytes:
    return forge.insider((b"/Width 296\n/Height 296\n", b"/Width 296000\n/Height 296000\n"))


def many_ranges() -> bytes:
    return forge.genuine() + b"9 0 obj<</ByteRange[0 1 2 3]/Contents<00>>>endobj\n" * 20_000


def deep_brackets() -> bytes:
    return b"%PDF-1.7\n1 0 obj\n" + b"[" * 2_000_000


def many_names() -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<<" + b"".join(b"/A%d null" % number for number in range(300_000)) + b">>"


HOSTILE: list[tuple[str, Callable[[], bytes]]] = [
    ("nothing", lambda: b""), ("a header alone", lambda: b"%PDF-1.7\n"), ("zeros", lambda: b"\0" * 100_000),
    ("brackets within brackets", lambda: nested(5000)), ("a bomb", bomb),
    ("a form in itself", cycle_of_forms), ("forms of forms", forms_of_forms),
    ("a million operators", many_operators), ("covers", many_covers), ("one form very often", one_form_very_often),
    ("pages that are their parent", page_tree_of_cycles), ("a picture of 88 gigapixels", huge_picture),
    ("20,000 signatures", many_ranges), ("two million brackets", deep_brackets),
    ("300,000 names", many_names),
    ("a comment of 8 MB", lambda: b"%PDF-1.7\n%" + b"a" * (8 << 20)),
    ("8 MB of heads", lambda: b"1 0 obj " * (1 << 20)),
    ("8 MB of white space before a range", lambda: b"1" + b" " * (8 << 20) + b"/ByteRange"),
    ("8 MB of digits", lambda: b"1" * (8 << 20) + b" 0 obj <</ByteRange [0 1 2 3]>>"),
    ("8 MB of open strings", lambda: b"%PDF-1.7\n1 0 obj\n<</A " + b"(" * (8 << 20)),
    ("a file beyond the limit", lambda: b"%PDF-1.7\n" + b" " * MAX_FILE_SIZE),
]


@pytest.mark.parametrize(("case", "made"), HOSTILE, ids=[each[0] for each in HOSTILE])
def test_hostile_files_are_answered_soon_and_never_valid(case: str, made: Callable[[], bytes]) -> None:
    data = made()
    with not_hanging():
        verdict, reasons = judge(check_pdf(data, forge.world().trust(), forge.AT))
    assert verdict is not Verdict.VALID, case
    assert reasons


@pytest.mark.parametrize("made", [bomb, forms_of_forms, many_operators, one_form_very_often, huge_picture])
def test_what_is_beyond_the_limits_is_said_to_be(made: Callable[[], bytes]) -> None:
    assert "pdf.too-large" in forge.verdict_of(made())[1]


def test_painting_a_form_again_costs_what_it_paints(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int] = []
    paint = Interpreter.paint_form
    monkeypatch.setattr(Interpreter, "paint_form", lambda self, boxes, outer: (
        painted.append(len(boxes)), paint(self, boxes, outer)))
    check_pdf(one_form_very_often(), forge.world().trust(), forge.AT)
    assert len(painted) > 0 and len(painted) * 30 + sum(painted) <= MAX_TOKENS


def test_a_bomb_costs_little_memory() -> None:
    data = bomb()
    tracemalloc.start()
    check_pdf(data, forge.world().trust(), forge.AT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_CONTENT + 8 * len(data)


def test_seeded_damage_gives_an_answer_and_never_an_exception() -> None:
    """Splices, repeats and cuts of a signed file."""
    chance = random.Random(33190)  # noqa: S311 - places, no secrets
    base = forge.genuine()
    for _ in range(150):
        data = bytearray(base)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(data))
            size = chance.randrange(1, 60)
            what = chance.randrange(4)
            if what == 0:
                del data[at:at + size]
            elif what == 1:
                data[at:at] = data[(start := chance.randrange(len(data))):start + size]
            elif what == 2:
                data[at:at + size] = chance.randbytes(size)
            else:
                data[at:at + 1] = chance.choice((b"<<", b">>", b"[", b"]", b"(", b"/", b"R", b"-", b"9" * 12))
        if bytes(data) != base:
            assert forge.verdict_of(bytes(data))[0] is not Verdict.VALID


def test_damage_that_is_signed_gives_an_answer_and_never_an_exception() -> None:
    """The same within the dictionaries, properly signed: the walk behind the signature meets it."""
    chance = random.Random(38540)  # noqa: S311 - places, no secrets
    plain = forge.plain_unsigned()
    tokens = (b" null", b" true", b" -1", b" 5 0 R", b" 9 0 R", b" (x)", b" <<>>", b" []", b" /X", b" 1e9",
              b" 0.5", b" 99999999999")
    body = plain[:plain.rindex(b"xref\n0")]
    values = list(re.finditer(rb"/[A-Za-z0-9]+( [^<>/\[\]\n()]+)", body))
    for _ in range(150):
        match = chance.choice(values)
        changed = plain[:match.start(1)] + chance.choice(tokens) + plain[match.end(1):]
        try:
            data = forge.sign(forge.with_range(forge.with_table(changed)))
        except AssertionError:
            continue
        verdict, _ = forge.verdict_of(data)
        assert isinstance(verdict, Verdict)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        parse_object(data, 0)
    except PdfRefusal as refusal:
        assert refusal.finding().reason.zh


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_as_page_content_are_read_or_refused(junk: bytes, at: int) -> None:
    made = contents(2, lambda data: data[:at] + junk + data[at:])
    verdict, codes = forge.verdict_of(made)
    assert codes >= {"pdf.copy"}
    assert isinstance(verdict, Verdict)


@pytest.mark.parametrize(("source", "value"), [
    (b"<</A 1/B[1 0 R(x)]>>", {"A": 1, "B": [Ref(1, 0), PdfString(b"x", 14, 17, False)]}),
    (b"/A#42C", Name("ABC")), (b"[1 -2.5 +3 .5 4.]", [1, -2.5, 3, 0.5, 4.0]),
    (b"(a(b)c\\)\\101\\\n)", PdfString(b"a(b)c)A", 0, 15, False, b"a(b)c\\)\\101\\\n")),
    (b"<4 1 4>", PdfString(b"A@", 0, 7, True, b"4 1 4")), (b"true", True), (b"null", None),
    (b" % comment\n 7", 7), (b"1 0 R", Ref(1, 0)), (b"3\0 0\0R", Ref(3, 0)), (b"1 0", 1),
])
def test_objects_are_read_as_the_standard_says(source: bytes, value: object) -> None:
    assert parse_object(source, 0)[0] == value


@pytest.mark.parametrize("source", [
    b"", b"<<", b"[", b"(", b"<", b"<<1 2>>", b"<</A>>", b"<</A 1/A 2>>", b"<</A 1/#41 2>>", b"1-2", b"--1",
    b"1.2.3", b"[1 2-3]", b"/", b"/A#", b"/A#4", b"<gg>", b"truely", b"obj", b">>", b"]", b"{1}",
    b"<</A 1 0 RR>>", b"/" + b"a" * 200, b"/A#00", b"<</A#00B 1>>",
])
def test_what_is_no_object_is_refused(source: bytes) -> None:
    with pytest.raises(PdfRefusal):
        parse_object(source, 0)


def test_a_stream_is_inflated_completely_or_not_at_all() -> None:
    packed = zlib.compress(b"abc" * 1000)
    assert Budget().inflate(packed) == b"abc" * 1000
    for damaged in (packed[:-1], packed + b"x", packed[:50] + b"\xff" + packed[51:], b""):
        with pytest.raises(PdfRefusal):
            Budget().inflate(damaged)
    small = Budget(total=2999)
    with pytest.raises(PdfRefusal, match=r"pdf\.too-large"):
        small.inflate(packed)


def test_every_byte_of_a_genuine_file_is_accounted_for() -> None:
    """Whatever is put between two parts, the skeleton's reader notices it."""
    data = forge.genuine()
    seams = [match.end() for match in re.finditer(rb"endobj\n(?=\d+ 0 obj\n|xref\n0)", data)]
    assert len(seams) == len(read_file(data).objects)
    for seam in [data.index(b"1 0 obj"), *seams, data.rindex(b"startxref"), len(data)]:
        with pytest.raises(PdfRefusal):
            read_file(data[:seam] + b"x" + data[seam:])


def test_each_reason_has_a_sentence_in_both_languages() -> None:
    names = ("what", "was", "count", "key", "kind", "char", "text", "time", "value", "signer", "author")
    facts = dict.fromkeys(names, "X")
    for code in PDF_TABLE:
        made = pdf_finding(code, "here", **facts)
        assert re.search("[一-鿿]", made.reason.zh), code
        assert made.reason.en.isascii(), code
        assert "{" not in made.reason.zh + made.reason.en, code


def test_an_extra_object_can_be_made_by_the_forger() -> None:
    made = with_extra(b"<<>>", lambda number: (ROOT, ROOT + b"/Lost %d 0 R\n" % number))
    assert "pdf.unknown-key" in forge.verdict_of(made)[1]
