"""Letters whose text and tables run over pages, with photo, gradients and 骑缝章: genuine ones, and changed ones."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.running_kind import issued_letter, photo, running_home
from tests.verify.packages import SIGNATURE, TEMPLATE, Entries, Forger, codes, entries
from verify import verify
from verify.model import Verdict
from verify.report import Report

PAGES = [f"Doc_0/Pages/Page_{index}/Content.xml" for index in range(3)]
PHOTO = "Doc_0/Res/Image_0.jpg"
OBJECT = rb"<ofd:TextObject [^>]*>(?:(?!</ofd:TextObject>).)*%s(?:(?!</ofd:TextObject>).)*</ofd:TextObject>"


def check(data: bytes) -> Report:
    return verify(data, trust=running_home().trust())


def forged(name: str, change: Callable[[bytes], bytes]) -> Report:
    """One entry changed and everything sealed anew by the true authority; ``SIGNATURE`` is changed before sealing."""
    parts = entries(issued_letter().ofd)
    if name == SIGNATURE:
        return check(Forger(home=running_home(), edit=change).apply(parts))
    after: Entries = {**parts, name: change(parts[name])}
    assert after[name] != parts[name], f"{name} was not changed"
    return check(Forger(home=running_home()).apply(after))


def without(text: str) -> Callable[[bytes], bytes]:
    """Drop the first text object that holds these words."""
    return lambda data: re.sub(OBJECT % text.encode(), b"", data, count=1)


def exchanged(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old.encode(), new.encode(), 1)


def test_the_letter_is_genuine_in_both_forms() -> None:
    issued = issued_letter()
    for data in (issued.ofd, issued.pdf):
        report = check(data)
        assert report.verdict is Verdict.VALID, report.to_text()
    assert len([name for name in entries(issued.ofd) if "/Pages/" in name]) == 3


def swapped_cells(data: bytes) -> bytes:
    """The numbers of the second and third row change places."""
    return data.replace(b">2</ofd:TextCode>", b">\0</ofd:TextCode>", 1).replace(
        b">3</ofd:TextCode>", b">2</ofd:TextCode>", 1).replace(b">\0</ofd:TextCode>", b">3</ofd:TextCode>", 1)


@pytest.mark.parametrize(("page", "change", "reason"), [
    (2, without("材料名称"), "page.label"),
    (2, swapped_cells, "page.line"),
    (2, without("安全评价报告"), "page.line"),
    (2, exchanged("3/3", "2/3"), "page.number"),
    (2, without("3/3"), "page.number"),
    (1, exchanged("不予许可", "准予许可"), "page.line"),
    (1, without("现决定不予许可"), "page.line"),
    (2, lambda data: data.replace(b"</ofd:Layer>", re.findall(OBJECT % "复议".encode(), data)[0].replace(
        b'ID="', b'ID="9') + b"</ofd:Layer>", 1), "page.number"),
    (0, exchanged("测试市晨光", "测试市晨旭"), "page.line"),
], ids=range(9))
def test_a_changed_page_is_named(page: int, change: Callable[[bytes], bytes], reason: str) -> None:
    report = forged(PAGES[page], change)
    assert report.verdict is Verdict.INVALID
    assert reason in codes(report), report.to_text()


def test_pages_in_another_order_are_not_genuine() -> None:
    parts = entries(issued_letter().ofd)
    report = check(Forger(home=running_home()).apply({**parts, PAGES[1]: parts[PAGES[2]], PAGES[2]: parts[PAGES[1]]}))
    assert report.verdict is Verdict.INVALID
    assert "page.number" in codes(report) or "page.line" in codes(report)


def stamp(index: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Change one StampAnnot; three slices and, before the last of them, the whole seal."""
    def edit(data: bytes) -> bytes:
        found = re.findall(rb"<ofd:StampAnnot [^>]*/>", data)
        assert len(found) == 4
        return data.replace(found[index], change(found[index]), 1)
    return edit


@pytest.mark.parametrize(("index", "change"), [
    (0, lambda _: b""),                                              # a slice gone
    (2, lambda _: b""),                                              # the seal on the date gone
    (0, lambda text: re.sub(rb' Clip="[^"]*"', b"", text)),            # a slice made whole
    (1, lambda text: re.sub(rb'Clip="[0-9.]+', b'Clip="0', text)),     # the same slice twice
    (1, lambda text: re.sub(rb'Clip="([0-9.]+) ([0-9.]+) [0-9.]+', rb'Clip="\1 \2 20', text)),
    (2, lambda text: text.replace(b"/>", b' Clip="0 0 20 42"/>')),     # the seal on the date cut
    (1, lambda text: re.sub(rb'Boundary="([0-9.]+) ([0-9.]+)', rb'Boundary="\1 60', text)),   # not level
    (1, lambda text: re.sub(rb'Clip="[^"]*"', b'Clip="0 0 400 42"', text)),
])
def test_a_seal_that_is_cut_otherwise_is_refused(index: int, change: Callable[[bytes], bytes]) -> None:
    report = forged(SIGNATURE, stamp(index, change))
    assert report.verdict is Verdict.INVALID
    assert {"page.seal", "seal.stamp"} & codes(report), report.to_text()


def test_another_photo_is_refused() -> None:
    report = forged(PHOTO, lambda _: photo(144, 192))
    assert report.verdict is Verdict.INVALID
    assert "page.photo" in codes(report)


@pytest.mark.parametrize("change", [
    exchanged('Extend="3"', 'Extend="0"'),
    exchanged('Position="0.5"', 'Position="1.5"'),
    exchanged("<ofd:AxialShd ", '<ofd:AxialShd MapType="Reflect" '),
    lambda data: re.sub(rb'(FillColor Value=")[0-9 ]+(" ?><ofd:AxialShd)', rb"\g<1>1 2 3\2", data, count=1),
    exchanged("<ofd:Segment ", '<ofd:Segment Visible="1" '),
    exchanged("RadialShd", "GouraudShd"),
])
def test_a_gradient_of_another_form_is_not_understood(change: Callable[[bytes], bytes]) -> None:
    report = forged(TEMPLATE, change)
    assert report.verdict is not Verdict.VALID
    assert {"ofd.not-understood", "xml.malformed"} & codes(report), report.to_text()
