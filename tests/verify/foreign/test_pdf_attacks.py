"""Attacks on signed PDFs of other writers, each with its answer: none is called genuine."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from certs.trust import Trust
from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_world
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import world
from verify import verify
from verify.model import Verdict
from verify.report import Report

INVALID, UNSURE = Verdict.INVALID, Verdict.INDETERMINATE
Case = tuple[str, Callable[[], bytes], Verdict, str]


def judged(data: bytes, trust: Trust | None = None, at: datetime | None = None) -> Report:
    """The report on a file, by the trust of the test's world."""
    return verify(data, trust=trust or world().trust(), name="file.pdf", at=at)


def codes(report: Report) -> set[str]:
    """All codes found."""
    return {each.reason.code for each in report.findings}


# -- universal signature forgery: a signature without what makes it one


def forged(*edits: tuple[bytes, bytes]) -> Callable[[], bytes]:
    """The signature dictionary written anew in a later revision, edited."""
    def make() -> bytes:
        data = f.approved()
        text = w.object_of(data, f.signature(data))
        for pattern, new in edits:
            assert re.search(pattern, text, re.DOTALL), pattern
            text = re.sub(pattern, new, text, flags=re.DOTALL)
        return w.update(data, [(f.signature(data), text)])
    return make


def forged_in_place(pattern: bytes, new: bytes) -> Callable[[], bytes]:
    """The signature dictionary edited where it stands, in the same room."""
    def make() -> bytes:
        data = f.approved()
        match = list(re.finditer(pattern, data, re.DOTALL))[-1]
        assert len(new) <= len(match[0])
        return data[:match.start()] + new.ljust(len(match[0])) + data[match.end():]
    return make


CONTENTS, RANGE = rb"/Contents <[0-9a-fA-F]*>", rb"/ByteRange \[[^\]]*\]"
UNIVERSAL: list[Case] = [
    ("no Contents", forged((CONTENTS, b"")), INVALID, "fpdf.no-contents"),
    ("Contents null", forged((CONTENTS, b"/Contents null")), INVALID, "fpdf.no-contents"),
    ("Contents empty", forged((CONTENTS, b"/Contents <>")), INVALID, "fpdf.no-contents"),
    ("Contents zero", forged((CONTENTS, b"/Contents <00>")), INVALID, "fpdf.no-contents"),
    ("Contents a number", forged((CONTENTS, b"/Contents 0")), INVALID, "fpdf.no-contents"),
    ("Contents zeros, in place", lambda: f.at_gap(lambda digits: b"0" * len(digits)), INVALID, "fpdf.no-contents"),
    ("Contents no CMS", lambda: f.at_gap(lambda digits: b"41" * (len(digits) // 2)), INVALID, "fpdf.no-contents"),
    ("no ByteRange", forged((RANGE, b"")), INVALID, "fpdf.byte-range"),
    ("ByteRange null", forged((RANGE, b"/ByteRange null")), INVALID, "fpdf.byte-range"),
    ("ByteRange empty", forged((RANGE, b"/ByteRange []")), INVALID, "fpdf.byte-range"),
    ("ByteRange zeros", forged((RANGE, b"/ByteRange [0 0 0 0]")), INVALID, "fpdf.byte-range"),
    ("ByteRange negative", forged((RANGE, b"/ByteRange [0 -1 0 -1]")), INVALID, "fpdf.byte-range"),
    ("ByteRange of floats", forged((RANGE, b"/ByteRange [0.0 1.0 2.0 3.0]")), INVALID, "fpdf.byte-range"),
    ("neither", forged((RANGE, b""), (CONTENTS, b"")), INVALID, "fpdf.no-contents"),
    ("ByteRange in place null", forged_in_place(RANGE, b"/ByteRange null"), INVALID, "fpdf.byte-range"),
    ("Contents in place null", forged_in_place(CONTENTS, b"/Contents null"), INVALID, "fpdf.no-contents"),
    ("no SubFilter", forged((rb"/SubFilter /[A-Za-z.]+", b"")), INVALID, "fpdf.byte-range"),
    ("the value is a number", lambda: f.changed(
        f.approved(), _field(f.approved()), (b"/V %d 0 R" % f.signature(f.approved()), b"/V 5")), INVALID,
     "fpdf.no-contents"),
]


def _field(data: bytes, name: bytes = b"Sig1") -> int:
    """The object of a signature field."""
    return int(re.findall(rb"(?m)^(\d+) 0 obj\s*<<(?:(?!endobj).)*?/T \(%b\)" % name, data, re.DOTALL)[-1])


# -- incremental saving: content appended behind the signature


def appended(body: bytes) -> Callable[[], bytes]:
    """Bytes behind the end of the signed file."""
    return lambda: f.approved() + body


def _evil_object() -> bytes:
    data = f.approved()
    return b"%d 0 obj\n%b\nendobj\n" % (f.number_of(data, b"Contents", f.page(data)), f.FAKE)


INCREMENTAL: list[Case] = [
    ("page text, a full revision", lambda: f.other_text(f.approved()), INVALID, "fpdf.page-changed"),
    ("page text, no end", lambda: f.other_text(f.approved())[:-6], INVALID, "fpdf.trailing-content"),
    ("object alone", lambda: f.approved() + _evil_object(), INVALID, "fpdf.trailing-content"),
    ("object and trailer", lambda: f.approved() + _evil_object() + b"trailer\n<</Root 1 0 R>>\n", INVALID,
     "fpdf.trailing-content"),
    ("object and end", lambda: f.approved() + _evil_object() + b"%%EOF\n", INVALID, "fpdf.trailing-content"),
    ("old startxref again", lambda: f.approved() + _evil_object() + re.findall(
        rb"startxref\s+\d+\s+%%EOF\s*", f.approved())[-1], INVALID, "fpdf.trailing-content"),
    ("no Prev", lambda: _without_prev(f.other_text(f.approved())), INVALID, "fpdf.trailing-content"),
    ("Prev past the signed revision", lambda: f.other_text(f.approved(), previous=_first_xref(f.approved())),
     UNSURE, "fpdf.stray-signature"),
    ("catalog replaced", lambda: _other_root(f.approved()), INVALID, "fpdf.page-changed"),
    ("an empty revision", lambda: w.update(f.approved(), []), UNSURE, "fpdf.uncovered-revision"),
    ("an object that nothing uses", lambda: w.update(f.approved(), [(f.size(f.approved()), b"(x)")]), UNSURE,
     "fpdf.uncovered-revision"),
    ("a copy of the signature", lambda: w.update(f.other_text(f.approved()), [
        (f.size(f.approved()), w.object_of(f.approved(), f.signature(f.approved())))]), INVALID, "fpdf.page-changed"),
    ("a second page tree", lambda: f.changed(f.approved(), f.root(f.approved()), (
        b"/Pages %d 0 R" % f.number_of(f.approved(), b"Pages"), b"/Pages %d 0 R" % f.page(f.approved()))),
     INVALID, "fpdf.page-changed"),
    ("page removed", lambda: _one_page(f.approved()), INVALID, "fpdf.page-changed"),
    ("page turned", lambda: f.changed(f.approved(), f.page(f.approved()), (b"/Rotate 0", b"/Rotate 180")), INVALID,
     "fpdf.page-changed"),
    ("font replaced", lambda: f.changed(f.approved(), 2, (b"/Helvetica", b"/Symbol")), INVALID, "fpdf.page-changed"),
]


def _without_prev(data: bytes) -> bytes:
    at = data.rindex(b"/Prev ")
    return data[:at] + b"/Xrev" + data[at + 5:]


def _first_xref(data: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", data)[0])


def _other_root(data: bytes) -> bytes:
    new = f.size(data)
    made = w.update(data, [(new, w.object_of(data, f.root(data)))])
    at = made.rindex(b"/Root ")
    return made[:at] + re.sub(rb"/Root \d+", b"/Root %d" % new, made[at:])


def _one_page(data: bytes) -> bytes:
    number = f.number_of(data, b"Pages")
    return f.changed(data, number, (b" %d 0 R" % f.page(data, 2), b""), (b"/Count 2", b"/Count 1"))


# -- wrapping, /Contents and /ByteRange forms


def _spaced(digits: bytes) -> bytes:
    return digits[:-2] + b" \n"


def _mixed(digits: bytes) -> bytes:
    place = re.search(rb"[a-f]", digits.lower())
    assert place is not None
    at = place.start()
    return digits[:at] + digits[at:at + 1].swapcase() + digits[at + 1:]


FORMS: list[Case] = [
    ("wrapping", lambda: f.wrapped(moved=False), INVALID, "fpdf.digest"),
    ("wrapping, range moved", lambda: f.wrapped(moved=True), INVALID, "fpdf.byte-range"),
    ("first range short", lambda: f.ranged(_ranges(1, -1)), INVALID, "fpdf.byte-range"),
    ("first range long", lambda: f.ranged(_ranges(1, 1)), INVALID, "fpdf.byte-range"),
    ("second range early", lambda: f.ranged(_ranges(2, -1)), INVALID, "fpdf.byte-range"),
    ("second range late", lambda: f.ranged(_ranges(2, 1)), INVALID, "fpdf.byte-range"),
    ("second range short", lambda: f.ranged(_ranges(3, -1)), INVALID, "fpdf.digest"),
    ("second range beyond the file", lambda: f.ranged(_ranges(3, 1)), INVALID, "fpdf.byte-range"),
    ("start behind the header", lambda: f.ranged(_ranges(0, 1)), INVALID, "fpdf.byte-range"),
    ("six numbers", lambda: f.ranged(_ranges(0, 0)[:-1] + b" 9 9]"), INVALID, "fpdf.byte-range"),
    ("huge numbers", lambda: f.ranged(b"[0 99999999999 1 2]"), INVALID, "fpdf.byte-range"),
    ("one digit in the other case", lambda: f.at_gap(_mixed), UNSURE, "fpdf.contents-form"),
    ("blanks in the padding", lambda: f.at_gap(_spaced), UNSURE, "fpdf.contents-form"),
    ("padding not zero", lambda: f.at_gap(lambda digits: digits[:-2] + b"ff"), UNSURE, "fpdf.contents-form"),
    ("one bit of the page", lambda: f.approved().replace(b"595.2756", b"595.2757", 1), INVALID, "fpdf.digest"),
    ("one bit of the version", lambda: f.approved().replace(b"%PDF-1.3", b"%PDF-1.4", 1), INVALID, "fpdf.digest"),
    ("a literal string", lambda: forged((CONTENTS, b"/Contents (0)"))(), INVALID, "fpdf.byte-range"),
    ("contents elsewhere", lambda: _contents_elsewhere(), INVALID, "fpdf.no-contents"),
    ("two fields, one signature", lambda: _second_field(f.approved()), INVALID, "fpdf.page-changed"),
    ("unsigned field in place of the signed", lambda: f.changed(f.approved(), _field(f.approved()), (
        b"/V %d 0 R" % f.signature(f.approved()), b"")), UNSURE, "fpdf.no-signature"),
    ("form removed", lambda: f.changed(f.approved(), f.root(f.approved()), (b"/AcroForm", b"/AcroFxxx")), UNSURE,
     "fpdf.no-signature"),
    ("field emptied in the list", lambda: w.update(f.approved(), [
        (f.number_of(f.approved(), b"AcroForm"), b"<</Fields [] /SigFlags 3>>")]), UNSURE, "fpdf.no-signature"),
]


def _ranges(place: int, by: int) -> bytes:
    data = f.approved()
    start, end = f.gap(data)
    values = [0, start, end, len(data) - end]
    values[place] += by
    return b"[%d %d %d %d]" % tuple(values)


def _contents_elsewhere() -> bytes:
    data = f.approved()
    start, end = f.gap(data)
    new = f.size(data)
    text = w.object_of(data, f.signature(data)).replace(data[start:end], b"%d 0 R" % new)
    return w.update(data, [(new, data[start:end]), (f.signature(data), text)])


def _second_field(data: bytes) -> bytes:
    number = f.number_of(data, b"AcroForm")
    new = f.size(data)
    form = re.sub(rb"/Fields \[ ?", b"/Fields [%d 0 R " % new, w.object_of(data, number))
    return w.update(data, [(number, form), (new, w.object_of(data, _field(data)).replace(b"(Sig1)", b"(Sig0)"))])


# -- shadows: what was signed already held another content


def _overlaid() -> bytes:
    """A signed page whose text is covered by a picture that hides it."""
    data = w.plain()
    number, new = f.page(data), f.size(data)
    text = w.object_of(data, number)
    cover = f.content(b"1 1 1 rg 90 690 400 40 re f")
    shown = re.sub(rb"/Contents (\d+ 0 R)", rb"/Contents [\1 %d 0 R]" % new, text)
    return w.sign(w.update(data, [(new, cover), (number, shown)]))


def _two_trees() -> bytes:
    """A signed file with a second content that nothing shows yet."""
    data = w.plain()
    return w.sign(w.update(data, [(f.size(data), f.FAKE)]))


def _dangling() -> bytes:
    """A signed page that also draws an object which does not exist."""
    data = w.plain()
    number = f.page(data)
    shown = re.sub(rb"/Contents (\d+ 0 R)", rb"/Contents [\1 999 0 R]", w.object_of(data, number))
    return f.signed_by(w.update(data, [(number, shown)]))


def _twin() -> bytes:
    """A signed file in which the page's content was replaced before signing: the old one still lies there."""
    data = w.plain()
    return w.sign(f.other_text(data))


def _back(data: bytes) -> bytes:
    """A revision whose table alone revives the first content."""
    number = f.number_of(data, b"Contents", f.page(data))
    place = re.search(rb"(?m)^%d 0 obj" % number, data)
    assert place is not None
    made = w.update(data, [(number, b"null")])
    row = b"%d 1\n" % number
    at = made.rindex(row) + len(row)
    cut = made.rindex(b"%d 0 obj" % number)
    table = made.rindex(b"xref\n", 0, at)
    moved = made[:cut] + made[table:at] + b"%010d" % place.start() + made[at + 10:]
    end = moved.rindex(b"startxref")
    return moved[:end] + b"startxref\n%d\n%%%%EOF\n" % cut


SHADOWS: list[Case] = [
    ("hide: the cover freed", lambda: w.update(_overlaid(), [], free=(_cover(_overlaid()),)), INVALID,
     "fpdf.page-changed"),
    ("hide: the cover emptied", lambda: w.update(_overlaid(), [(_cover(_overlaid()), f.content(b" "))]), INVALID,
     "fpdf.page-changed"),
    ("hide: the cover no longer listed", lambda: _uncovered(_overlaid()), INVALID, "fpdf.page-changed"),
    ("replace: a field over the text", lambda: f.filled(f.with_form()), UNSURE, "fpdf.form-filled"),
    ("replace: the field's font", lambda: f.changed(f.with_form(), 4, (b"/Helvetica", b"/Symbol")), UNSURE,
     "fpdf.form-filled"),
    ("replace: default resources of the form", lambda: f.changed(
        f.with_form(), f.number_of(f.with_form(), b"AcroForm"), (b"Helv 0 Tf", b"Helv 9 Tf")), UNSURE,
     "fpdf.changed"),
    ("hide and replace: the hidden content shown", lambda: f.changed(_two_trees(), f.page(_two_trees()), (
        b"/Contents %d 0 R" % f.number_of(_two_trees(), b"Contents", f.page(_two_trees())),
        b"/Contents %d 0 R" % (f.size(w.plain())))), INVALID, "fpdf.page-changed"),
    ("hide and replace: table alone revives the old", lambda: _back(_twin()), INVALID, "fpdf.page-changed"),
    ("hide and replace: the same, as found", lambda: _back(_twin()), INVALID, "fpdf.xref-back"),
    ("hide: the cover under another generation", lambda: _renamed(_overlaid()), INVALID, "fpdf.page-changed"),
    ("hide: a size that leaves out objects", lambda: _small(_overlaid()), INVALID, "fpdf.xref"),
    ("an absent object supplied", lambda: w.update(_dangling(), [(999, f.FAKE)]), INVALID, "fpdf.page-changed"),
    ("a field prepared over all, then signed", lambda: w.sign(
        w.sign(w.with_field(w.plain(), "B", (0, 0, 590, 800))), world().second, name="B", existing=True), UNSURE,
     "fpdf.stamp-added"),
]


def _cover(data: bytes) -> int:
    return int(re.findall(rb"/Contents \[ ?\d+ 0 R (\d+) 0 R", data)[-1])


def _renamed(data: bytes) -> bytes:
    """The cover again, word for word, under generation 1: references to generation 0 now lead nowhere."""
    number = _cover(data)
    made = w.update(data, [(number, w.object_of(data, number))])
    at = made.rindex(b"%d 0 obj" % number)
    return made[:at] + made[at:].replace(b"%d 0 obj" % number, b"%d 1 obj" % number).replace(b" 00000 n", b" 00001 n")


def _small(data: bytes) -> bytes:
    """A revision that changes nothing, with a size below the number of the cover."""
    made = w.update(data, [])
    at = made.rindex(b"/Size ")
    return made[:at] + re.sub(rb"/Size \d+", b"/Size 5", made[at:], count=1)


def _uncovered(data: bytes) -> bytes:
    return f.changed(data, f.page(data), (b" %d 0 R" % _cover(data), b""))


# -- certifications: annotations and signatures that hide the content; what DocMDP and locks forbid


def _form_fill(level: int) -> Callable[[], bytes]:
    return lambda: f.filled(f.certified(level))


def _annotation(level: int) -> Callable[[], bytes]:
    return lambda: f.annotated(f.certified(level))


def _sneaky(level: int, stranger: bool = False) -> Callable[[], bytes]:
    who = world().stranger if stranger else world().second
    return lambda: _unchecked(f.certified(level), who)


def _unchecked(data: bytes, who: pdf_world.Party) -> bytes:
    """A visible signature over the first page, by a writer that does not ask for permission."""
    number, new, form = f.page(data), f.size(data), f.number_of(data, b"AcroForm")
    head = b"<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange [0 "
    hole = b"<" + b"0" * 9000 + b">"
    value = head + b"********** ********** **********] /Contents " + hole + b">>"
    field = (b"<</Type /Annot /Subtype /Widget /FT /Sig /T (Sneak) /F 132 /Rect [90 690 400 730] /P %d 0 R"
             b" /V %d 0 R /AP <</N %d 0 R>>>>" % (number, new, new + 2))
    picture = f.swap(f.FAKE, b"<<", b"<</Type /XObject /Subtype /Form /BBox [0 0 310 40] ")
    shown = re.sub(rb"/Annots \[", b"/Annots [%d 0 R " % (new + 1), w.object_of(data, number))
    listed = re.sub(rb"(/Fields \[[^\]]*)\]", rb"\1 %d 0 R]" % (new + 1), w.object_of(data, form))
    out = w.update(data, [(new, value), (new + 1, field), (new + 2, picture), (number, shown), (form, listed)])
    start = out.rindex(hole)
    end = start + len(hole)
    out = out.replace(b"********** ********** **********", b"%010d %010d %010d" % (start, end, len(out) - end))
    made = pdf_world.openssl_cms(out[:start] + out[end:], who)
    return out[:start + 1] + made.hex().encode().ljust(len(hole) - 2, b"0") + out[end - 1:]


def _locked() -> bytes:
    """Signed with a lock on the text field, which is then filled in."""
    from pyhanko.sign import fields

    data = w.with_field(w.plain(True), "L", field_mdp_spec=fields.FieldMDPSpec(
        fields.FieldMDPAction.INCLUDE, ["amount"]))
    return f.filled(w.sign(data, name="L", existing=True))


CERTIFIED: list[Case] = [
    ("evil annotation, P = 1", _annotation(1), INVALID, "fpdf.not-permitted"),
    ("evil annotation, P = 2", _annotation(2), INVALID, "fpdf.not-permitted"),
    ("evil annotation, P = 3", _annotation(3), UNSURE, "fpdf.annotated"),
    ("evil annotation, approval", lambda: f.annotated(f.approved()), UNSURE, "fpdf.annotated"),
    ("stamp annotation, P = 3", lambda: f.annotated(f.certified(3), b"/Subtype /Stamp"), UNSURE, "fpdf.annotated"),
    ("redaction, P = 3", lambda: f.annotated(f.certified(3), b"/Subtype /Redact"), UNSURE, "fpdf.annotated"),
    ("sneaky signature, P = 1", _sneaky(1), INVALID, "fpdf.not-permitted"),
    ("sneaky signature, P = 2", _sneaky(2), UNSURE, "fpdf.stamp-added"),
    ("sneaky signature, P = 3", _sneaky(3), UNSURE, "fpdf.stamp-added"),
    ("sneaky signature, approval", lambda: _unchecked(f.with_form(), world().second), UNSURE, "fpdf.stamp-added"),
    ("sneaky signature of a stranger, P = 2", _sneaky(2, stranger=True), UNSURE, "chain.no-anchor"),
    ("form filled, P = 1", _form_fill(1), INVALID, "fpdf.not-permitted"),
    ("form filled, P = 2", _form_fill(2), UNSURE, "fpdf.form-filled"),
    ("form filled, P = 3", _form_fill(3), UNSURE, "fpdf.form-filled"),
    ("form filled, locked", _locked, INVALID, "fpdf.locked-field"),
    ("page text, P = 3", lambda: f.other_text(f.certified(3)), INVALID, "fpdf.not-permitted"),
    ("certification dropped from the catalog", lambda: f.changed(f.certified(2), f.root(f.certified(2)), (
        b"/Perms", b"/Pxxxx")), INVALID, "fpdf.not-permitted"),
    ("P raised in a new reference", lambda: _raised(f.certified(1)), INVALID, "fpdf.no-contents"),
    ("NeedAppearances, P = 2", lambda: _need(f.certified(2)), INVALID, "fpdf.not-permitted"),
    ("field added, P = 2", lambda: _new_field(f.certified(2)), UNSURE, "fpdf.form-filled"),
    ("field moved", lambda: f.changed(f.with_form(), _field(f.with_form(), b"amount"), (
        b"[ 100 600 300 620 ]", b"[ 100 690 300 720 ]")), INVALID, "fpdf.page-changed"),
    ("layers added, P = 3", lambda: f.added(f.certified(3), f.root(f.certified(3)), b"/OCProperties <</OCGs []>>"),
     INVALID, "fpdf.not-permitted"),
]


# -- a later signature whose picture readers make up


def _undrawn(keys: bytes, place: bytes = b"/F 4 /Rect [0 0 600 800]") -> Callable[[], bytes]:
    return lambda: w.by_openssl(f.with_form(), world().second, name=b"Sig2", field_keys=keys, place=place)


UNDRAWN: list[Case] = [
    (name, make, UNSURE, "fpdf.stamp-undrawn") for name, make in {
        "a ground over the page": _undrawn(b"/MK <</BG [1 1 1]>>"),
        "a ground, the certification allows signatures": lambda: w.by_openssl(
            f.certified(2), world().second, name=b"Sig2", field_keys=b"/MK <</BG [1 1 1]>>",
            place=b"/F 4 /Rect [0 0 600 800]"),
        "a wide frame": _undrawn(b"/MK <</BC [1 1 1]>> /BS <</W 800>>"),
        "a caption": _undrawn(b"/MK <</CA (9000000 yuan)>>"),
        "a border": _undrawn(b"/Border [0 0 400] /C [1 0 0]"),
        "an empty appearance": _undrawn(b"/AP <<>> /MK <</BG [1 1 1]>>"),
        "a null appearance": _undrawn(b"/AP <</N null>> /MK <</BG [1 1 1]>>"),
        "appearances of no state": _undrawn(b"/AP <</N <<>>>> /MK <</BG [1 1 1]>>"),
        "no rectangle that can be read": _undrawn(b"/MK <</BG [1 1 1]>>", b"/F 4 /Rect [0 0 (a) 1]"),
        "a place and nothing to draw": _undrawn(b""),
        "a line through the text": _undrawn(b"/MK <</BG [0 0 0]>>", b"/F 4 /Rect [90 705 400 705]"),
    }.items()]


def _raised(data: bytes) -> bytes:
    number = f.signature(data)
    text = re.sub(CONTENTS, b"/Contents <00>", w.object_of(data, number))
    return w.update(data, [(number, text)])


def _need(data: bytes) -> bytes:
    return f.added(data, f.number_of(data, b"AcroForm"), b"/NeedAppearances true")


def _new_field(data: bytes) -> bytes:
    form, new = f.number_of(data, b"AcroForm"), f.size(data)
    listed = re.sub(rb"(/Fields \[[^\]]*)\]", rb"\1 %d 0 R]" % new, w.object_of(data, form))
    return w.update(data, [(form, listed), (new, b"<</FT /Tx /T (new) /V (9000000)>>")])


# -- metadata and trailing bytes

TRAILING: list[Case] = [
    ("a line end", appended(b"\n"), UNSURE, "fpdf.trailing-bytes"),
    ("a line end, where there was none", lambda: f.signed_by(w.plain(), tail=b"") + b"\n", UNSURE,
     "fpdf.trailing-bytes"),
    ("zeros", appended(b"\0" * 100), UNSURE, "fpdf.trailing-bytes"),
    ("text", appended(b"hello"), INVALID, "fpdf.trailing-content"),
    ("a comment", appended(b"% hello\n"), INVALID, "fpdf.trailing-content"),
    ("another PDF", lambda: f.approved() + w.plain(), INVALID, "fpdf.trailing-content"),
    ("bytes before the header", lambda: b"\n" + f.approved(), INVALID, "fpdf.header"),
    ("title", lambda: f.changed(f.approved(), f.number_of(f.approved(), b"Info"), (b"(untitled)", b"(Licence)")),
     UNSURE, "fpdf.metadata-changed"),
    ("title, P = 1", lambda: f.changed(f.certified(1), f.number_of(f.certified(1), b"Info"), (
        b"(untitled)", b"(Licence)")), INVALID, "fpdf.not-permitted"),
    ("another information dictionary", lambda: _other_info(f.approved()), UNSURE, "fpdf.metadata-changed"),
    ("XMP", lambda: w.update(f.approved(), [(f.number_of(f.approved(), b"Metadata"), f.content(b"<x/>"))]), UNSURE,
     "fpdf.metadata-changed"),
    ("a first packet with a title", lambda: _packet(b"<dc:title>Licence</dc:title>"), UNSURE, "fpdf.metadata-changed"),
    ("a first packet with a title among its attributes", lambda: _packet(b"", b' dc:title="Licence"'), UNSURE,
     "fpdf.metadata-changed"),
    ("a first packet with words beside the properties", lambda: _packet(b"Licence"), UNSURE, "fpdf.metadata-changed"),
    ("a first packet with markup in the time of saving", lambda: _packet(
        b"<xmp:ModifyDate><dc:title>Licence</dc:title></xmp:ModifyDate>"), UNSURE, "fpdf.metadata-changed"),
    ("a first packet that tells of saving alone", lambda: _packet(b"<xmp:ModifyDate>2026</xmp:ModifyDate>"), UNSURE,
     "fpdf.uncovered-revision"),
    ("version in the catalog", lambda: f.changed(f.approved(), f.root(f.approved()), (
        b"/Version /2.0", b"/Version /1.4")), UNSURE, "fpdf.changed"),
    ("version added to the catalog", lambda: f.added(f.by_hand(), f.root(f.by_hand()), b"/Version /1.7"), UNSURE,
     "fpdf.uncovered-revision"),
    ("time of saving alone", lambda: _saved(f.approved(), b"(D:20200101000000Z)"), UNSURE, "fpdf.uncovered-revision"),
    ("no time of saving", lambda: _saved(f.approved(), b"(hello)"), UNSURE, "fpdf.metadata-changed"),
    ("an extension level that changed", lambda: f.changed(f.approved(), f.root(f.approved()), (
        b"/ExtensionLevel 1", b"/ExtensionLevel 9")), UNSURE, "fpdf.changed"),
    ("bytes between the objects of a revision of evidence", lambda: _loose_bytes(f.approved()), INVALID,
     "fpdf.trailing-content"),
    ("evidence of garbage", lambda: f.with_evidence(f.by_hand(), Certs=[b"hello"]), UNSURE, "fpdf.evidence-odd"),
    ("evidence by nobody", lambda: f.with_evidence(f.by_hand(), Certs=[world().stranger.der]), UNSURE,
     "fpdf.evidence-odd"),
    ("evidence that vouches for itself", lambda: f.with_evidence(
        f.by_hand(), Certs=[world().stranger_root.der]), UNSURE, "fpdf.evidence-odd"),
    ("evidence that vouches for itself, timestamped", lambda: w.document_stamp(f.with_evidence(
        f.by_hand(), Certs=[world().stranger_root.der])), UNSURE, "fpdf.evidence-odd"),
    ("evidence that vouches for itself, then taken out of the list", lambda: w.update(f.with_evidence(
        f.by_hand(), Certs=[world().stranger_root.der]), [(f.size(f.by_hand()), b"<</Type /DSS>>")]), UNSURE,
     "fpdf.evidence-odd"),
    ("evidence that a signer issued, who is no authority", lambda: f.with_evidence(f.by_hand(), Certs=[
        pdf_world.party("x", world().p256, "p256", usage="ca").der]), UNSURE, "fpdf.evidence-odd"),
    ("evidence on somebody else", lambda: f.with_evidence(f.by_hand(), Certs=[
        pdf_world.party("x", world().ca, "p256").der]), UNSURE, "fpdf.evidence-odd"),
    ("the authority's key, certified by a stranger", lambda: f.with_evidence(f.by_hand(), Certs=[
        _certified_anew(world().ca, world().stranger_root).der, world().stranger_root.der]), UNSURE,
     "fpdf.evidence-odd"),
    ("a response that a signer made, who is no responder", lambda: f.with_evidence(f.by_hand(), OCSPs=[
        pdf_world.ocsp(world().p256, world().rsa)]), UNSURE, "fpdf.evidence-odd"),
    ("a list that a signer made", lambda: f.with_evidence(f.by_hand(), CRLs=[
        pdf_world.crl(world().p256).der]), UNSURE, "fpdf.evidence-odd"),
    ("evidence of another type", lambda: f.with_evidence(f.by_hand(), more=b"/Type /X"), UNSURE,
     "fpdf.evidence-odd"),
    ("a response changed", lambda: f.with_evidence(f.by_hand(), OCSPs=[_touched(
        pdf_world.ocsp(world().ca, world().p256))]), UNSURE, "fpdf.evidence-odd"),
    ("evidence with something else", lambda: f.with_evidence(f.by_hand(), more=b"/Other (x)"), UNSURE,
     "fpdf.evidence-odd"),
    ("evidence beside an object that nothing uses", lambda: f.with_evidence(
        f.by_hand(), (f.size(f.by_hand()) + 1, b"(x)"), Certs=[world().ca.der]), UNSURE, "fpdf.beyond-evidence"),
    ("extension levels and nothing else", lambda: f.added(
        f.by_hand(), f.root(f.by_hand()), b"/Extensions <</ADBE <</BaseVersion /1.7 /ExtensionLevel 3>>>>"), UNSURE,
     "fpdf.uncovered-revision"),
    ("empty evidence", lambda: f.added(f.by_hand(), f.root(f.by_hand()), b"/DSS <</Type /DSS>>"), UNSURE,
     "fpdf.uncovered-revision"),
    ("empty evidence, P = 1", lambda: f.added(f.certified(1), f.root(f.certified(1)), b"/DSS <</Certs []>>"), UNSURE,
     "fpdf.uncovered-revision"),
    ("evidence taken away", lambda: _without_evidence(w.long_term(w.plain())), UNSURE, "fpdf.changed"),
    ("evidence taken away, P = 1", lambda: _without_evidence(f.with_evidence(
        f.certified(1), Certs=[world().ca.der])), INVALID, "fpdf.not-permitted"),
    ("one part of the evidence taken away", lambda: _less_evidence(f.with_evidence(
        f.by_hand(), Certs=[world().ca.der, world().root.der])), UNSURE, "fpdf.changed"),
    ("garbage as evidence, signed by another", lambda: w.sign(f.added(
        f.by_hand(), f.root(f.by_hand()), b"/DSS <</Evil (x)>>"), world().second, name="Sig2"), UNSURE,
     "fpdf.evidence-odd"),
    ("a certificate that is none, signed by another", lambda: w.sign(f.added(
        f.by_hand(), f.root(f.by_hand()), b"/DSS <</Certs [<<>>]>>"), world().second, name="Sig2"), UNSURE,
     "fpdf.evidence-odd"),
    ("a list that is none, signed by another", lambda: w.sign(f.with_evidence(
        f.by_hand(), CRLs=[b"hello"]), world().second, name="Sig2"), UNSURE, "fpdf.evidence-odd"),
    ("garbage as evidence that was signed first", lambda: f.signed_by(f.drawn(b"/DSS <</Evil (x)>>")), UNSURE,
     "fpdf.evidence-odd"),
    ("the page as evidence", lambda: _page_as_evidence(), INVALID, "fpdf.page-changed"),
    ("outlines", lambda: f.added(f.approved(), f.root(f.approved()), b"/Outlines 2 0 R"), UNSURE, "fpdf.changed"),
]


def _without_evidence(data: bytes) -> bytes:
    catalog = re.sub(rb"/DSS \d+ 0 R", b"", w.object_of(data, f.root(data)))
    return w.update(data, [(f.root(data), catalog)])


def _less_evidence(data: bytes) -> bytes:
    number = f.number_of(data, b"DSS", f.root(data))
    return w.update(data, [(number, re.sub(rb"(\[\d+ 0 R) \d+ 0 R", rb"\1", w.object_of(data, number)))])


def _packet(inside: bytes, attributes: bytes = b"") -> bytes:
    """A first packet of metadata in a later revision."""
    data = f.by_hand()
    told = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
            b' xmlns:xmp="http://ns.adobe.com/xap/1.0/"%b>%b</rdf:Description></rdf:RDF></x:xmpmeta>')
    new = f.size(data)
    return f.added(data, f.root(data), b"/Metadata %d 0 R" % new, (new, f.content(told % (attributes, inside))))


def _saved(data: bytes, time: bytes) -> bytes:
    number = f.number_of(data, b"Info")
    return w.update(data, [(number, re.sub(rb"/ModDate \([^)]*\)", b"/ModDate " + time, w.object_of(data, number)))])


def _other_info(data: bytes) -> bytes:
    new = f.size(data)
    made = w.update(data, [(new, b"<</Title (Licence)>>")])
    at = made.rindex(b"/Info ")
    return made[:at] + re.sub(rb"/Info \d+", b"/Info %d" % new, made[at:])


def _touched(der: bytes) -> bytes:
    return der[:-1] + bytes([der[-1] ^ 1])


def _certified_anew(who: pdf_world.Party, issuer: pdf_world.Party) -> pdf_world.Party:
    """A certificate with the name and the key of ``who`` that a stranger signed: anybody can make it."""
    old = who.certificate
    built = x509.CertificateBuilder(
        issuer_name=issuer.certificate.subject, subject_name=old.subject, public_key=old.public_key(),
        serial_number=7, not_valid_before=old.not_valid_before_utc, not_valid_after=old.not_valid_after_utc,
        extensions=list(old.extensions))
    return pdf_world.Party(who.key, built.sign(issuer.key, hashes.SHA256()))


def _page_as_evidence() -> bytes:
    """The content of a page listed in the DSS that was signed, then replaced as if it were evidence."""
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    signed = f.signed_by(f.added(data, f.root(data), b"/DSS <</Certs [%d 0 R]>>" % number))
    return w.update(signed, [(number, f.FAKE)])


def _loose_bytes(data: bytes) -> bytes:
    new = f.size(data)
    made = f.added(data, f.root(data), b"/DSS %d 0 R" % new, (new, b"<</Type /DSS>>"))
    at = made.rindex(b"xref\n", 0, made.rindex(b"startxref"))
    return made[:at] + b"hello\n" + re.sub(rb"startxref\s+\d+", b"startxref\n%d" % (at + 6), made[at:])


# -- the same CMS told in another way, or with something nobody signed

TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
MALLEABLE: list[Case] = [
    ("a stranger's certificate", lambda: f.resigned(f.edited(f.with_certificate)), UNSURE, "fpdf.cms-loose"),
    ("certificates in another order", lambda: f.resigned(f.swapped_certificates), UNSURE, "fpdf.cms-loose"),
    ("an unsigned attribute", lambda: f.resigned(
        f.with_unsigned("1.2.3.4", b"\x02\x01\x01"), f.by_hand()), UNSURE, "fpdf.cms-loose"),
    ("a revocation list", lambda: f.resigned(f.edited(f.with_crl)), UNSURE, "fpdf.cms-loose"),
    ("two signers", lambda: f.resigned(f.edited(f.with_signer_twice)), UNSURE, "fpdf.cms"),
    ("content inside", lambda: f.resigned(f.edited(f.with_content)), UNSURE, "fpdf.cms"),
    ("no signed attributes", lambda: f.resigned(f.edited(f.without_attributes)), UNSURE, "fpdf.cms"),
    ("indefinite length", lambda: f.resigned(f.indefinite), UNSURE, "fpdf.cms-not-der"),
    ("padded length", lambda: f.resigned(f.padded_length), UNSURE, "fpdf.cms-not-der"),
    ("one byte of the value", lambda: f.resigned(lambda der: der[:-1] + bytes([der[-1] ^ 1])), INVALID,
     "fpdf.signature"),
    ("one byte of the digest", lambda: f.resigned(_other_digest), INVALID, "fpdf.digest"),
    ("another signer's certificate", lambda: f.resigned(f.edited(_other_signer)), UNSURE, "fpdf.cms"),
    ("a timestamp from another file", lambda: f.resigned(f.with_unsigned(
        TIMESTAMP, f.token_of(w.sign(w.plain(), stamped=True))), f.by_hand()), INVALID, "fpdf.timestamp-forged"),
    ("a timestamp of garbage", lambda: f.resigned(f.with_unsigned(TIMESTAMP, b"\x30\x00"), f.by_hand()), UNSURE,
     "fpdf.timestamp"),
]


def _other_digest(der: bytes) -> bytes:
    at = der.index(bytes.fromhex("06092a864886f70d010904")) + 15
    return der[:at] + bytes([der[at] ^ 1]) + der[at + 1:]


def _other_signer(data: object) -> None:
    from asn1crypto import cms as asn1_cms

    data["certificates"] = [asn1_cms.CertificateChoices.load(world().second.der)]  # type: ignore[index]


# -- files built to be read in two ways, signed by a trusted key


def _twice_in_revision() -> bytes:
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    return f.signed_by(f.inserted(data, b"%d 0 obj\n%b\nendobj\n" % (number, f.FAKE)))


def of_kind(kind: bytes, keys: bytes, box: bytes = b"/BBox [0 0 9 9]") -> Callable[[], bytes]:
    """A picture that names its kind by reference, signed."""
    data = w.plain()
    new = f.size(data)
    picture = b"<</Type /XObject /Subtype %d 0 R %b %b /Length 0>>\nstream\n\nendstream" % (new + 1, box, keys)
    return lambda: f.signed_by(f.added(data, f.root(data), b"/Foo %d 0 R" % new, (new, picture), (new + 1, kind)))


CONFUSED: list[Case] = [
    ("an object twice in one revision", _twice_in_revision, UNSURE, "fpdf.object-twice"),
    ("an object that no table names", lambda: f.signed_by(f.inserted(
        w.plain(), b"77 0 obj\n%b\nendobj\n" % f.FAKE)), UNSURE, "fpdf.hidden-object"),
    ("an object in a comment", lambda: f.signed_by(f.inserted(w.plain(), b"% 4 0 obj\n")), UNSURE,
     "fpdf.object-twice"),
    ("a second trailer", lambda: f.signed_by(f.inserted(w.plain(), b"trailer <</Root 1 0 R>>\n")), UNSURE, "fpdf.xref"),
    ("an offset that lies", lambda: f.signed_by(f.entry(w.plain(), 4, lambda row: b"0000000015" + row[10:])), UNSURE,
     "fpdf.xref"),
    ("a generation that lies", lambda: f.signed_by(f.entry(w.plain(), 4, lambda row: row[:11] + b"00001" + row[16:])),
     UNSURE, "fpdf.xref"),
    ("two rows for one object", lambda: f.signed_by(_two_rows()), UNSURE, "fpdf.object-twice"),
    ("Prev in a circle", lambda: _circle(), INVALID, "fpdf.trailing-content"),
    ("Prev into the future", lambda: f.other_text(f.approved(), previous=len(f.approved()) + 50), INVALID,
     "fpdf.trailing-content"),
    ("table and stream disagree", lambda: f.signed_by(_two_minds()), UNSURE, "fpdf.hybrid-differs"),
    ("an object stream holds more than is named", lambda: f.signed_by(_pack(w.plain(), name_all=False)), UNSURE,
     "fpdf.object-twice"),
    ("an object stream that lies", lambda: f.signed_by(_pack(w.plain(), number=998)), UNSURE, "fpdf.object-stream"),
    ("a packed signature", lambda: _packed_signature(), INVALID, "fpdf.byte-range"),
    ("an object stream replaced", lambda: _pack_replaced(), INVALID, "fpdf.page-changed"),
    ("a key twice", lambda: f.signed_by(f.changed(w.plain(), f.page(w.plain()), (
        b"/Rotate 0", b"/Rotate 0 /Rotate 180"))), UNSURE, "pdf.duplicate-key"),
    ("a length that lies", lambda: f.signed_by(_wrong_length()), UNSURE, "fpdf.xref"),
    ("an external stream", lambda: f.signed_by(f.changed(w.plain(), f.number_of(
        w.plain(), b"Contents", f.page(w.plain())), (b"/Filter", b"/F (other.pdf) /Filter"))), UNSURE, "fpdf.external"),
    ("a stream that goes past its end", lambda: f.signed_by(_past_end()), UNSURE, "fpdf.stream-end"),
    ("a stream that nothing uses, with its end in it", lambda: f.signed_by(_unused(
        b"\nendstream\nendobj\n990 0 obj\n<<>>\n")), UNSURE, "fpdf.stream-end"),
    ("a stream that nothing uses, with an object in it", lambda: f.signed_by(_unused(
        b"\n990 0 obj\n<</Type /Page>>\n")), UNSURE, "fpdf.stream-object"),
    ("a page that lists a deleted annotation", lambda: f.signed_by(_deleted()), UNSURE, "fpdf.revived"),
    ("a page drawn from a deleted picture", lambda: f.signed_by(_deleted(inside=True)), UNSURE, "fpdf.revived"),
    ("content in an array of arrays", lambda: f.signed_by(_nested_content()), UNSURE, "fpdf.content-form"),
    ("a page without a size", lambda: f.signed_by(_page_with(b"/MediaBox [ 0 0 595.2756 841.8898 ]", b"")), UNSURE,
     "fpdf.page-size"),
    ("a page of no area", lambda: f.signed_by(_page_with(b"841.8898", b"0")), UNSURE, "fpdf.page-size"),
    ("a size that is none", lambda: f.signed_by(_page_with(b"841.8898", b"(a)")), UNSURE, "fpdf.page-size"),
    ("a crop beside the page", lambda: f.signed_by(_page_with(
        b"/Rotate 0", b"/CropBox [5000 5000 6000 6000]")), UNSURE, "fpdf.page-size"),
    ("a page turned by half a right angle", lambda: f.signed_by(_page_with(b"/Rotate 0", b"/Rotate 45")), UNSURE,
     "fpdf.page-size"),
    ("a unit of nothing", lambda: f.signed_by(_page_with(b"/Rotate 0", b"/UserUnit 0")), UNSURE, "fpdf.page-size"),
    ("a drawing without a box", of_kind(b"/Form", b"", b""), UNSURE, "fpdf.form-box"),
    ("a wrong count of pages", lambda: f.signed_by(f.changed(w.plain(), f.number_of(w.plain(), b"Pages"), (
        b"/Count 2", b"/Count 1"))), UNSURE, "fpdf.page-count"),
    ("garbage before packed content", lambda: f.signed_by(_content(b"!" + zlib.compress(b"q Q"), b"/FlateDecode")),
     UNSURE, "fpdf.stream-damaged"),
    ("an unknown filter", lambda: f.signed_by(_content(b"q Q", b"/Other")), UNSURE, "fpdf.filter"),
    ("an object that ends in another word", lambda: f.signed_by(
        w.plain().replace(b"endobj\n2 0 obj", b"endobx\n2 0 obj")), UNSURE, "fpdf.xref"),
    ("encrypted", lambda: f.signed_by(w.update(w.plain(), [], trailer=b"/Encrypt <</Filter /Standard>>")), UNSURE,
     "fpdf.encrypted"),
]


def _page_with(old: bytes, new: bytes) -> bytes:
    return f.changed(w.plain(), f.page(w.plain()), (old, new))


def _two_rows() -> bytes:
    data = w.plain()
    text = w.object_of(data, f.page(data))
    made = w.update(data, [(f.page(data), text)])
    row = re.findall(rb"xref\n(%d 1\n\d{10} 00000 n \n)trailer" % f.page(data), made)[-1]
    return made.replace(row + b"trailer", row + row + b"trailer")


def _circle() -> bytes:
    data = f.other_text(f.approved())
    at = data.rindex(b"/Prev ")
    place = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    return data[:at] + re.sub(rb"/Prev \d+", b"/Prev %d" % place, data[at:], count=1)


def _two_minds() -> bytes:
    """A hybrid file whose stream puts the page's content elsewhere than its table."""
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    new = f.size(data)
    one, two = len(data), len(data) + len(b"%d 0 obj\n%b\nendobj\n" % (number, f.FAKE))
    bodies = b"%d 0 obj\n%b\nendobj\n" % (number, f.FAKE) + b"%d 0 obj\n%b\nendobj\n" % (number, f.content(b"q Q"))
    at = one + len(bodies)
    rows = b"\1" + two.to_bytes(4, "big") + b"\0\0" + b"\1" + at.to_bytes(4, "big") + b"\0\0"
    stream = w.stream(new, b"/Type /XRef /Size %d /Index [%d 1 %d 1] /W [1 4 2] /Root %d 0 R" % (
        new + 1, number, new, f.root(data)), rows)
    place = at + len(stream)
    return data + bodies + stream + b"xref\n%d 1\n%010d 00000 n \n" % (number, one) + (
        b"trailer\n<</Size %d /Root %d 0 R /Prev %d /XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (
            new + 1, f.root(data), _first_xref(data), at, place))


def _pack(data: bytes, *, number: int | None = None, name_all: bool = True, body: bytes = b"(x)") -> bytes:
    """A revision with an object stream and a cross-reference stream."""
    new = f.size(data)
    held = [(new, body)] if name_all else [(new, body), (f.page(data), b"<<>>")]
    head = b" ".join(b"%d %d" % (each if number is None else number, place * (len(body) + 1))
                     for place, (each, _) in enumerate(held)) + b" "
    inner = head + b"".join(text + b" " for _, text in held)
    at = len(data)
    pack = w.stream(new + 1, b"/Type /ObjStm /N %d /First %d" % (len(held), len(head)), inner)
    rows = (b"\2" + (new + 1).to_bytes(4, "big") + b"\0\0" + b"\1" + at.to_bytes(4, "big") + b"\0\0"
            + b"\1" + (at + len(pack)).to_bytes(4, "big") + b"\0\0")
    previous = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    table = w.stream(new + 2, b"/Type /XRef /Size %d /Index [%d 3] /W [1 4 2] /Root %d 0 R /Prev %d" % (
        new + 3, new, f.root(data), previous), rows)
    return data + pack + table + b"startxref\n%d\n%%%%EOF\n" % (at + len(pack))


def _packed_signature() -> bytes:
    """The signature dictionary moved into an object stream by a later revision."""
    data = f.approved()
    text = w.object_of(data, f.signature(data))
    made = _pack(data, body=text)
    return w.update(made, [(_field(data), w.object_of(data, _field(data)).replace(
        b"/V %d 0 R" % f.signature(data), b"/V %d 0 R" % f.size(data)))])


def _pack_replaced() -> bytes:
    """A font of the page lies in an object stream, which a later revision replaces under the same number."""
    data = w.plain()
    new = f.size(data)
    packed = _pack(data, body=b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>")
    used = f.changed(packed, 1, (b"2 0 R", b"%d 0 R" % new))
    signed = f.signed_by(used)
    inner = b"%d 0 <</Type /Font /Subtype /Type1 /BaseFont /Symbol>> " % new
    head = len(b"%d 0 " % new)
    body = b"<</Type /ObjStm /N 1 /First %d /Length %d>>\nstream\n%b\nendstream" % (head, len(inner), inner)
    return w.update(signed, [(new + 1, body)])


def _content(raw: bytes, name: bytes) -> bytes:
    """The first page's content as given."""
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    return w.update(data, [(number, b"<</Filter %b /Length %d>>\nstream\n%b\nendstream" % (name, len(raw), raw))])


def _unused(inner: bytes) -> bytes:
    """A file with a stream that nothing refers to."""
    data = w.plain()
    return w.update(data, [(f.size(data), b"<</Length %d>>\nstream\n%b\nendstream" % (len(inner), inner))])


def _deleted(*, inside: bool = False) -> bytes:
    """A file with an annotation, or (``inside``) its picture, that a later revision frees and a page still lists."""
    data = w.plain()
    new, page = f.size(data), f.page(data)
    data = w.update(data, [
        (new, b"<</Type /Annot /Subtype /Stamp /F 4 /Rect [50 550 550 750] /AP <</N %d 0 R>>>>" % (new + 1)),
        (new + 1, b"<</Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 12>>\nstream\n0 0 9 9 re f\nendstream"),
        (page, w.object_of(data, page)[:-2] + b"/Annots [%d 0 R]>>" % new)])
    return w.update(data, [], free=(new + inside,))


def _past_end() -> bytes:
    """A content stream whose length takes in its own end and another object."""
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    raw = b"q Q\nendstream\nendobj\n900 0 obj\n<<>>\nstream\nq Q"
    return w.update(data, [(number, b"<</Length %d>>\nstream\n%b\nendstream" % (len(raw), raw))])


def _nested_content() -> bytes:
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    return f.changed(data, f.page(data), (b"/Contents %d 0 R" % number, b"/Contents [[%d 0 R]]" % number))


def _wrong_length() -> bytes:
    data = w.plain()
    number = f.number_of(data, b"Contents", f.page(data))
    text = w.object_of(data, number)
    return w.update(data, [(number, re.sub(rb"/Length \d+", b"/Length 5", text))])


# -- what acts, or leaves the picture to the reader, signed by a trusted key


def acting(more: bytes, *objects: bytes) -> Callable[[], bytes]:
    """A file with more in its catalog, signed."""
    return lambda: f.signed_by(f.drawn(more, *objects))


def on_page(more: bytes) -> Callable[[], bytes]:
    """A file with more in its page, signed."""
    return lambda: f.signed_by(f.added(w.plain(), f.page(w.plain()), more))


def posed(keys: bytes, *objects: bytes, form: bytes = b"") -> Callable[[], bytes]:
    """A file with one more annotation, signed."""
    return lambda: f.signed_by(f.posed(keys, *objects, form=form))


def field(keys: bytes, *objects: bytes) -> Callable[[], bytes]:
    """A file with one field, signed."""
    return lambda: w.sign(f.posed(b"/Subtype /Widget /F 4 /T (a) " + keys, *objects, form=b"/DA (/Helv 12 Tf 0 g)"))


ACTIVE: list[Case] = [
    ("script on opening", acting(b"/OpenAction <</S /JavaScript /JS (x)>>"), UNSURE, "fpdf.javascript"),
    ("script by name", acting(b"/Names <</JavaScript <</Names [(a) %d 0 R]>>>>", b"<</S /JavaScript /JS (x)>>"), UNSURE,
     "fpdf.javascript"),
    ("launch on opening", acting(b"/OpenAction %d 0 R", b"<</S /Launch /F (x)>>"), UNSURE, "fpdf.action"),
    ("address on opening", acting(b"/OpenAction <</S /URI /URI (http://x)>>"), UNSURE, "fpdf.action"),
    ("additional actions", acting(b"/AA <</WC <</S /GoTo /D [1 /Fit]>>>>"), UNSURE, "fpdf.action"),
    ("action on a page", on_page(b"/AA <</O <</S /Hide /T (x)>>>>"), UNSURE, "fpdf.action"),
    ("layers", acting(b"/OCProperties <</OCGs [%d 0 R] /D <<>>>>", b"<</Type /OCG /Name (x)>>"), UNSURE, "fpdf.layers"),
    ("portfolio", acting(b"/Collection <</View /D>>"), UNSURE, "fpdf.collection"),
    ("rendering needed", acting(b"/NeedsRendering true"), UNSURE, "fpdf.xfa"),
    ("requirements", acting(b"/Requirements [<</S /EnableJavaScripts>>]"), UNSURE, "fpdf.action"),
    ("XFA", lambda: w.sign(f.added(
        w.plain(True), f.number_of(w.plain(True), b"AcroForm"), b"/XFA (x)")), UNSURE, "fpdf.xfa"),
    ("NeedAppearances", lambda: f.signed_by(f.added(
        w.plain(True), f.number_of(w.plain(True), b"AcroForm"), b"/NeedAppearances true")), UNSURE,
     "fpdf.need-appearances"),
    ("a field without a picture", lambda: w.sign(re.sub(rb"/AP <<\n/N 5 0 R\n>>", b"/XP <<\n/N 5 0 R\n>>",
                                                         w.plain(True))), UNSURE, "fpdf.no-appearance"),
    ("a note without a picture", lambda: w.sign(f.annotated(w.plain()).replace(b"/AP <<", b"/XP <<")), UNSURE,
     "fpdf.no-appearance"),
    ("a note in print alone", lambda: w.sign(f.annotated(w.plain(), flags=36)), UNSURE,
     "fpdf.print-only"),
    ("a film", lambda: w.sign(f.annotated(w.plain(), b"/Subtype /Movie")), UNSURE, "fpdf.media"),
    ("layers of the content alone", acting(b"/Foo %d 0 R", b"<</Type /OCMD /P /AllOff>>"), UNSURE, "fpdf.layers"),
    ("an appearance without a picture", posed(b"/Subtype /FreeText /F 4 /Contents (9) /AP <<>>"), UNSURE,
     "fpdf.no-appearance"),
    ("a null picture", posed(b"/Subtype /FreeText /F 4 /Contents (9) /AP <</N null>>"), UNSURE, "fpdf.no-appearance"),
    ("pictures of no state", posed(b"/Subtype /FreeText /F 4 /AP <</N <<>>>>"), UNSURE, "fpdf.no-appearance"),
    ("a picture while pressed alone", posed(b"/Subtype /Square /IC [1 0 0] /F 4 /AP <</D %1>>"), UNSURE,
     "fpdf.no-appearance"),
    ("a link with a wide frame", posed(b"/Subtype /Link /Border [0 0 50] /C [1 1 1]"), UNSURE, "fpdf.no-appearance"),
    ("a button with a caption and no picture", field(b"/FT /Btn /Ff 65536 /MK <</CA (9000)>>"), UNSURE,
     "fpdf.no-appearance"),
    ("an empty signature field with a ground", field(b"/FT /Sig /MK <</BG [1 1 1]>>"), UNSURE, "fpdf.no-appearance"),
    ("a link with a picture", posed(b"/Subtype /Link /F 4 /AP <</N %1>>"), UNSURE, "fpdf.reader-dependent"),
    ("an open window", posed(b"/Subtype /Popup /Open true /Contents (9)"), UNSURE, "fpdf.reader-dependent"),
    ("a trap network", posed(b"/Subtype /TrapNet /F 4 /AP <</N %1>>"), UNSURE, "fpdf.reader-dependent"),
    ("an unknown kind", posed(b"/Subtype /Foo /F 5 /AP <</N %1>>"), UNSURE, "fpdf.reader-dependent"),
    ("a watermark placed by the printer", posed(b"/Subtype /Watermark /F 4 /FixedPrint <<>> /AP <</N %1>>"), UNSURE,
     "fpdf.reader-dependent"),
    ("a picture while the pointer passes", posed(b"/Subtype /Stamp /F 4 /AP <</N %1 /R %1>>"), UNSURE,
     "fpdf.reader-dependent"),
    ("a stamp on the screen alone", posed(b"/Subtype /Stamp /AP <</N %1>>"), UNSURE, "fpdf.screen-only"),
    ("a stamp in print alone, told as a fraction", posed(b"/Subtype /Stamp /F 36.0 /AP <</N %1>>"), UNSURE,
     "fpdf.print-only"),
    ("a stamp that is hidden, told as a fraction", posed(b"/Subtype /Stamp /F 6.0 /AP <</N %1>>"), UNSURE,
     "fpdf.reader-dependent"),
    ("a text that is not the value", field(b"/FT /Tx /V (9999) /AP <</N %1>>"), UNSURE, "fpdf.field-value"),
    ("a text without a value", field(b"/FT /Tx /DV (1000) /AP <</N %1>>"), UNSURE, "fpdf.field-value"),
    ("a text with another in rich form", field(b"/FT /Tx /V (1000) /RV (<p>9999</p>) /AP <</N %1>>"), UNSURE,
     "fpdf.field-value"),
    ("a value shown in white", field(b"/FT /Tx /V (1000) /AP <</N %2>>", f.drawing(
        b"1 g BT /F1 12 Tf 2 5 Td (1000) Tj ET")), UNSURE, "fpdf.field-value"),
    ("a value shown outside", field(b"/FT /Tx /V (1000) /AP <</N %2>>", f.drawing(
        b"BT /F1 12 Tf 2 500 Td (1000) Tj ET")), UNSURE, "fpdf.field-value"),
    ("a value shown too small", field(b"/FT /Tx /V (1000) /AP <</N %2>>", f.drawing(
        b"BT /F1 1 Tf 2 5 Td (1000) Tj ET")), UNSURE, "fpdf.field-value"),
    ("a value clipped away", field(b"/FT /Tx /V (1000) /AP <</N %2>>", f.drawing(
        b"90 0 9 9 re W n BT /F1 12 Tf 2 5 Td (1000) Tj ET")), UNSURE, "fpdf.field-value"),
    ("a value that is not shown", field(b"/FT /Tx /V (1000) /AP <</N %2>>", f.drawing(
        b"BT /F1 12 Tf 2 5 Td 3 Tr (1000) Tj ET")), UNSURE, "fpdf.field-value"),
    ("figures drawn over a value", field(b"/FT /Tx /V (9) /AP <</N %2>>", f.drawing(
        b"BT /F1 12 Tf 2 5 Td (9) Tj ET " + b"2 5 1 1 re f " * 4)), UNSURE, "fpdf.field-value"),
    ("a value in a font of the file's", field(b"/FT /Tx /V (9) /AP <</N %2>>", f.drawing(
        b"BT /F1 12 Tf 2 5 Td (9) Tj ET", b"/FontDescriptor <<>>")), UNSURE, "fpdf.field-value"),
    ("a value in an encoding of the file's", field(b"/FT /Tx /V (9) /AP <</N %2>>", f.drawing(
        b"BT /F1 12 Tf 2 5 Td (9) Tj ET", b"/Encoding <</Differences [57 /one]>>")), UNSURE, "fpdf.field-value"),
    ("a choice that is not the value", field(
        b"/FT /Ch /Ff 131072 /Opt [(1000) (9999)] /V (9999) /AP <</N %1>>"), UNSURE, "fpdf.field-value"),
    ("a choice whose index is another", field(
        b"/FT /Ch /Ff 131072 /Opt [(1000) (9999)] /V (1000) /I [1] /AP <</N %1>>"), UNSURE, "fpdf.field-value"),
    ("a check box that is not its value", field(b"/FT /Btn /V /Yes /AS /Off /AP <</N <</Yes %1>>>>"), UNSURE,
     "fpdf.field-value"),
    ("alternates, the kind by reference", of_kind(b"/Image", b"/Alternates []"), UNSURE, "fpdf.alternates"),
    ("another file's page, the kind by reference", of_kind(b"/Form", b"/Ref <<>>"), UNSURE, "fpdf.external"),
    ("a picture elsewhere, the kind by reference", of_kind(b"/Form", b"/OPI <<>>"), UNSURE, "fpdf.external"),
    ("a program, the kind by reference", of_kind(b"/PS", b""), UNSURE, "fpdf.external"),
    ("usage rights", acting(b"/Perms <</UR3 %d 0 R>>", b"<</Type /Sig>>"), UNSURE, "fpdf.usage-rights"),
]


TABLES = {
    "universal": UNIVERSAL, "incremental": INCREMENTAL, "forms": FORMS, "shadow": SHADOWS, "certified": CERTIFIED,
    "undrawn": UNDRAWN, "trailing": TRAILING, "malleable": MALLEABLE, "confused": CONFUSED, "active": ACTIVE,
}


@pytest.mark.parametrize(("made", "expected", "code"), [
    pytest.param(made, expected, code, id=f"{table}: {name}")
    for table, cases in TABLES.items() for name, made, expected, code in cases])
def test_an_attacked_pdf_of_another_writer_is_not_called_genuine(
        made: Callable[[], bytes], expected: Verdict, code: str) -> None:
    report = judged(made())
    assert report.verdict is expected, sorted(codes(report))
    assert code in codes(report), sorted(codes(report))
    assert report.exit_code == {INVALID: 1, UNSURE: 3}[expected]


# -- who signed, and when


NOW = datetime.now(UTC)
REVOKED_AT = NOW - timedelta(days=10)
TRUSTS: list[tuple[str, Callable[[], bytes], Callable[[], Trust | None], Verdict, str]] = [
    ("a forged CA with the same names", lambda: w.by_openssl(
        w.plain(), world().stranger, chain=(world().stranger_root,)), world().trust, UNSURE, "chain.no-anchor"),
    ("no trust", f.approved, lambda: world().trust(roots=()), UNSURE, "chain.no-anchor"),
    ("no revocation list", f.approved, lambda: world().trust(crls=()), UNSURE, "chain.crl-missing"),
    ("revoked", f.approved, lambda: world().trust((world().p256, REVOKED_AT)), UNSURE, "chain.revoked"),
    ("revoked before the proven time", lambda: w.sign(w.plain(), stamped=True),
     lambda: world().trust((world().p256, REVOKED_AT)), INVALID, "chain.revoked"),
    ("expired", lambda: w.sign(w.plain(), _expired()), world().trust, UNSURE, "chain.expired"),
    ("not for documents", lambda: w.sign(w.plain(), pdf_world.party("外部测试", world().ca, "p256", usage="tsa")),
     world().trust, INVALID, "chain.wrong-usage"),
    ("a timestamp of an unknown authority", lambda: w.sign(w.plain(), stamped=True),
     lambda: world().trust(tsa=()), UNSURE, "fpdf.timestamp"),
    ("a document timestamp of an unknown authority", lambda: w.document_stamp(f.approved()),
     lambda: world().trust(tsa=()), UNSURE, "fpdf.timestamp"),
    ("a second signature of a stranger", lambda: w.sign(f.approved(), world().stranger, name="Sig2"), world().trust,
     UNSURE, "chain.no-anchor"),
    ("a document timestamp alone", lambda: w.document_stamp(w.plain()), world().trust, UNSURE, "fpdf.no-signature"),
]


def _expired() -> pdf_world.Party:
    return pdf_world.party("外部测试", world().ca, "p256", end=-timedelta(days=1))


@pytest.mark.parametrize(("made", "trust", "expected", "code"), [
    pytest.param(*rest, id=name) for name, *rest in TRUSTS])
def test_a_signature_of_another_writer_counts_only_with_a_good_chain(
        made: Callable[[], bytes], trust: Callable[[], Trust | None], expected: Verdict, code: str) -> None:
    report = judged(made(), trust())
    assert report.verdict is expected, sorted(codes(report))
    assert code in codes(report), sorted(codes(report))


def test_without_a_trust_folder_nothing_is_genuine() -> None:
    report = verify(f.approved(), trust=None, name="file.pdf")
    assert report.verdict is UNSURE
    assert "trust.none" in codes(report)
