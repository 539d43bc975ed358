"""Programs that we did not write judge what we issue: form, cryptography, text, pictures."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pypdf
import pytest
import zxingcpp
from PIL import Image

import layouts
from certs.x509 import Certificate
from reports.pdf import report_pdf
from tests.interop.conftest import Example
from tests.interop.judges import CryptoJudge, FormJudge
from tests.interop.pictures import (
    FAR,
    PICTURES,
    WORST_TILE,
    assert_same_pictures,
    best_difference,
    pdf_pictures,
    tiles,
)
from tests.support.demo_home import CITY
from verify import verify

pytestmark = pytest.mark.judge
QR_DPI = 150


def without_spaces(text: str) -> str:
    return re.sub(r"\s+", "", text)


def values(example: Example) -> dict[str, str]:
    """Label → printed value, of what every 正本 shows."""
    licence = verify(example.ofd, trust=example.home.trust_dir).licence
    assert licence is not None
    kind = layouts.load_kind("K0")
    shown = ("统一社会信用代码", "许可证编号", "企业名称", "企业住所", "企业法定代表人", "发证机关", "发证日期")
    return {label: layouts.printed(licence.fields[label], kind.field(label).printed_as) for label in shown}


@pytest.mark.req("R-003-26", "R-003-58")
def test_verapdf_finds_the_rendition_compliant(example: Example, form_judge: FormJudge) -> None:
    answer = form_judge.pdf_a(example.pdf)
    assert answer.ok, answer.text


@pytest.mark.req("R-000-26", "R-003-26")
def test_ofdrw_accepts_the_seal(example: Example, form_judge: FormJudge) -> None:
    answer = form_judge.ofd_valid(example.ofd)
    assert answer.ok, answer.text


def test_ofdrw_does_not_accept_a_changed_page(example: Example, form_judge: FormJudge, tmp_path: Path) -> None:
    changed = tmp_path / "changed.ofd"
    with zipfile.ZipFile(example.ofd) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("Page_0/Content.xml"):
                data = data.replace("测试".encode(), "侧试".encode())
            target.writestr(name, data)
    assert not form_judge.ofd_valid(changed).ok


def test_bouncycastle_accepts_seal_and_signature(example: Example, crypto_judge: CryptoJudge, tmp_path: Path) -> None:
    sign = "Doc_0/Signs/Sign_0/"
    with zipfile.ZipFile(example.ofd) as package:
        for name in ("Seal.esl", "Signature.xml", "SignedValue.dat"):
            (tmp_path / name).write_bytes(package.read(sign + name))
    seal = crypto_judge.seal(tmp_path / "Seal.esl")
    assert seal.ok, seal.text
    signature = crypto_judge.seal_signature(
        tmp_path / "SignedValue.dat", tmp_path / "Signature.xml", f"/{sign}Signature.xml")
    assert signature.ok, signature.text
    assert "测试市应急管理局" in signature.text


def test_bouncycastle_accepts_every_certificate_and_list(example: Example, crypto_judge: CryptoJudge) -> None:
    paths = [*example.home.path.rglob("*.cer")]
    by_subject = {Certificate.load(path.read_bytes()).subject: path for path in paths}
    for path in paths:
        issuer = by_subject[Certificate.load(path.read_bytes()).issuer]
        answer = crypto_judge.certificate(path, issuer)
        assert answer.ok, f"{path}: {answer.text}"
    lists = [*example.home.trust_dir.rglob("*.crl")]
    assert lists
    for path in lists:
        answers = [crypto_judge.crl(path, issuer) for issuer in by_subject.values()]
        assert any(answer.ok for answer in answers), f"{path}: {answers}"


@pytest.mark.req("R-000-16")
def test_poppler_and_pypdf_extract_each_value_as_printed(example: Example, poppler: None) -> None:
    text = subprocess.run(["pdftotext", "-layout", example.pdf, "-"], check=True, capture_output=True, text=True).stdout
    by_poppler = without_spaces(text)
    by_pypdf = without_spaces("".join(page.extract_text() for page in pypdf.PdfReader(example.pdf).pages))
    for label, value in values(example).items():
        if label in {"统一社会信用代码", "许可证编号", "发证机关"}:
            assert value in text, f"{label} is not contiguous for poppler"
        assert without_spaces(value) in by_pypdf, label
        assert label == "企业住所" or label == "企业名称" or without_spaces(value) in by_poppler, label


def test_ofdrw_extracts_each_value(example: Example, form_judge: FormJudge) -> None:
    text = without_spaces("".join(form_judge.ofd_text(example.ofd)))
    for label, value in values(example).items():
        assert without_spaces(value) in text, label


@pytest.mark.req("R-000-20", "R-000-29")
def test_the_qr_code_is_read_from_each_page_at_150_dpi_in_both_renditions(
    example: Example, form_judge: FormJudge, poppler: None, tmp_path: Path,
) -> None:
    licence = verify(example.ofd, trust=example.home.trust_dir).licence
    assert licence is not None
    pages = pdf_pictures(example.pdf, tmp_path, QR_DPI) + form_judge.ofd_pictures(example.ofd, tmp_path, QR_DPI / 25.4)
    for page in pages:
        codes = zxingcpp.read_barcodes(Image.open(page), formats=zxingcpp.BarcodeFormat.QRCode)
        assert [code.text.partition("#")[0] for code in codes] == [licence.fields["二维码"]], page.name


@pytest.mark.req("R-003-27")
def test_both_renditions_look_the_same(example: Example, form_judge: FormJudge, poppler: None) -> None:
    """Drawn by poppler and by ofdrw, pages differ by no more than edges that two programs smooth differently.

    How the pictures are compared, and why so: tests/interop/pictures.py.
    """
    assert_same_pictures(example.pdf, example.ofd, form_judge, PICTURES / example.name)


def test_the_comparison_of_pictures_sees_one_lost_character(example: Example, poppler: None, tmp_path: Path) -> None:
    (page, *_) = pdf_pictures(example.pdf, tmp_path, 300)
    picture = Image.open(page).convert("RGB")
    x, y, size = (round(mm * 300 / 25.4) for mm in (79.5, 73, 6))
    picture.paste((255, 255, 255), (x, y, x + size, y + size))
    picture.save(tmp_path / "lost.png")
    assert tiles(best_difference(page, tmp_path / "lost.png") > FAR).max() > WORST_TILE


def test_verapdf_finds_a_verification_report_compliant(
    examples: dict[str, Example], form_judge: FormJudge, tmp_path: Path,
) -> None:
    example = examples["example-1"]
    report = verify(example.ofd, trust=example.home.trust_dir).to_dict()
    signer = example.home.authority(*CITY).pdf_signer
    for name, data in (("plain", report_pdf(report)), ("signed", report_pdf(report, signer=signer))):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(data)
        answer = form_judge.pdf_a(path)
        assert answer.ok, answer.text
