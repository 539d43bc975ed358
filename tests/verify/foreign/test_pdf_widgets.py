"""Signed fields without extent are not seen as long as they are widgets: of other annotations readers draw icons, lines
and words in any rectangle."""

from __future__ import annotations

import pytest

from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_later as later
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.test_pdf_attacks import codes, judged
from verify.model import Verdict

KINDS = ("Text", "Link", "FreeText", "Line", "Square", "Highlight", "Stamp", "Caret", "Ink", "Popup", "FileAttachment",
         "Redact", "Watermark", "Screen", "widget", "")
KEYS = {"point": b"/F 4 /Rect [250 705 250 705]", "corner": b"/F 132 /Rect [0 0 0 0]",
        "frame": b"/F 4 /Rect [250 705 250 705] /Border [0 0 400] /C [1 0 0]",
        "words": b"/F 4 /Rect [250 705 250 705] /Contents (PAY 99999) /DA (/Helv 30 Tf 1 0 0 rg) /C [1 0 0]",
        "line": b"/F 4 /Rect [100 705 350 705]", "hidden": b"/F 2 /Rect [100 705 350 725]"}


def told(kind: str) -> bytes:
    """What an annotation says it is."""
    return b"/Type /Annot" + (b" /Subtype /%b" % kind.encode() if kind else b"")


def field(kind: str, keys: bytes, who: str) -> bytes:
    """A signed field that is itself such an annotation, on the page."""
    return later.WAYS[who](f.approved(), {}, annotation=told(kind), place=keys)  # type: ignore[call-arg]


def kids(*kinds: str, keys: bytes = KEYS["point"], own: bytes = b"", streams: bool = False) -> bytes:
    """A second signer's field with kids of these kinds, of which the last stands on the page."""
    data = f.approved()
    new = f.size(data)
    objects = {new + place: b"<<%b %b>>" % (told(kind), keys) for place, kind in enumerate(kinds)}
    if streams:
        objects = {number: body[:-2] + b"/Length 0>>\nstream\n\nendstream" for number, body in objects.items()}
    return later.signer(data, objects, annotation=own, place=b"/Kids [%b]" % b" ".join(
        b"%d 0 R" % number for number in objects), widget=new + len(kinds) - 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keys", KEYS)
def test_a_signed_field_that_is_another_annotation_is_not_genuine(kind: str, keys: str) -> None:
    report = judged(field(kind, KEYS[keys], "signer"))
    assert report.verdict is not Verdict.VALID, sorted(codes(report))
    assert "fpdf.changed" in codes(report)


@pytest.mark.parametrize("kind", ["Text", "FreeText", "Link", ""])
def test_a_timestamp_that_is_another_annotation_is_not_genuine(kind: str) -> None:
    data = field(kind, KEYS["corner"], "timestamp")
    for each in (data, later.signer(data, {})):
        report = judged(each)
        assert report.verdict is not Verdict.VALID, sorted(codes(report))


@pytest.mark.parametrize("keys", ["point", "corner", "line", "hidden"])
def test_a_signed_field_that_is_a_widget_is_genuine(keys: str) -> None:
    report = judged(field("Widget", KEYS[keys], "signer"))
    assert report.verdict is Verdict.VALID, sorted(codes(report))


FRAME = b"/MK <</BG [1 0 0] /BC [0 0 1]>> /BS <</W 60>>"


@pytest.mark.parametrize("flags", [
    b"2.0", b"2.5", b"4294967298", b"-4294967294", b"9" * 25 + b"8", b"true", b"(2)", b"[2]"])
def test_flags_that_are_no_whole_number_of_32_bits_hide_nothing(flags: bytes) -> None:
    report = judged(field("Widget", b"/F %b /Rect [100 600 400 720] %b" % (flags, FRAME), "signer"))
    assert report.verdict is not Verdict.VALID, sorted(codes(report))


@pytest.mark.parametrize("flags", [b"2", b"-2", b"134"])
def test_a_hidden_widget_may_have_a_frame(flags: bytes) -> None:
    report = judged(field("Widget", b"/F %b /Rect [100 600 400 720] %b" % (flags, FRAME), "signer"))
    assert report.verdict is Verdict.VALID, sorted(codes(report))


@pytest.mark.parametrize("place", [b"[100 600 100 600]", b"[0 0 0 0]", b"[100 600 100 600.0]", b"[100 600 300 600]"])
def test_a_frame_of_a_point_is_drawn_by_some_readers(place: bytes) -> None:
    for keys in (FRAME, b"/MK <</BC [0 0 1]>>", b"/MK <</CA (X)>>"):
        report = judged(field("Widget", b"/F 4 /Rect " + place + keys, "signer"))
        assert report.verdict is not Verdict.VALID, sorted(codes(report))
    for keys in (b"", b"/MK <<>>", b"/MK <</R 0>>", b"/Border [0 0 60]", b"/BS <</W 60>>"):
        assert judged(field("Widget", b"/F 4 /Rect " + place + keys, "signer")).verdict is Verdict.VALID


@pytest.mark.parametrize("kind", KINDS)
def test_a_kid_that_is_another_annotation_is_not_genuine(kind: str) -> None:
    for kinds in ((kind,), ("Widget", kind), (kind, "Widget"), ("Widget", kind, "Widget")):
        report = judged(kids(*kinds))
        assert report.verdict is not Verdict.VALID, sorted(codes(report))
        assert "fpdf.changed" in codes(report)


@pytest.mark.parametrize("own", [told("Text"), told("") + b" /Rect [0 0 0 0]", b"/AP <<>>"])
def test_a_field_above_its_widgets_is_no_annotation(own: bytes) -> None:
    report = judged(kids("Widget", own=own))
    assert report.verdict is not Verdict.VALID and "fpdf.changed" in codes(report)


def test_a_kid_that_is_a_stream_is_not_genuine() -> None:
    report = judged(kids("Widget", streams=True))
    assert report.verdict is not Verdict.VALID and "fpdf.changed" in codes(report)


def test_kids_that_are_widgets_are_genuine() -> None:
    for kinds in (("Widget",), ("Widget", "Widget", "Widget")):
        report = judged(kids(*kinds))
        assert report.verdict is Verdict.VALID, sorted(codes(report))


@pytest.mark.parametrize("kind", ["Text", "FreeText", "Line", "Highlight", "Caret"])
def test_an_annotation_of_a_point_is_left_to_readers(kind: str) -> None:
    """It was there before signing: what is signed is not one picture."""
    def annotated(kind: str) -> bytes:
        data = w.plain()
        new = f.size(data)
        note = b"<<%b %b>>" % (told(kind), KEYS["point"])
        return f.signed_by(f.added(data, f.page(data), b"/Annots [%d 0 R]" % new, (new, note)))

    report = judged(annotated(kind))
    assert report.verdict is not Verdict.VALID and "fpdf.no-appearance" in codes(report)
    assert judged(annotated("Popup")).verdict is Verdict.VALID


# -- references that lead to nothing here, and to an object for some readers

DRAWN = b"1 0 0 rg 0 0 300 300 re f"
PICTURE = b"<</Type /XObject /Subtype /Form /BBox [0 0 300 300] /Length %d>>\nstream\n%b\nendstream" % (
    len(DRAWN), DRAWN)
LOST = {"another generation": b"%d 5 R", "a large generation": b"%d 65535 R", "a number beyond 32 bits": b"%d 0 R"}


def lost(form: str, number: int) -> bytes:
    """A reference that some readers take for one to the object of a number."""
    return LOST[form] % (number + 2**32 if "number" in form else number)


def referring(keys: bytes, form: str) -> bytes:
    """A second signer's widget of a point, which has a key that leads to a picture for some readers."""
    data = f.approved()
    new = f.size(data)
    objects = {new: PICTURE, new + 1: b"<</N %d 0 R /BG [1 0 0]>>" % new}
    told = keys.replace(b"PICTURE", lost(form, new)).replace(b"KEYS", lost(form, new + 1))
    return later.signer(data, objects, place=KEYS["point"] + told)


@pytest.mark.parametrize("form", LOST)
@pytest.mark.parametrize("keys", [
    b"/AP <</N PICTURE>>", b"/AP KEYS", b"/MK KEYS", b"/AP <</N <</On PICTURE>>>> /AS /On"])
def test_a_widget_with_a_reference_that_leads_to_nothing_is_not_genuine(keys: bytes, form: str) -> None:
    report = judged(referring(keys, form))
    assert report.verdict is not Verdict.VALID and "fpdf.changed" in codes(report)


@pytest.mark.parametrize("told", [b"99 0 R", b"0 0 R", b"2 1 R"])
def test_a_reference_that_leads_to_nothing_does_not_come_with_a_signature(told: bytes) -> None:
    """Some readers repair the file when they look for its object."""
    report = judged(later.signer(f.approved(), {}, place=KEYS["point"] + b"/MK <</R " + told + b">>"))
    assert report.verdict is not Verdict.VALID and "fpdf.changed" in codes(report)


@pytest.mark.parametrize(("told", "genuine"), [
    (b"99 0 R", True), (b"4 0 R", True), (b"2 1 R", False), (b"4294967298 0 R", False)])
def test_a_reference_that_was_there_may_lead_to_nothing(told: bytes, genuine: bool) -> None:
    """It must not lead to an object by its number alone, and may be told again."""
    data = f.signed_by(later.plain_file([
        b"<</Type /Catalog /Pages 2 0 R /AcroForm 5 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Foo %b>>" % told, b"null", b"<</Fields []>>"]))
    for each in (data, later.signer(data, {})):
        report = judged(each)
        assert (report.verdict is Verdict.VALID) is genuine, sorted(codes(report))
        assert genuine or "fpdf.revived" in codes(report)
