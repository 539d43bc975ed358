"""A photo of a printed licence: its code is read under bad conditions, and the paper is never called genuine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import io
import random
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import qrcode
from PIL import Image, ImageEnhance, ImageFilter

from codes import qr_payload
from reports import words
from tests.support.bounds import not_hanging
from tests.support.demo_home import shared_home
from tests.verify.packages import check, codes, issued
from verify import verify
from verify.finder_patterns import are_too_many
from verify.model import Verdict
from verify.status import LicenceState

_DPI = 300


@functools.cache
def page() -> Image.Image:
    """The first page of a worked example as a printer prints it."""
    drawn = subprocess.run(["pdftoppm", "-r", str(_DPI), "-f", "1", "-l", "1", "-png", "-"], input=issued().pdf,
                           capture_output=True, check=True).stdout
    return Image.open(io.BytesIO(drawn)).convert("RGB")


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    """The picture as a camera keeps it."""
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=quality)
    return kept.getvalue()


def lying(picture: Image.Image, lean: float = 0.16) -> Image.Image:
    """The page seen at an angle, on a grey table."""
    width, height = picture.size
    table = Image.new("RGB", (width * 5 // 4, height * 5 // 4), (96, 92, 88))
    table.paste(picture, (width // 8, height // 8))
    wide, high = table.size
    return table.transform(table.size, Image.Transform.QUAD, (
        0, 0, wide * lean, high, wide * (1 - lean / 2), high * (1 - lean / 3), wide, high * lean),
        Image.Resampling.BICUBIC)


def noisy(picture: Image.Image) -> Image.Image:
    """Noise of a sensor in the dark."""
    spread = random.Random(7).randbytes(picture.width * picture.height)  # noqa: S311 - no secret
    noise = Image.frombytes("L", picture.size, bytes(96 + byte // 4 for byte in spread)).convert("RGB")
    return Image.blend(picture, noise, 0.25)


BAD: dict[str, Callable[[Image.Image], bytes]] = {
    "as printed": jpeg,
    "40 % JPEG": lambda picture: jpeg(picture, 40),
    "a telephone's size": lambda picture: jpeg(picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)), 40),
    "upside down": lambda picture: jpeg(picture.rotate(180)),
    "turned": lambda picture: jpeg(picture.rotate(33, expand=True, fillcolor=(90, 90, 90)), 40),
    "skewed": lambda picture: jpeg(lying(picture), 40),
    "dim": lambda picture: jpeg(ImageEnhance.Brightness(picture).enhance(0.18), 40),
    "flat": lambda picture: jpeg(ImageEnhance.Contrast(picture).enhance(0.2), 40),
    "unsharp": lambda picture: jpeg(picture.filter(ImageFilter.GaussianBlur(1.6)), 40),
    "noisy": lambda picture: jpeg(noisy(picture), 40),
    "skewed, dim, noisy": lambda picture: jpeg(
        noisy(ImageEnhance.Brightness(lying(picture, 0.1)).enhance(0.4)), 40),
}


@pytest.mark.usefixtures("poppler")
@pytest.mark.parametrize("name", BAD)
def test_the_code_of_a_bad_photo_is_read_and_the_paper_proves_nothing(name: str) -> None:
    report = check(BAD[name](page()), name="照片.jpg")
    assert report.verdict is Verdict.INDETERMINATE and report.exit_code == 3
    weighing = {reason.code for reason in report.reasons if report.weighs(reason)}
    assert weighing == {"photo.paper"} and "photo.issued" in codes(report)
    assert report.licence is not None and report.licence.proven
    assert report.licence.fields["持证主体"] == "测试甲化工贸易有限公司"
    text = report.to_text()
    assert "视同复印件" in text and "签名的二维码所载，纸面本身不作证明" in text and "未经证实" not in text


@pytest.mark.usefixtures("poppler")
def test_png_and_webp_are_read_too_and_the_dates_are_judged() -> None:
    for form in ("PNG", "WEBP"):
        kept = io.BytesIO()
        page().save(kept, form)
        assert "photo.issued" in codes(check(kept.getvalue()))


def code_picture(text: str) -> bytes:
    """A picture of a code that says this."""
    kept = io.BytesIO()
    qrcode.make(text, error_correction=qrcode.ERROR_CORRECT_L, box_size=6).get_image().save(kept, "PNG")
    return kept.getvalue()


def genuine_text() -> str:
    """What the code of the worked example says."""
    import zxingcpp

    return str(zxingcpp.read_barcodes(page())[0].text)


@pytest.mark.usefixtures("poppler")
def test_a_forged_code_is_not_genuine_or_cannot_be_judged() -> None:
    genuine = genuine_text()
    address, digits = qr_payload.split(genuine)
    payload = qr_payload.parse(genuine)
    other = type(payload.claims)(**{
        **{name: getattr(payload.claims, name) for name in type(payload.claims).__slots__}, "holder": "冒名公司"})
    forged = qr_payload.text(address, qr_payload.message(other, payload.key_id), payload.signature)
    assert codes(check(code_picture(genuine))) >= {"photo.issued"}
    report = check(code_picture(forged))
    assert report.verdict is Verdict.INVALID and "qr.signature" in codes(report) and report.exit_code == 1
    assert report.licence is not None and not report.licence.proven
    moved = check(code_picture("https://lookalike.example/q#" + digits))
    assert moved.verdict is Verdict.INVALID and {"photo.address", "qr.host"} <= codes(moved)


@pytest.mark.usefixtures("poppler")
def test_what_is_no_signed_code_of_ours_is_told_as_that() -> None:
    genuine = genuine_text()
    for text, code in (("https://lookalike.example/q?id=1", "photo.unsigned"), (genuine[:-9], "photo.unsigned"),
                       (genuine.split("#")[0] + "#0123", "photo.unsigned")):
        report = check(code_picture(text))
        assert report.verdict is Verdict.INDETERMINATE and report.licence is None and code in codes(report), text
        assert "不是签名的证照二维码" in words.licence_answer(report.to_dict()).sentence.zh
    trust = dataclasses.replace(shared_home().trust(), data_signing={})
    report = check(code_picture(genuine), trust=trust)
    assert report.verdict is Verdict.INDETERMINATE and "qr.unknown-key" in codes(report)
    assert report.licence is not None and not report.licence.proven
    assert report.reasons[0].code == "qr.unknown-key" and "photo.paper" not in codes(report)
    text = report.to_text()
    assert "无法确定 / cannot say（二维码未经证实 / its QR code is unproven）" in text
    assert "二维码自称，未经证实 / as the QR code claims, unproven）" in text and "文件自称" not in text
    assert "逐项核对" not in text and "compare" not in text
    for told in (words.file_answer(report.to_dict()).sentence, report.reasons[1]):
        assert "也可能做了这个码" in told.zh and "may have made the code" in told.en
    unpinned = check(code_picture(genuine), trust=dataclasses.replace(shared_home().trust(), lookup_hosts=()))
    assert "qr.host" in codes(unpinned) and "photo.issued" not in codes(unpinned)
    assert "trust.none" in codes(verify(code_picture(genuine), trust=None))


@pytest.mark.usefixtures("poppler")
def test_the_dates_that_the_code_says_are_judged() -> None:
    late = dt.datetime(2060, 1, 1, tzinfo=dt.UTC)
    report = check(code_picture(genuine_text()), at=late, clock_now=late)
    assert report.status.state is LicenceState.EXPIRED and report.exit_code == 1


@pytest.mark.usefixtures("poppler")
def test_two_licences_in_one_picture_are_not_mixed() -> None:
    codes_of = []
    for number in (1, 2):
        drawn = subprocess.run(["pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-png", "-"],
                               input=issued(number).pdf, capture_output=True, check=True).stdout
        codes_of.append(Image.open(io.BytesIO(drawn)).convert("RGB"))
    both = Image.new("RGB", (sum(each.width for each in codes_of), max(each.height for each in codes_of)))
    both.paste(codes_of[0], (0, 0))
    both.paste(codes_of[1], (codes_of[0].width, 0))
    assert "photo.several" in codes(check(jpeg(both)))


def png(width: int, height: int) -> bytes:
    """A PNG of this size, black."""
    kept = io.BytesIO()
    Image.new("1", (width, height)).save(kept, "PNG")
    return kept.getvalue()


@pytest.mark.parametrize(("data", "code"), [
    (b"\xff\xd8\xff\xe0 no picture", "photo.unreadable"), (b"\x89PNG\r\n\x1a\n", "photo.unreadable"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", "photo.unreadable"), (png(400, 400)[:60], "photo.unreadable"),
    (png(16_000, 12_000), "photo.too-large"), (png(20_001, 2), "photo.too-large"),
    (jpeg(Image.new("RGB", (600, 400), "white")), "photo.no-code"),
    (jpeg(Image.new("RGB", (1, 1))), "photo.no-code"),
])
def test_pictures_that_say_nothing_have_a_reason(data: bytes, code: str) -> None:
    report = check(data)
    assert report.verdict is Verdict.INDETERMINATE and report.exit_code == 3
    assert code in codes(report) and report.file.kind == "picture"


@pytest.mark.parametrize(("form", "mode", "more", "small", "large"), [
    ("JPEG", "RGB", {}, (6100, 4100), (20_000, 6001)),
    ("JPEG", "RGB", {"progressive": True}, (6100, 4100), (8000, 6500)),
    ("JPEG", "CMYK", {}, (6100, 4100), (8000, 6000)), ("PNG", "P", {}, (6100, 4100), (10_000, 8001)),
    ("WEBP", "RGB", {"method": 0}, (5800, 4000), (5900, 4000))])
def test_large_pictures_are_refused_before_they_are_decoded(
    form: str, mode: str, more: dict[str, Any], small: tuple[int, int], large: tuple[int, int],
) -> None:
    """Each form to the size at which decoding takes less than the memory that one file may take."""
    for size, code in ((small, "photo.no-code"), (large, "photo.too-large")):
        file = io.BytesIO()
        Image.new(mode, size).save(file, form, **more)
        assert code in codes(check(file.getvalue())), (form, size)


def finder_patterns(side: int, module: int) -> Image.Image:
    """A picture full of the corners of QR codes, one beside the other, their modules ``module`` pixels."""
    drawn = [b"########", b"#     ##", b"# ### ##", b"# ### ##", b"# ### ##", b"#     ##", b"########", b"        "]
    lines = [bytes(0 if mark == 35 else 255 for mark in line[:7] + b" ") for line in drawn]
    across = [b"".join(bytes((each,)) * module for each in line) * (side // (8 * module)) for line in lines]
    pixels = b"".join(line * module for line in across) * (side // (8 * module))
    return Image.frombytes("L", (len(across[0]), len(pixels) // len(across[0])), pixels)


@pytest.mark.parametrize("module", [1, 3])
def test_a_picture_full_of_finder_patterns_is_refused_before_it_is_read(module: int) -> None:
    """A reader would try them three by three."""
    kept = io.BytesIO()
    finder_patterns(6000, module).save(kept, "PNG")
    with not_hanging():
        assert "photo.too-busy" in codes(check(kept.getvalue()))


@pytest.mark.usefixtures("poppler")
def test_a_code_is_read_where_only_the_small_view_is_quiet_enough() -> None:
    """Noise of single pixels is gone where the picture is made smaller."""
    large = page().resize((page().width * 3 // 2, page().height * 3 // 2))
    spread = random.Random(11).randbytes(large.width * large.height)  # noqa: S311 - no secret
    noise = Image.frombytes("L", large.size, spread)
    assert are_too_many(Image.blend(large.convert("L"), noise, 0.3))
    kept = io.BytesIO()
    Image.blend(large.convert("L"), noise, 0.3).save(kept, "PNG")
    assert "photo.issued" in codes(check(kept.getvalue()))


def test_a_package_behind_a_picture_is_judged_as_a_picture() -> None:
    """Two readers could see two files; the answer on a picture is never "genuine"."""
    assert check(jpeg(Image.new("RGB", (60, 40))) + issued().ofd).verdict is Verdict.INDETERMINATE
