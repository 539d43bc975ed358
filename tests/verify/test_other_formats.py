"""A file that another program opens as something else is never genuine, however good the half is that is signed."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from archive.pdf_revision import Evidence, add_evidence
from tests.support.bounds import not_hanging
from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.test_pdf_attacks import judged
from tests.verify.packages import check, entries, issued
from verify.entry import kind_of_file
from verify.other_formats import other_format
from verify.report import Report


def small_archive(*, tail: int = 0) -> bytes:
    """A ZIP archive whose end record tells of a comment of so many bytes behind it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("OFD.xml", "<forged/>")
    return made.getvalue()[:-2] + struct.pack("<H", tail)


def weighs(report: Report) -> set[str]:
    return {reason.code for reason in report.reasons if report.weighs(reason)}


def is_archive(data: bytes) -> bool:
    """Whether another program reads entries out of it."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return opened.namelist() == ["OFD.xml"]


def _in_evidence(pdf: bytes) -> bytes:
    """The archive in evidence behind a PDF, its comment up to the end of the file."""
    tail = 0
    for _ in range(3):
        made = add_evidence(pdf, Evidence(certificates=(small_archive(tail=tail),)))
        tail = len(made) - made.rindex(b"PK\5\6") - 22
    return made


def _in_signed_stream() -> bytes:
    """A PDF of another writer that was signed as it is, with the archive in a stream that nothing shows."""
    data = w.plain()
    number = f.size(data)
    payload = small_archive()
    return w.sign(f.added(data, f.root(data), b"/PieceInfo %d 0 R" % number, (
        number, b"<</Length %d>>\nstream\n%b\nendstream" % (len(payload), payload))))


def test_the_genuine_files_are_nothing_else() -> None:
    assert other_format("pdf", issued().pdf) is None
    assert other_format("ofd", issued().ofd) is None
    assert check(issued().pdf).verdict.value == check(issued().ofd).verdict.value == "valid"


def test_a_rendition_that_is_an_archive_as_well() -> None:
    forged = _in_evidence(issued().pdf)
    assert is_archive(forged)
    report = check(forged, name="1.ofd")
    assert report.verdict.value != "valid" and "file.also-archive" in weighs(report)


def test_a_pdf_of_others_that_is_an_archive_as_well() -> None:
    for forged in (_in_evidence(w.sign(w.plain())), _in_signed_stream()):
        assert is_archive(forged)
        report = judged(forged)
        assert report.verdict.value != "valid" and "file.also-archive" in weighs(report)


def test_nothing_but_the_archive_was_wrong_with_what_was_signed() -> None:
    bare = _in_signed_stream()
    start = bare.index(b"PK\3\4")
    assert other_format("pdf", bare[:start] + bytes(len(small_archive())) + bare[start + len(small_archive()):]) is None


def test_an_archive_far_from_the_end() -> None:
    """Readers in browsers take the last end record of all the file."""
    far = issued().pdf + small_archive() + bytes(70_000)
    assert other_format("pdf", far) is not None
    assert other_format("pdf", issued().pdf + b"PK\x05\x06" + bytes(70_000)) is None
    locator = issued().pdf + b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(70_000)
    assert other_format("pdf", locator) is not None
    many = issued().pdf + b"PK\x05\x06" * 1_000_000
    with not_hanging():
        assert other_format("pdf", many) is not None


@pytest.mark.parametrize("sign", [b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"])
def test_an_end_record_counts_with_any_directory_before_it(sign: bytes) -> None:
    base = issued().pdf
    assert other_format("pdf", base + sign + bytes(60) + b"PK\x05\x06" + bytes(18)) is not None
    assert other_format("pdf", base + b"PK\x05\x06" + bytes(18)) is None       # no entries: nothing to show
    assert other_format("pdf", b"x" + sign + base + b"PK\x05\x06" + bytes(70_000)) is None  # far, and does not fit


def test_an_ofd_behind_a_pdf_and_a_pdf_before_an_ofd() -> None:
    forged = issued().pdf + issued().ofd
    assert kind_of_file(forged) == "pdf"
    assert check(forged).verdict.value != "valid"
    for lead in (b"%PDF-1.7\n", issued().pdf[:900], b"\n" * 900 + b"%PDF-1.7\n", bytes(1024) + issued().pdf):
        assert check(lead + issued().ofd).verdict.value != "valid"


def test_an_ofd_whose_first_bytes_hold_the_header_of_a_pdf() -> None:
    """Bytes before, and a first entry that is stored: readers of PDF look through the first 1024 bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("a.txt", issued().pdf)
        for name, data in entries().items():
            out.writestr(name, data)
    report = check(made.getvalue())
    assert report.verdict.value != "valid" and "file.also-pdf" in weighs(report)


def test_a_second_header_of_a_pdf() -> None:
    data = w.plain()
    line = data.index(b"\n") + 1
    report = judged(data[:line] + b"%PDF-1.3\n" + data[line:])
    assert "file.also-pdf" in weighs(report)
