"""The OFD-A copy shows what the sealed original shows, and is what the standard asks for."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from archive.errors import ArchiveError
from archive.ofda import SEAL_NAME, make_ofda
from archive.ofda_check import differences
from certs.sm3 import sm3
from tests.interop.judges import FormJudge
from tests.support.demo_home import shared_home
from tests.support.kind_samples import SAMPLES, Sample, issue_sample
from tests.verify.packages import entries, issued, pack
from verify import verify
from verify.drawing import draw

__all__ = ["issue_sample"]

DAY = date(2026, 11, 26)
ITEMS = (("题名", "危险化学品经营许可证"), ("原件摘要", "sm3:00"))


def made(package: bytes) -> bytes:
    return make_ofda(package, archived_on=DAY, items=ITEMS)


@pytest.fixture(scope="module")
def original() -> bytes:
    return issued().ofd


@pytest.fixture(scope="module")
def copy(original: bytes) -> bytes:
    return made(original)


def test_it_shows_what_the_original_shows(original: bytes, copy: bytes) -> None:
    assert differences(original, copy) == []
    assert made(original) == copy


def test_it_is_an_ofd_a_without_signature_and_links(original: bytes, copy: bytes) -> None:
    parts = entries(copy)
    head = parts["OFD.xml"].decode()
    assert 'DocType="OFD-A"' in head and "Signatures" not in head
    assert not [name for name in parts if "Signs" in name or name.endswith((".esl", ".pdf", ".crl", ".cer"))]
    assert parts["Doc_0/Attachs/record.xml"] == entries(original)["Doc_0/Attachs/record.xml"]
    assert {name for name in parts if name.endswith(".ttf")} == {
        name for name in entries(original) if name.endswith(".ttf")}


def test_it_names_the_seal_and_what_was_left_out_with_digests(original: bytes, copy: bytes) -> None:
    head, before = entries(copy)["OFD.xml"].decode(), entries(original)
    for name in ("签章人", "印章标识", "签章证书", "签章时间", "签章摘要", "题名", "原件摘要"):
        assert f'Name="{name}"' in head
    assert sm3(before["Doc_0/Signs/Sign_0/Signature.xml"]).hex() in head
    for name in ("rendition.pdf", "data-signing.cer", "crl_0.crl"):
        assert sm3(before[f"Doc_0/Attachs/{name}"]).hex() in head


def test_the_seal_is_page_content(copy: bytes) -> None:
    parts = entries(copy)
    page = parts["Doc_0/Pages/Page_0/Content.xml"].decode()
    assert 'Type="Foreground"' in page and 'BlendMode="Darken"' in page
    assert Image.open(io.BytesIO(parts[f"Doc_0/Res/{SEAL_NAME}"])).format == "PNG"


def test_it_is_not_taken_for_a_sealed_licence(copy: bytes) -> None:
    report = verify(copy, trust=shared_home().trust())
    assert report.verdict.value == "indeterminate" and not report.coverage.complete
    assert next(reason.code for reason in report.reasons if report.weighs(reason)) == "seal.archive-copy"
    assert [reason.code for reason in report.reasons if report.weighs(reason)] == ["seal.archive-copy"]
    assert {check.result for check in report.checks[3:]} == {"not-done"} and "前面的检查" not in report.to_text()
    parts = entries(copy)
    for name, change in (("OFD.xml", lambda data: data.replace(b"OFD-A", b"OFD")),
                         ("OFD.xml", lambda data: data.replace(b"</ofd:DocBody>", b"<ofd:Signatures>/x</ofd:Signatures>"
                                                               b"</ofd:DocBody>"))):
        changed = pack({**parts, name: change(parts[name])})
        assert verify(changed, trust=shared_home().trust()).verdict.value == "invalid"


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a character": ("Doc_0/Pages/Page_0/Content.xml", lambda data: data.replace("测试".encode(), "侧试".encode(), 1)),
    "the place of the seal": ("Doc_0/Pages/Page_0/Content.xml", lambda data: data.replace(b" 42 42\"", b" 41 42\"", 1)),
    "no seal": ("Doc_0/Pages/Page_0/Content.xml", lambda data: data[:data.index(b'<ofd:Layer Type="Foreground"')]
                + data[data.index(b"</ofd:Layer></ofd:Content>") + 12:]),
    "the picture of the seal": (f"Doc_0/Res/{SEAL_NAME}", lambda data: data[:-40] + bytes(8) + data[-32:]),
    "the type": ("OFD.xml", lambda data: data.replace(b"OFD-A", b"OFD")),
    "the record": ("Doc_0/Attachs/record.xml", lambda data: data.replace(b"K0", b"K1", 1)),
    "metadata": ("OFD.xml", lambda data: data.replace(b'Name="ZZMC"', b'Name="ZZMD"')),
    "a link": ("Doc_0/Document.xml", lambda data: data.replace(
        b"</ofd:Document>", b'<ofd:Actions><ofd:Action Event="DO"/></ofd:Actions></ofd:Document>')),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_copy_that_differs_is_found_out(original: bytes, copy: bytes, what: str) -> None:
    name, change = CHANGES[what]
    parts = entries(copy)
    after = change(parts[name])
    assert after != parts[name]
    assert differences(original, pack({**parts, name: after})) != []


def test_a_signature_left_inside_is_found_out(original: bytes, copy: bytes) -> None:
    parts = entries(copy)
    assert differences(original, pack({**parts, "Doc_0/Signs/Sign_0/Seal.esl": b"x"})) != []
    assert differences(original, original) != []
    assert differences(original, b"no archive") != []


@pytest.mark.parametrize(("code", "name"), [
    pytest.param(code, name, id=code) for code, name in dict(SAMPLES).items()])
def test_every_kind_becomes_a_copy(issue_sample: Callable[[str, str], Sample], code: str, name: str) -> None:
    """Letters have seals across their pages (骑缝章), cards photos, data sheets many pages."""
    package = issue_sample(code, name).ofd.read_bytes()
    assert differences(package, made(package)) == []


@pytest.mark.judge
def test_ofdrw_draws_both_alike(original: bytes, copy: bytes, form_judge: FormJudge, tmp_path: Path) -> None:
    drawn = []
    for name, data in (("original", original), ("copy", copy)):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.ofd").write_bytes(data)
        drawn.append(form_judge.ofd_pictures(tmp_path / f"{name}.ofd", tmp_path / name, 6))
    assert len(drawn[0]) == len(drawn[1]) == 3
    for one, other in zip(*drawn, strict=True):
        left, right = (Image.open(path).convert("L") for path in (one, other))
        differing = sum(ImageChops.difference(left, right).histogram()[32:])
        assert differing < left.width * left.height / 5000, "ofdrw smooths a seal and a picture a little differently"


def test_our_own_drawing_shows_the_seals_of_the_copy(copy: bytes) -> None:
    drawn = draw(copy)
    assert drawn["count"] == 3
    assert all(not page["lacks"] for page in drawn["pages"])
    assert json.dumps(drawn)


def test_only_a_package_of_ours_becomes_a_copy() -> None:
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("OFD.xml", "<x/>")
    for data in (b"", b"PK", empty.getvalue()):
        with pytest.raises(ArchiveError):
            made(data)
