"""Programs that we did not write judge what we issue: form, cryptography, text, pictures."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pypdf
import pytest
import zxingcpp
from PIL import Image, ImageFilter

import layouts
from certs.x509 import Certificate
from tests.interop.conftest import Example
from tests.interop.judges import CryptoJudge, FormJudge
from verify import verify

pytestmark = pytest.mark.judge
PICTURES = Path(__file__).parent.parent.parent / "out" / "pictures"
QR_DPI = 150
TILE, WORST_TILE = 40, 160      # pixels at 300 dpi: 3.4 mm; a tenth of a tile


def without_spaces(text: str) -> str:
    return re.sub(r"\s+", "", text)


def values(example: Example) -> dict[str, str]:
    """Label → printed value, of what every 正本 shows."""
    licence = verify(example.ofd, trust=example.home.trust_dir).licence
    assert licence is not None
    kind = layouts.load_kind("K0")
    shown = ("统一社会信用代码", "许可证编号", "企业名称", "企业住所", "企业法定代表人", "发证机关", "发证日期")
    return {label: layouts.printed(licence.fields[label], kind.field(label).printed_as) for label in shown}


def pdf_pictures(pdf: Path, folder: Path, dpi: int) -> list[Path]:
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", pdf, folder / "pdf"], check=True)
    return sorted(folder.glob("pdf-*.png"))


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

    The programs round a page to whole pixels in their own ways, so the pictures (300 dpi) are laid over each other with
    the best shift of at most two pixels (0.17 mm); places to 0.05 mm are compared glyph by glyph elsewhere. Blurring by
    two pixels takes smoothing out. What then still differs by more than a quarter of the scale is other ink: a lost
    character of 5 mm is some 1000 such pixels, and fills tiles of 40 by 40.
    """
    folder = PICTURES / example.name
    folder.mkdir(parents=True, exist_ok=True)
    drawn_pdf = pdf_pictures(example.pdf, folder, 300)
    drawn_ofd = form_judge.ofd_pictures(example.ofd, folder, 300 / 25.4)
    assert len(drawn_pdf) == len(drawn_ofd)
    for left, right in zip(drawn_pdf, drawn_ofd, strict=True):
        difference = best_difference(left, right)
        Image.fromarray(difference.astype(np.uint8)).save(folder / f"difference-{left.stem}.png")
        far = difference > 64
        worst = tiles(far).max()
        assert far.mean() < 0.0005, f"{left.name}: {far.mean():.4%} of the pixels differ"
        assert worst < WORST_TILE, f"{left.name}: {worst} of {TILE * TILE} pixels differ in one spot"


def test_the_comparison_of_pictures_sees_one_lost_character(example: Example, poppler: None, tmp_path: Path) -> None:
    (page, *_) = pdf_pictures(example.pdf, tmp_path, 300)
    picture = Image.open(page).convert("RGB")
    x, y, size = (round(mm * 300 / 25.4) for mm in (79, 78, 6))
    picture.paste((255, 255, 255), (x, y, x + size, y + size))
    picture.save(tmp_path / "lost.png")
    assert tiles(best_difference(page, tmp_path / "lost.png") > 64).max() > WORST_TILE


def best_difference(left: Path, right: Path) -> np.ndarray:
    """Absolute differences of two blurred grey pictures, at the whole-pixel shift where they agree best."""
    one, two = (
        np.asarray(Image.open(path).convert("L").filter(ImageFilter.GaussianBlur(2)), dtype=np.int16)
        for path in (left, right))
    height, width = (min(one.shape[axis], two.shape[axis]) for axis in (0, 1))
    one, two = one[:height, :width], two[:height, :width]
    shifts = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
    return min((np.abs(one - np.roll(two, shift, axis=(0, 1)))[2:-2, 2:-2] for shift in shifts), key=np.mean)


def tiles(far: np.ndarray) -> np.ndarray:
    """How many pixels differ in each tile."""
    cut = far[: far.shape[0] // TILE * TILE, : far.shape[1] // TILE * TILE]
    return cut.reshape(cut.shape[0] // TILE, TILE, -1, TILE).sum(axis=(1, 3))
