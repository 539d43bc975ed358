"""A PDF that was changed after signing is shown beside the state that was signed; what no good signature saw is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from certs.trust import Trust
from service.earlier import genuine_before
from service.pages import result_page
from tests.support.demo_home import shared_home
from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_later as later
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import world
from tests.verify.packages import issued
from verify import verify
from verify.contained import Verifiers
from verify.drawing import draw

PLAIN = [b"<</Type /Catalog /Pages 2 0 R /AcroForm 5 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
         b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources <<>>>>",
         b"<</Length 0>>\nstream\n\nendstream", b"<</Fields []>>"]
CHANGED: dict[str, Callable[[], bytes]] = {
    "other text": lambda: f.other_text(f.approved()),
    "other text, then signed by another": lambda: w.sign(f.other_text(f.approved()), world().second, name="Sig2"),
}


def before(data: bytes, report: dict[str, Any], trust: Trust | Path | None = None) -> int:
    known = trust or world().trust()
    return genuine_before(data, report, lambda state: verify(state, trust=known, name="x.pdf").verdict.value)


def shown(data: bytes) -> tuple[dict[str, Any], dict[str, Any], html.HtmlElement]:
    report = verify(data, trust=world().trust(), name="x.pdf").to_dict()
    drawing = draw(data, signed_bytes=before(data, report))
    return report, drawing, html.fromstring(result_page(report, drawing, "", "zh"))


@pytest.mark.parametrize("name", CHANGED)
def test_the_page_is_shown_as_it_was_signed_and_what_differs_is_framed(name: str) -> None:
    data = CHANGED[name]()
    report, drawing, page = shown(data)
    assert report["verdict"] == "invalid" and before(data, report) == len(f.approved())
    first, second = drawing["pages"]
    assert second["before"] is None, "the second page is as it was"
    left, top, width, height = first["before"]["box"]
    assert 0.1 < left < 0.2 and 0.1 < top < 0.2 and 0 < width < 0.6 and 0 < height < 0.1
    assert first["before"]["picture"] == draw(f.approved())["pages"][0]["picture"] != first["picture"]
    (frame,) = page.xpath("//*[contains(@class, 'sheet')][1]//*[local-name()='rect'][not(@class)]")
    assert abs(float(frame.get("x")) - (left * first["width_mm"] - 1)) < 0.01
    assert page.xpath("//details[contains(@class, 'before')]/img/@src") == [first["before"]["picture"]]
    assert "签署之后改动过" in page.text_content()


@pytest.mark.parametrize("data", [f.approved, lambda: w.sign(f.approved(), world().second, name="Sig2")])
def test_a_genuine_file_has_no_other_state_to_show(data: Callable[[], bytes]) -> None:
    report, drawing, page = shown(data())
    assert report["verdict"] == "valid" and before(data(), report) == 0
    assert not any(each["before"] for each in drawing["pages"]) and not page.xpath("//*[contains(@class, 'before')]")


def test_a_state_that_was_not_genuine_is_not_shown() -> None:
    """Forged, stamped by a service that everybody trusts, and changed again: no signer saw any of it."""
    forged = f.approved().replace(b"595.2756", b"595.2757", 1)
    assert forged != f.approved()
    for data in (f.other_text(later.timestamp(forged, {})), f.other_text(later.timestamp(later.plain_file(PLAIN), {}))):
        report = verify(data, trust=world().trust(), name="x.pdf").to_dict()
        assert report["verdict"] != "valid" and before(data, report) == 0
    data = f.other_text(f.approved())
    untrusted = verify(data, trust=None, name="x.pdf").to_dict()
    assert genuine_before(data, untrusted, lambda state: verify(state, trust=None, name="x.pdf").verdict.value) == 0


def test_an_own_rendition_is_shown_as_it_was_issued() -> None:
    data, trust = issued().pdf, shared_home().trust_dir
    content = int(re.findall(rb"/Contents (\d+) 0 R", w.object_of(data, f.page(data)))[0])
    forged = w.update(data, [(content, f.FAKE)])
    report = verify(forged, trust=trust, name="x.pdf").to_dict()
    assert report["verdict"] == "invalid" and before(forged, report, trust) == len(data)
    drawing = draw(forged, signed_bytes=len(data))
    assert drawing["pages"][0]["before"]["picture"] == draw(data)["pages"][0]["picture"]


def test_a_page_that_came_later_is_said_to_be_new() -> None:
    data = f.approved()
    tree = int(re.findall(rb"/Pages (\d+) 0 R", w.object_of(data, f.root(data)))[0])
    new, text = f.size(data), b"BT /F 24 Tf 72 700 Td (One more page) Tj ET"
    kids = w.object_of(data, tree).replace(b"/Count 2", b"/Count 3").replace(b" ]", b" %d 0 R ]" % new)
    more = w.update(data, [
        (new, b"<</Type /Page /Parent %d 0 R /MediaBox [0 0 300 300] /Contents %d 0 R>>" % (tree, new + 1)),
        (new + 1, b"<</Length %d>>\nstream\n%b\nendstream" % (len(text), text)), (tree, kids)])
    _, drawing, page = shown(more)
    assert [each["before"] for each in drawing["pages"]][:2] == [None, None]
    assert drawing["pages"][2]["before"] == {"picture": "", "box": [0.0, 0.0, 1.0, 1.0]}
    assert "签署时没有这一页" in page.text_content()


@pytest.mark.parametrize("end", [1, 100, 5000])
def test_an_end_at_which_nothing_stands_shows_nothing_and_harms_nothing(verifiers: Verifiers, end: int) -> None:
    drawing = verifiers.draw(f.approved(), signed_bytes=end)
    assert drawing["count"] == 2 and len(drawing["pages"]) == 2


def test_a_page_is_shown_though_its_earlier_state_cannot_be_drawn() -> None:
    signed = f.signed_by(later.plain_file([
        *PLAIN[:2], PLAIN[2].replace(b"300 300", b"20 20000"), *PLAIN[3:]]))
    data = w.update(signed, [(3, w.object_of(signed, 3).replace(b"20 20000", b"600 600"))])
    assert [each["before"] for each in draw(data, signed_bytes=len(signed))["pages"]] == [None]
