"""Later revisions that would have readers show another page than the verifier compared: none is called genuine.

Who appends one without a key adds evidence, or has a timestamp, that everybody trusts; a second signer has his own key.
Beside each attack stands the same revision without it, which is genuine: so it is the attack that is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_later as later
from tests.verify.foreign import pdf_world
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_later import WAYS, Objects
from tests.verify.foreign.pdf_world import world
from tests.verify.foreign.test_pdf_attacks import codes, judged
from verify.model import Verdict

Make = Callable[[], bytes]
VALID = Verdict.VALID


def text(data: bytes, number: int) -> bytes:
    """The text of an object."""
    return w.object_of(data, number)


def with_keys(data: bytes, number: int, keys: bytes) -> Objects:
    """An object with more keys."""
    return {number: text(data, number)[:-2] + keys + b">>"}


def swapped(data: bytes, number: int, old: bytes, new: bytes) -> Objects:
    """An object with other bytes in it."""
    assert old in text(data, number), old
    return {number: text(data, number).replace(old, new, 1)}


def number_with(data: bytes, key: bytes) -> int:
    """The last object whose text holds a key."""
    return next(number for number in range(f.size(data) - 1, 0, -1)
                if re.search(rb"(?m)^%d 0 obj" % number, data) and key in text(data, number).split(b"stream")[0])


Cases = Iterator[tuple[str, Make]]


def appended(name: str, data: Make, change: Callable[[bytes], Objects], *who: str) -> Cases:
    """One change by each of these: who adds evidence, has a timestamp, or signs."""
    for each in who:
        yield f"{name}, by {each}", lambda way=WAYS[each]: way(data(), change(data()))  # type: ignore[misc]


def everybody(name: str, data: Make, change: Callable[[bytes], Objects]) -> Cases:
    """One change by somebody without a key and by a second signer."""
    return appended(name, data, change, "evidence", "signer")


def outsiders(name: str, data: Make, change: Callable[[bytes], Objects]) -> Cases:
    """One change by somebody without a key, who adds evidence or has a timestamp."""
    return appended(name, data, change, "evidence", "timestamp")


# -- the same revisions without an attack

GENUINE: dict[str, Make] = {
    **{f"{who}, {name}": lambda way=way, data=data: way(data(), {})  # type: ignore[misc]
       for who, way in WAYS.items() for name, data in {
           "approved": f.approved, "with a form": f.with_form, "certified": lambda: f.certified(2),
           "twice": lambda: w.sign(f.approved(), world().second, name="Sig3"), "with a picture": later.pictured,
           "inheriting": later.inheriting, "packed": lambda: later.measured(""),
           "with an annotation in its list": lambda: later.annotated(b"/Contents (hidden)"),
           "packed, its length elsewhere": lambda: later.measured("pack"),
           "content, its length elsewhere": lambda: later.measured("content")}.items()},
    **dict(everybody("the catalog written again", f.approved, lambda data: {f.root(data): text(data, f.root(data))})),
    **dict(everybody("a font written again", f.approved, lambda data: {2: text(data, 2)})),
    "a page in an object stream, then a signer": lambda: later.signer(_packed_again(), {}),
    "a page in an object stream as tight as can be, then a signer": lambda: later.signer(_packed_again(b"%d 0"), {}),
    "a page in an object stream with form feeds, then a signer": lambda: later.signer(
        _packed_again(b"\x0c%d\x000\r"), {}),
    **{f"a page in an object stream with {keys.decode()}, then a signer": lambda keys=keys, inner=inner: later.signer(  # type: ignore[misc]
        _packed_again(keys=b"/Filter " + keys, packed=inner), {}) for keys, inner in (
            (b"null", bytes), (b"[]", bytes), (b"/FlateDecode", later.packed_text),
            (b"[/FlateDecode]", later.packed_text), (b"[/FlateDecode] /DecodeParms null", later.packed_text),
            (b"[/FlateDecode] /DecodeParms [null]", later.packed_text),
            (b"/FlateDecode /DecodeParms <</Predictor 12 /Columns 8>>", later.predicted_text),
            (b"[/FlateDecode] /DecodeParms [<</Predictor 12 /Columns 8>>]", later.predicted_text))},
    "a hybrid section that says the same, then a signer": lambda: later.signer(later.hybrid(
        f.approved(), 2, table=b"", place=later.place_of(f.approved(), 2)), {}),
}


def _second_page(data: bytes) -> int:
    return f.page(data, 2)


def _packed_again(head: bytes = b"%d 0 ", keys: bytes = b"", packed: Callable[[bytes], bytes] = bytes) -> bytes:
    data = f.approved()
    number = _second_page(data)
    head = head % number
    return later.repacked(data, number, packed(head + text(data, number)), len(head), keys=keys)


@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in GENUINE.items()])
def test_the_revisions_without_an_attack_are_genuine(made: Make) -> None:
    report = judged(made())
    assert report.verdict is VALID, sorted(codes(report))


# -- object streams in which readers find different objects


PREDICTED = b"<</Predictor 12 /Columns 8>>"


def _packs() -> Iterator[tuple[str, bytes]]:
    """Revisions that restate the second page by an object stream."""
    data = f.approved()
    number = _second_page(data)
    shown = text(data, number)
    other = shown.replace(b"/Contents %d 0 R" % f.number_of(data, b"Contents", number),
                          b"/Contents %d 0 R" % f.number_of(data, b"Contents", f.page(data)))
    assert other != shown

    def made(head: bytes, body: bytes, first: int | None = None, **options: object) -> bytes:
        return later.repacked(data, number, head + body, len(head) if first is None else first, **options)  # type: ignore[arg-type]

    head = b"%d 0 " % number
    for digits in (1, 2, 3):
        cut = b"%d %d" % (number, 10 ** (digits - 1) * 2)
        body = (b"00".ljust(2 * 10 ** (digits - 1)) + shown).ljust(200 * 10 ** (digits - 1) + 400) + other
        yield f"First cuts an offset of {digits} digits", made(cut, body)
    zero = b"%d 0" % number
    yield "First cuts an offset after a zero", made(zero, b"00 " + shown.rjust(len(shown) + 5))
    yield "First cuts the number", made(b"%d" % (number // 10), b"%d 0 " % (number % 10) + shown)
    for name, blank in {"vertical tab": b"\x0b", "unit separator": b"\x1f", "next line": b"\x85",
                        "file separator": b"\x1c", "no-break space": b"\xa0"}.items():
        yield f"{name} in the header", made(b"%d%b0 " % (number, blank), shown)
        yield f"{name} before First", made(b"%d 0%b" % (number, blank), shown)
    yield "a comment in the header", made(b"%d %%9\n0 " % number, shown)
    yield "a comment before the object", made(head, b"%\r" + shown)
    yield "a comment with the other object", made(head, b"%" + other.replace(b"\n", b" ") + b"\n" + shown)
    yield "a sign in the header", made(b"%d +0 " % number, shown)
    yield "a fraction in the header", made(b"%d 0.0 " % number, shown)
    yield "more in the header", made(head + b"7 ", shown)
    yield "a parenthesis in the header", made(b"%d (0) " % number, shown)
    yield "bytes before the object", made(b"%d %d " % (number, len(other) + 1), other + b" " + shown)
    yield "bytes behind the object", made(head, shown + b" " + other)
    yield "a word behind the object", made(head, shown + b" endobj")
    yield "the object cut off", made(head, shown[:-2])
    yield "an offset beyond", made(b"%d 9000 " % number, shown)
    yield "an offset inside a token", made(b"%d 4 " % number, b"trueX" + shown)
    free = f.size(data) + 2
    rows = (b"\2" + f.size(data).to_bytes(4, "big") + b"\0\1",)
    two = b"%d %d %d 0 " % (number, len(other) + 1, free)
    yield "offsets that go down", made(two, other + b" " + shown, count=2, extra=rows)
    same = b"%d 0 %d 0 " % (number, free)
    yield "two objects at one place", made(same, shown, count=2, extra=rows)
    within = b"%d 0 %d 3 " % (number, free)
    yield "an object inside another", made(within, shown, count=2, extra=rows)
    gap = b"%d 0 %d %d " % (number, free, len(shown) + len(other) + 2)
    yield "an object between two", made(gap, shown + b" " + other + b" (x)", count=2, extra=rows)
    twice = b"%d 0 %d %d " % (number, number, len(shown) + 1)
    yield "one number twice", made(twice, shown + b" " + other, count=2)
    for name, told in {
            "N a fraction": b"/N 1.0 /First %d", "First a fraction": b"/N 1 /First %d.0",
            "N too large": b"/N 2 /First %d", "N nothing": b"/N 0 /First %d",
            "N negative": b"/N -1 /First %d", "no N": b"/First %d",
            "N elsewhere": b"/N 2 0 R /First %d", "N true": b"/N true /First %d"}.items():
        yield name, made(head, shown, told=told % len(head))
    for name, told in {"no First": b"/N 1", "First elsewhere": b"/N 1 /First 2 0 R", "First null": b"/N 1 /First null",
                       "First negative": b"/N 1 /First -1", "First 0": b"/N 1 /First 0"}.items():
        yield name, made(head, shown, told=told)
    coded = later.predicted(head + shown)
    for name, keys in {
            "a short name of the parameters": b"/DP <</Predictor 12 /Columns 8>>", "an external file": b"/F (x)",
            "a short name of the filter": b"/F /FlateDecode", "an unknown filter": b"/Filter /Foo",
            "a filter elsewhere": b"/Filter 2 0 R", "two filters": b"/Filter [/FlateDecode /FlateDecode]",
            "parameters elsewhere": b"/Filter /FlateDecode /DecodeParms 2 0 R"}.items():
        yield name, made(head, shown, keys=keys)
    packed = later.packed_text(coded)
    for name, keys in {
            "columns a fraction": b"<</Predictor 12 /Columns 8.0>>",
            "a predictor a fraction": b"<</Predictor 12.0 /Columns 8>>",
            "a predictor for pictures": b"<</Predictor 2 /Columns 8>>", "colours a fraction":
            b"<</Predictor 12 /Columns 8 /Colors 1.5>>"}.items():
        yield name, later.repacked(data, number, packed, len(head), keys=b"/Filter /FlateDecode /DecodeParms " + keys)
    plain = later.packed_text(head + shown)
    for name, inner, keys in (
            ("parameters that are not listed as the filter is", packed, b"[/FlateDecode] /DecodeParms " + PREDICTED),
            ("parameters listed and the filter not", plain, b"/FlateDecode /DecodeParms [%b]" % PREDICTED),
            ("parameters in an empty list", plain, b"[/FlateDecode] /DecodeParms []"),
            ("a number for parameters", plain, b"/FlateDecode /DecodeParms 5"),
            ("a number for parameters in a list", plain, b"[/FlateDecode] /DecodeParms [5]"),
            ("a predictor that is true", plain, b"/FlateDecode /DecodeParms <</Predictor true>>"),
            ("a list of nothing", head + shown, b"[null]"), ("a string", plain, b"(FlateDecode)")):
        yield name, later.repacked(data, number, inner, len(head), keys=b"/Filter " + keys)
    yield "data behind what is compressed", later.repacked(
        data, number, later.packed_text(head + shown) + b"x", len(head), keys=b"/Filter /FlateDecode")
    yield "a stream of another generation", made(head, shown, generation=1)
    yield "another type", made(head, shown, told=b"/Type2 /X /N 1 /First %d" % len(head)).replace(
        b"/Type /ObjStm", b"/Type /ObjSt_")


PACKS = dict(_packs())


@pytest.mark.parametrize("name", list(PACKS))
@pytest.mark.parametrize("who", ["evidence", "signer"])
def test_an_object_stream_that_readers_take_apart_differently_is_not_genuine(name: str, who: str) -> None:
    report = judged(PACKS[name] if who == "evidence" else later.signer(PACKS[name], {}))
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


def test_whoever_has_no_key_puts_nothing_of_before_into_an_object_stream() -> None:
    assert judged(later.signer(_packed_again(), {})).verdict is VALID
    for data in (_packed_again(), later.timestamp(_packed_again(), {})):
        report = judged(data)
        assert report.verdict is Verdict.INDETERMINATE
        assert "fpdf.beyond-evidence" in codes(report)


# -- objects that read otherwise, or in another way


PAGE_NULLS = ("Resources", "CropBox", "MediaBox", "Rotate", "UserUnit", "Group", "Metadata", "B", "Thumb", "AA", "Dur")
FORM_KEYS = (b"/NeedAppearances false", b"/NeedAppearances null", b"/XFA null", b"/CO []", b"/Q 0", b"/Q null")
CATALOG_KEYS = (b"/Outlines null", b"/OCProperties null", b"/OpenAction null", b"/Names null", b"/AA null",
                b"/ViewerPreferences <<>>", b"/Lang (x)", b"/PageLayout /SinglePage", b"/Collection null",
                b"/Perms null",
                b"/Extensions null", b"/Version null", b"/Version (2.0)", b"/NeedsRendering false", b"/DPartRoot null")


def _changed() -> Iterator[tuple[str, Make]]:
    for key in PAGE_NULLS:
        for value in (b"null", b"99 0 R", b"0 0 R") if key in PAGE_NULLS[:4] else (b"null",):
            told = b"/%b %b" % (key.encode(), value)
            yield from everybody(f"page with {told.decode()}", later.inheriting, (
                lambda data, told=told: with_keys(data, 3, told)))  # type: ignore[misc]
    for old, new in ((b"/Count 1", b"/Count 1.0"), (b"/Rotate 90", b"/Rotate 90.0"), (b"/Rotate 90", b"/Rotate 450"),
                     (b"/Kids [3 0 R]", b"/Kids [3 0 R null]"), (b"/CropBox", b"/CropBex"), (b"[3 0 R]", b"[3 1 R]")):
        yield from everybody(f"node with {new.decode()}", later.inheriting, lambda data, old=old, new=new: swapped(
            data, 2, old, new))
    for key in (b"BitsPerComponent 8", b"Width 40", b"Height 40"):
        for form in (b"%b.0", b"%b.", b"+%b.0", b"%b0"):
            told = key.split()[0] + b" " + form % key.split()[1]
            yield from everybody(f"picture with {told.decode()}", later.pictured, (
                lambda data, key=key, told=told: swapped(data, 5, b"/" + key, b"/" + told)))  # type: ignore[misc]
    for key in (b"/Decode null", b"/SMask null", b"/Mask null", b"/Interpolate null", b"/ImageMask null", b"/F null",
                b"/DecodeParms null", b"/DP <<>>", b"/OC null", b"/Intent null", b"/Alternates null", b"/Length null"):
        yield from everybody(f"picture with {key.decode()}", later.pictured, lambda data, key=key: {  # type: ignore[misc]
            5: re.sub(rb">>\s*stream", key + b">>\nstream", text(data, 5), count=1)})
    for key in FORM_KEYS:
        yield from everybody(f"form with {key.decode()}", f.with_form, lambda data, key=key: with_keys(
            data, f.number_of(data, b"AcroForm"), key))
    for key in CATALOG_KEYS:
        yield from everybody(f"catalog with {key.decode()}", f.by_hand, lambda data, key=key: with_keys(
            data, f.root(data), key))
    for old, new in ((b"/Helvetica", b"/Symbol"), (b"/Type1", b"/Type3"), (b"/BaseFont", b"/ToUnicode null /BaseFont"),
                     (b"/BaseFont", b"/Encoding null /BaseFont")):
        yield from everybody(f"font with {new.decode()}", f.approved, lambda data, old=old, new=new: swapped(
            data, 2, old, new))


def _listed() -> Iterator[tuple[str, Make]]:
    """An annotation that stands in the list itself: what Python takes for equal, readers do not."""
    for old, new in ((b"/F 2", b"/F 2.0"), (b"/F 2", b"/F 2."), (b"/F 2 ", b"/F null "), (b"[50 550", b"[50.0 550"),
                     (b"/F 2 ", b"")):
        yield from appended(f"a listed annotation with {new.decode()}", later.annotated, (
            lambda data, old=old, new=new: swapped(data, 3, old, new)), "timestamp", "signer")  # type: ignore[misc]
    yield from appended("a listed annotation twice", later.annotated, lambda data: {3: re.sub(
        rb"/Annots \[(.*)\]>>\Z", rb"/Annots [\1 \1]>>", text(data, 3), flags=re.DOTALL)}, "timestamp", "signer")


def _respelt() -> Iterator[tuple[str, Make]]:
    """The same values in another spelling: a signer may, others have no reason to."""
    for name, old, new in (
            ("an escape", b"/MediaBox", b"/Medi#61Box"), ("an escape in a value", b"/Type /Page", b"/Type /P#61ge"),
            ("a comment", b"/MediaBox", b"% x\n/MediaBox"),
            ("a comment that ends in a return", b"/MediaBox", b"% x\r/MediaBox"),
            ("a null byte", b"/MediaBox", b"\0/MediaBox"), ("a form feed", b"/MediaBox", b"\x0c/MediaBox"),
            ("a sign", b"[ 0 0 ", b"[ +0 0 "), ("a long number", b"[ 0 0 ", b"[ 000000000000 0 "),
            ("a long fraction", b"595.2756", b"595.2756" + b"0" * 20), ("a fraction", b"[ 0 0 ", b"[ 0.0 0 ")):
        yield from outsiders(f"a page with {name}", f.approved, lambda data, old=old, new=new: swapped(
            data, f.page(data, 2), old, new))
    for name, new in (("a return before the data", b"stream\r\n"), ("a blank before the data", b"\x0c\nstream\n")):
        yield from outsiders(f"content with {name}", f.approved, lambda data, new=new: swapped(
            data, f.number_of(data, b"Contents", f.page(data, 2)), b"stream\n", new))
    yield from outsiders("content written again", f.approved, lambda data: {
        number: text(data, number) for number in (f.number_of(data, b"Contents", f.page(data)),)})
    yield from outsiders("page tagged", f.approved, lambda data: with_keys(data, f.page(data, 2), b"/Tabs /S"))
    yield from outsiders("page with a tag", f.approved, lambda data: with_keys(data, f.page(data), b"/StructParents 1"))
    yield from outsiders("page with more resources", f.approved, lambda data: swapped(
        data, f.page(data, 2), b"/ProcSet", b"/XObject <<>> /ProcSet"))
    yield from outsiders("an object that nothing uses", f.approved, lambda data: {f.size(data): b"<</Type /Page>>"})


def _info() -> Iterator[tuple[str, Make]]:
    new = b"(D:20260101000000Z)"
    for name, keys in {
            "a program elsewhere": b"/Producer [%d 0 R]", "a program by reference": b"/Producer %d 0 R",
            "a program that is a name": b"/Producer /Evil", "a program with more": b"/Producer <</A %d 0 R>>",
            "a program null": b"/Producer null", "no time": b"/Producer (x) /Title (y)",
            "a time by reference": b"/ModDate %d 0 R",
    }.items():
        def change(data: bytes, keys: bytes = keys) -> Objects:
            number, more = f.number_of(data, b"Info"), f.size(data)
            key = re.findall(rb"/\w+", keys)[0]
            had = re.sub(rb"%b \([^)]*\)" % key, b"", text(data, number))
            had = had if key == b"/ModDate" else re.sub(rb"/ModDate \([^)]*\)", b"/ModDate " + new, had)
            told = keys % more if b"%d" in keys else keys
            return {number: had[:-2] + told + b">>", more: f.FAKE}
        yield from everybody(f"information: {name}", f.approved, change)


ALTERED = dict([*_changed(), *_listed(), *_respelt(), *_info()])


@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in ALTERED.items()])
def test_an_object_that_reads_otherwise_is_not_genuine(made: Make) -> None:
    report = judged(made())
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


# -- strings of which readers make different bytes

TABLE = b"<%b>" % later.PALETTE.hex().encode()
ODD_STRINGS = {
    "a return": later.literal(later.PALETTE, b"\r"), "a return and a line feed": later.literal(later.PALETTE, b"\r\n"),
    "a line feed": later.literal(later.PALETTE, b"\n"), "a line that goes on": later.literal(later.PALETTE, b"\\\n\\n"),
    "two digits": later.literal(later.PALETTE, b"\\12"), "beyond a byte": later.literal(later.PALETTE, b"\\412"),
    "a null byte": TABLE.replace(b"ff", b"f\0f", 1),
}
COMMON_STRINGS = {
    "digits": TABLE.upper(), "digits in groups": TABLE.replace(b"ff", b"ff "),
    "escapes": later.literal(later.PALETTE, b"\\n"), "octal escapes": later.literal(later.PALETTE, b"\\012"),
}


@pytest.mark.parametrize("who", WAYS)
@pytest.mark.parametrize("name", ODD_STRINGS)
def test_colours_told_by_a_string_that_readers_read_differently_are_not_genuine(name: str, who: str) -> None:
    report = judged(WAYS[who](later.coloured(TABLE), {5: later.palette(ODD_STRINGS[name])}))
    assert report.verdict is not VALID, sorted(codes(report))


@pytest.mark.parametrize("who", WAYS)
@pytest.mark.parametrize(("was", "now"), [
    *((TABLE, told) for told in COMMON_STRINGS.values()), *((told, told) for told in ODD_STRINGS.values()),
], ids=[*COMMON_STRINGS, *ODD_STRINGS])
def test_colours_told_again_so_that_all_read_the_same_are_genuine(was: bytes, now: bytes, who: str) -> None:
    report = judged(WAYS[who](later.coloured(was), {5: later.palette(now)}))
    assert report.verdict is VALID, sorted(codes(report))


# -- cross-references for which readers repair a file


Section = Callable[[bytes], bytes]


def _edited(old: bytes, new: bytes) -> Section:
    """The last section with other bytes in it."""
    def make(data: bytes) -> bytes:
        at = data.rindex(old)
        return data[:at] + new + data[at + len(old):]
    return make


def _sized(size: int, part: bytes = b"") -> Section:
    """Another size, and one part more."""
    def make(data: bytes) -> bytes:
        at = data.rindex(b"trailer")
        return data[:at] + part + re.sub(rb"/Size \d+", b"/Size %d" % size, data[at:], count=1)
    return make


def _ended(start: bytes, stop: bytes = b"\n") -> Section:
    """Other bytes before and behind the number at the end."""
    return lambda data: re.sub(rb"startxref\n(\d+)\n%%EOF\n\Z", lambda end: (
        b"startxref" + start + end[1] + stop + b"%%EOF\n"), data)


def _streamed(**options: Any) -> Section:
    return lambda data: later.streamed(data, **options)


def _identified(told: bytes) -> Section:
    """Other identifiers."""
    return lambda data: data[:w.last_section(data)] + re.sub(
        rb"trailer\n?<<", lambda found: found[0] + b"/ID [%b] " % told,
        re.sub(rb"/ID ?\[[^\]]*\]", b"", data[w.last_section(data):]))


def _free(number: int) -> bytes:
    return b"%d 1\n0000000000 00000 f \n" % number


WRONG: dict[str, Section] = {
    "1500 line ends before the number": _ended(b"\n" * 1500), "1500 before the end": _ended(b"\n", b"\n" * 1500),
    "a null byte before the number": _ended(b"\0"), "a null byte before the end": _ended(b"\n", b"\0"),
    "a size beyond all numbers": _sized(8_388_609), "a size far beyond": _sized(99_999_999),
    "a free number beyond all": _edited(b"trailer", _free(9_999_999) + b"trailer"),
    "a free number beyond all, and the size": _sized(10_000_000, _free(9_999_999)),
    "an empty part beyond all": _edited(b"trailer", b"9999999 0\ntrailer"),
    "a free row beyond all": _streamed(free=9_000_000), "a free row far beyond": _streamed(
        free=9_000_000_000, widths=(1, 8, 2)),
    **{f"rows of {widths}": _streamed(widths=widths) for widths in ((8, 8, 8), (8, 4, 2), (4, 4, 4), (2, 4, 2),
                                                                    (1, 4, 3))},
    "an empty run beyond all": _streamed(run=b"8388608 0"), "an empty run far beyond": _streamed(run=b"99999999 0"),
    "an empty part just beyond all": _edited(b"trailer", b"8388608 0\ntrailer"),
    "a key that ends at a null byte": _edited(b"/Size", b"/Root#00 1 0 R /Size"),
    "a key with a null byte in it": _edited(b"/Size", b"/Encrypt#00x 1 0 R /Size"),
    "a key of a stream that ends at a null byte": _streamed(keys=b"/Root#00 1 0 R"),
    "a first free number of 64 bits": _streamed(widths=(1, 8, 2), first=2**64 - 1),
    "a first free number of eleven digits": _streamed(widths=(1, 8, 2), first=10**10),
    "a stream that is no object": _streamed(own=0), "a stream that is no object, unlisted": _streamed(
        own=0, listed=False),
    **{f"a stream that bears the number {number} of another object": _streamed(own=number, listed=False)
       for number in range(1, 8)},
    **{f"parameters {told.decode()}": _streamed(parameters=b"<</Columns 7 %b>>" % told) for told in (
        b"/Predictor 1 /Colors null", b"/Predictor 1 /Colors true", b"/Colors ()", b"/Colors /A", b"/Colors []",
        b"/Colors 99 0 R", b"/Colors 1.0", b"/BitsPerComponent null", b"/Predictor null", b"/Predictor 1.0", b"/K 0",
        b"/Colors -1")},
}
"""What makes one reader or another repair, wherever it stands."""
ODD: dict[str, Section] = {
    "a form feed before the number": _ended(b"\x0c"), "40 line ends": _ended(b"\n" * 40),
    "one line": _ended(b" ", b" "),
    "500 blanks before the end": _edited(b"startxref", b" " * 500 + b"startxref"),
    "a long comment before the end": _edited(b"startxref", b"%" + b"x" * 3000 + b"\nstartxref"),
    "a large size": _sized(60_000), "a free number and a large size": _sized(9001, _free(9000)),
    "an empty part": _edited(b"trailer", b"500 0\ntrailer"), "an empty part at 0": _edited(b"trailer", b"0 0\ntrailer"),
    "two blanks in a part": lambda data: data[:w.last_section(data)] + re.sub(
        rb"(?m)^(\d+) 1$", rb"\1  1", data[w.last_section(data):]),
    "zeros in a part": lambda data: data[:w.last_section(data)] + re.sub(
        rb"(?m)^(\d+) 1$", rb"0\1 1", data[w.last_section(data):]),
    "a form feed before the trailer": _edited(b"trailer", b"\x0ctrailer"),
    "parameters null": _streamed(keys=b"/DecodeParms null"), "no filter": _streamed(keys=b"/Filter []"),
    "parameters of no filter": _streamed(keys=b"/DecodeParms <</Predictor 12 /Columns 7>>"),
    "three identifiers": _identified(b"<00> <00> <00>"), "an identifier that is none": _identified(b"1 2"),
    "an identifier of 300 bytes": _identified(b"<%b>" % (b"00" * 300)),
    "a filter null": _streamed(keys=b"/Filter null"),
    "a first free number of 32 bits": _streamed(first=2**32 - 1),
    "a first free number of ten digits": _edited(b"\nxref\n", b"\nxref\n0 1\n9999999999 65535 f \n"),
    "an empty run": _streamed(run=b"500 0"), "an empty run at 0": _streamed(run=b"0 0"),
    "an empty run at the last number": _streamed(run=b"8388607 0"),
    "a stream of a number beyond": _streamed(listed=False, own=50, size=50),
}
"""What signing programs do not write; files that were not signed yet may hold it."""
USUAL: dict[str, Section] = {
    "a table": bytes, "returns and line feeds": _ended(b"\r\n", b"\r\n"), "returns": _ended(b"\r", b"\r"),
    "the number 0": _edited(b"\nxref\n", b"\nxref\n0 1\n0000000000 65535 f \n"), "a stream": _streamed(),
    "a stream with the number 0": _streamed(first=7),
    "a stream of wide rows": _streamed(widths=(1, 8, 2)), "a stream of narrow rows": _streamed(widths=(1, 3, 1)),
    "a stream packed without predictor": _streamed(parameters=b"<</Predictor 1 /Columns 7 /Colors 1>>"),
    "a packed stream": _streamed(packed=True), "a stream that does not list itself": _streamed(listed=False),
}


@pytest.mark.parametrize("name", [*WRONG, *ODD])
@pytest.mark.parametrize("who", list(WAYS))
def test_a_later_cross_reference_for_which_readers_repair_the_file_is_not_genuine(name: str, who: str) -> None:
    report = judged(later.written(who, f.approved(), {**WRONG, **ODD}[name]))
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


@pytest.mark.parametrize("name", list(USUAL))
@pytest.mark.parametrize("who", list(WAYS))
def test_a_later_cross_reference_as_programs_write_it_is_genuine(name: str, who: str) -> None:
    report = judged(later.written(who, f.approved(), USUAL[name]))
    assert report.verdict is VALID, sorted(codes(report))


def test_a_signing_program_may_tell_its_name_before_the_end() -> None:
    named = _edited(b"startxref", b"%Some-Program-7.1.15\nstartxref")
    assert judged(later.written("signer", f.approved(), named)).verdict is VALID


@pytest.mark.parametrize("name", [*WRONG, *ODD, *USUAL])
def test_a_cross_reference_that_was_there_before_signing_may_be_odd_and_not_wrong(name: str) -> None:
    data = w.plain()
    data = {**WRONG, **ODD, **USUAL}[name](w.update(data, [(2, text(data, 2))]))
    report = judged(w.by_openssl(data))
    assert (report.verdict is VALID) == (name not in WRONG), sorted(codes(report))
    assert not codes(report) & {"fpdf.xref", "fpdf.xref-odd"} or name in WRONG


def test_a_table_behind_a_stream_is_doubted_whoever_wrote_it() -> None:
    """Ghostscript repairs such a file, and then takes what lies packed for the newest; the other way round nobody does.
    """
    signed = w.sign(w.packed(), stamped=True)
    assert judged(signed).verdict is VALID
    evidence = f.with_evidence(signed, CRLs=[world().trust().crls[1].der])
    assert judged(evidence).verdict is VALID
    number, root = f.size(evidence), f.root(evidence)
    tabled = w.update(signed, [(root, w.object_of(evidence, root)), *(
        (one, w.object_of(evidence, one)) for one in range(f.size(signed), number - 1))], tabled=True)
    report = judged(tabled)
    assert report.verdict is not VALID and "fpdf.xref-odd" in codes(report)


# -- lengths that stand elsewhere


@pytest.mark.parametrize("kind", ["content", "picture", "pack"])
@pytest.mark.parametrize("value", [b"8", b"null", b"99999", b"%d.0"])
@pytest.mark.parametrize("who", ["evidence", "signer"])
def test_a_length_that_changes_is_not_genuine(kind: str, value: bytes, who: str) -> None:
    data = later.measured(kind)
    told = value % int(text(data, 9)) if b"%d" in value else value
    report = judged(WAYS[who](data, {9: told}))
    assert report.verdict is not VALID, sorted(codes(report))


# -- tables and streams that say different things


def _hybrids() -> Iterator[tuple[str, Make]]:
    data = f.approved()
    content = f.number_of(data, b"Contents", f.page(data))
    named = {"content": content, "page": f.page(data, 2), "font": 2, "pages": f.number_of(data, b"Pages")}
    for name, number in named.items():
        at, free = later.place_of(data, number), b"%d 1\n0000000000 00001 f \n" % number
        body = text(data, number)
        yield f"{name} free in the table", lambda number=number, free=free, at=at: later.hybrid(  # type: ignore[misc]
            data, number, table=free, place=at)
        yield f"{name} elsewhere in the stream", lambda number=number, body=body: later.hybrid(  # type: ignore[misc]
            data, number, table=b"", body=body)
        yield f"{name} in both, at two places", lambda number=number, body=body, at=at: later.hybrid(  # type: ignore[misc]
            data, number, table=b"%d 1\nHERE 00000 n \n" % number, place=at, body=body)
        yield f"{name} of no place in the table", lambda number=number, at=at: later.hybrid(  # type: ignore[misc]
            data, number, table=b"%d 1\n0000000000 00000 n \n" % number, place=at)


HYBRIDS = dict(_hybrids())


@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in HYBRIDS.items()])
@pytest.mark.parametrize("who", ["evidence", "signer"])
def test_a_table_and_a_stream_that_differ_are_not_genuine(made: Make, who: str) -> None:
    report = judged(made() if who == "evidence" else later.signer(made(), {}))
    assert report.verdict is not VALID, sorted(codes(report))


# -- fields that draw where they should not


DRAWN = b"1 0 0 rg 0 0 300 300 re f"
PLACES = {"point": b"[200 600 200 600]", "corner": b"[0 0 0 0]", "point in fractions": b"[200.0 600 200. 600]",
          "line": b"[200 600 200 700]", "flat": b"[100 600 400 600]"}
PICTURES = {
    "a picture": b"/AP <</N %d 0 R>>", "a picture of a state": b"/AP <</N <</On %d 0 R>>>> /AS /On",
    "a picture of no state": b"/AP <</N <</On %d 0 R>>>>",
    "a picture of another state": b"/AP <</N <</On %d 0 R>>>> /AS /Off",
    "a picture when pressed": b"/AP <</D %d 0 R>>", "a picture when passed": b"/AP <</R %d 0 R>>",
    "a picture beside none": b"/AP <</N null /D %d 0 R>>", "a picture of an odd kind": b"/AP <</X %d 0 R>>",
}
BOXES = {"its box": b"/BBox [0 0 300 300]", "a box by numbers elsewhere": b"/BBox [0 0 300 300.0]",
         "a matrix of nothing": b"/BBox [0 0 300 300] /Matrix [0 0 0 0 0 0]", "no box": b""}


def _drawing(keys: bytes, data: bytes = DRAWN) -> bytes:
    return b"<</Type /XObject /Subtype /Form %b /Length %d>>\nstream\n%b\nendstream" % (keys, len(data), data)


SEEN = [*((place, picture, "its box") for place in PLACES for picture in PICTURES),
        *(("point", "a picture", box) for box in BOXES)]


@pytest.mark.parametrize(("place", "picture", "box"), SEEN)
@pytest.mark.parametrize("who", ["timestamp", "signer"])
def test_a_field_without_extent_that_has_a_picture_is_not_genuine(place: str, picture: str, box: str, who: str) -> None:
    data = f.approved()
    new = f.size(data)
    write = later.timestamp if who == "timestamp" else later.signer
    report = judged(write(data, {new: _drawing(BOXES[box])}, place=b"/F 4 /Rect %b %b" % (
        PLACES[place], PICTURES[picture] % new)))
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


FIELDS = {
    "a place on the page": b"/F 132 /Rect [100 600 200 700]", "a small place": b"/F 132 /Rect [100 600 100.01 600.01]",
    "a line": b"/F 132 /Rect [0 0 9 0]", "five sides": b"/F 132 /Rect [0 0 0 0 0]", "no place": b"/F 132",
    "sides elsewhere": b"/F 132 /Rect 99 0 R", "no leave": b"/F 2 /Rect [90 600 500 700]",
    "flags as a fraction": b"/F 132.0 /Rect [0 0 0 0]", "no flags": b"/Rect [0 0 0 0]",
    **{name: b"/F 132 /Rect [0 0 0 0] " + keys for name, keys in {
        "a frame": b"/Border [0 0 200] /C [1 0 0]", "a style": b"/BS <</W 200>>", "a ground": b"/MK <</BG [1 0 0]>>",
        "an action": b"/A <</S /URI /URI (x)>>", "actions": b"/AA null", "a window": b"/Popup 3 0 R",
        "kids": b"/Kids []", "a parent of nothing": b"/Parent null", "a state": b"/AS /On",
        "more text": b"/RV (x)", "layers": b"/OC null",
    }.items()},
}


@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in FIELDS.items()])
def test_the_field_of_a_timestamp_is_not_seen_and_does_nothing(place: bytes) -> None:
    report = judged(later.timestamp(f.approved(), {}, place=place))
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


@pytest.mark.parametrize("content", [b"", b"\n", b"% blank\n"])
def test_a_picture_without_content_is_let_pass(content: bytes) -> None:
    """Some programs give every field one."""
    data = f.approved()
    new = f.size(data)
    objects = {new: _drawing(b"/BBox [0.0 0.0 0.0 0.0]", content), new + 1: b"<</N %d 0 R>>" % new}
    for told in (b"%d 0 R" % (new + 1), b"<</N %d 0 R>>" % new):
        used = objects if told.startswith(b"%d" % (new + 1)) else {new: objects[new]}
        for write in (later.timestamp, later.signer):
            report = judged(write(data, used, place=b"/F 132 /Rect [0 0 0 0] /AP " + told))
            assert report.verdict is VALID, sorted(codes(report))


# -- whose field it is


def _by_name(data: bytes, name: bytes) -> bytes:
    return w.stamp_by_hand(data, name=name)


NAMES: dict[str, Make] = {
    "the name of a text field, by a timestamp": lambda: _by_name(f.with_form(), b"amount"),
    "a name below a text field": lambda: _by_name(f.with_form(), b"amount.x"),
    "the name of the signature": lambda: _by_name(f.with_form(), b"Sig1"),
    "no name": lambda: _by_name(f.with_form(), b""),
    "the name of a text field, by a signer": lambda: w.by_openssl(f.with_form(), world().second, name=b"amount"),
    **{f"{kind} as parent, by {who}": lambda keys=keys, write=write: write(f.with_form(), {}, field_keys=keys)  # type: ignore[misc]
       for who, write in {"timestamp": later.timestamp, "signer": later.signer}.items()
       for kind, keys in {
           "a text field": b"/Parent %d 0 R" % number_with(f.with_form(), b"(amount)"),
           "the signature": b"/Parent %d 0 R" % number_with(f.with_form(), b"(Sig1)"),
           "the page": b"/Parent %d 0 R" % f.page(f.with_form()), "nothing": b"/Parent 99 0 R",
           "itself by nothing": b"/Parent null"}.items()},
    **{f"{kind} as kid, by {who}": lambda keys=keys, write=write: write(f.with_form(), {}, field_keys=keys)  # type: ignore[misc]
       for who, write in {"timestamp": later.timestamp, "signer": later.signer}.items()
       for kind, keys in {"a text field": b"/Kids [%d 0 R]" % number_with(f.with_form(), b"(amount)"),
                          "the signature": b"/Kids [%d 0 R]" % number_with(f.with_form(), b"(Sig1)")}.items()},
}


@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in NAMES.items()])
def test_a_new_field_that_readers_may_take_for_an_old_one_is_not_genuine(made: Make) -> None:
    report = judged(made())
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


def _prepared(box: tuple[int, int, int, int] = (300, 100, 450, 150)) -> bytes:
    return w.sign(w.with_field(w.plain(), "Authority", box))


def _filled(picture: bytes, flags: bytes = b"", box: tuple[int, int, int, int] = (300, 100, 450, 150), *,
            kind: str = "timestamp") -> bytes:
    """The prepared field signed, or stamped, with a picture of its own."""
    data = _prepared(box)
    field = number_with(data, b"(Authority)")
    new = f.size(data)
    old = re.sub(rb"/AP <<.*?>>|/AP \d+ 0 R", b"", text(data, field), flags=re.DOTALL)
    old = re.sub(rb"/F \d+", flags, old) if flags else old
    drawn = {field: old[:-2] + b" /V %d 0 R /AP <</N %d 0 R>>>>" % (new + 2, new), new: picture}
    gap = b"<" + b"0" * 16000 + b">"
    sort = b"DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161" if kind == "timestamp" else (
        b"Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached")
    value = b"<</Type /%b /ByteRange [0 ********** ********** **********] /Contents %b>>" % (sort, gap)
    out = w.update(data, [(new + 2, value), (new + 1, b"null"), *drawn.items()])
    start = out.rindex(gap)
    end = start + len(gap)
    out = out.replace(b"********** ********** **********", b"%010d %010d %010d" % (start, end, len(out) - end))
    covered = out[:start] + out[end:]
    made = pdf_world.token(covered) if kind == "timestamp" else pdf_world.openssl_cms(covered, world().second)
    return out[:start + 1] + made.hex().encode().ljust(len(gap) - 2, b"0") + out[end - 1:]


GOOD = _drawing(b"/BBox [0 0 150 50]", b"0 0 150 50 re S")
TAKEN: dict[str, Make] = {
    "a timestamp with a picture": lambda: _filled(GOOD),
    "a timestamp with an empty picture": lambda: _filled(_drawing(b"/BBox [0 0 0 0]", b"")),
    "a timestamp with a picture, then a signer": lambda: later.signer(_filled(GOOD), {}),
    "a timestamp in a place that is none": lambda: _filled(GOOD, box=(0, 0, 0, 0)),
    "a signer, not scaled": lambda: _filled(GOOD, b"/F 12", kind="signer"),
    "a signer, not turned": lambda: _filled(GOOD, b"/F 20", kind="signer"),
    "a signer, flags a fraction": lambda: _filled(GOOD, b"/F 4.0", kind="signer"),
    "a signer, a box of nothing": lambda: _filled(_drawing(b"/BBox [0 0 0 0]"), kind="signer"),
    "a signer, a flat box": lambda: _filled(_drawing(b"/BBox [0 0 9 0]"), kind="signer"),
    "a signer, no box": lambda: _filled(_drawing(b""), kind="signer"),
    "a signer, a matrix of nothing": lambda: _filled(_drawing(b"/BBox [0 0 9 9] /Matrix [0 0 0 0 0 0]"), kind="signer"),
    "a signer, half a matrix": lambda: _filled(_drawing(b"/BBox [0 0 9 9] /Matrix [1 0 0]"), kind="signer"),
    "a signer in a place that is none": lambda: _filled(
        _drawing(b"/BBox [0 0 300 300]"), box=(0, 0, 0, 0), kind="signer"),
    "a signer in a place that is a line": lambda: _filled(
        _drawing(b"/BBox [0 0 300 300]"), box=(50, 50, 50, 90), kind="signer"),
}


def test_a_signer_may_show_his_picture_in_the_field_that_was_prepared() -> None:
    report = judged(_filled(GOOD, kind="signer"))
    assert report.verdict is VALID, sorted(codes(report))
    assert "fpdf.stamp-filled" in codes(report)


@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in TAKEN.items()])
def test_a_prepared_field_is_no_place_for_another_picture(made: Make) -> None:
    report = judged(made())
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)


# -- resources of the form


def _resources(told: bytes) -> Callable[[bytes], Objects]:
    """The font of the form told otherwise, ``%1`` the one that it was, ``%2`` one with more keys."""
    def make(data: bytes) -> Objects:
        form, new = f.number_of(data, b"AcroForm"), f.size(data)
        listed = text(data, form)
        old = re.findall(rb"/Helv (\d+) 0 R", listed)[0]
        font = text(data, int(old))[:-2] + b"/ToUnicode %d 0 R>>" % (new + 1)
        other = told.replace(b"%1", old + b" 0 R").replace(b"%2", b"%d 0 R" % new)
        return {form: f.swap(listed, b"/Helv %b 0 R" % old, other), new: font, new + 1: f.content(b"x")}
    return make


FONTS = dict([
    *everybody("a font exchanged for one with more keys", f.with_form, _resources(b"/Helv %2")),
    *everybody("a font written into the form", f.with_form, _resources(
        b"/Helv <</Type /Font /Subtype /Type1 /BaseFont /Symbol>>")),
    *everybody("a font taken away", f.with_form, _resources(b"/Other %1")),
    *everybody("a font null", f.with_form, _resources(b"/Helv null")),
    *outsiders("a font more", f.with_form, _resources(b"/Helv %1 /More %2")),
    *everybody("a font with more keys", f.with_form, lambda data: with_keys(
        data, int(re.findall(rb"/Helv (\d+) 0 R", data)[0]), b"/ToUnicode null")),
])


@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in FONTS.items()])
def test_resources_of_the_form_may_come_and_not_change(made: Make) -> None:
    report = judged(made())
    assert report.verdict is not VALID, sorted(codes(report))
    assert "fpdf.evidence-added" not in codes(report)
