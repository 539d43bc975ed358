"""What is appended to a rendition has no room for another document, however well it is formed and timestamped."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import zlib
from collections.abc import Callable

import pytest

import archive.pdf_revision as revision
from archive.pdf_revision import Evidence, add_evidence
from certs import der_build as build
from certs.p256 import PrivateKey
from certs.x509 import Certificate
from certs.x509_build import algorithm_identifier
from docgen.assembly import rendition_of
from tests.archive.conftest import Kept
from tests.archive.forging import Appended, Change, appended
from tests.support.demo_home import shared_home
from tests.verify.packages import check, issued
from verify import verify
from verify.pdf_objects import Name
from verify.report import Report

PAYLOAD = b"PK\x03\x04" + bytes(range(256))
CERTIFICATE_SIGN = build.octet_string(b"\x03\x02\x02\x04")


def codes(report: Report) -> set[str]:
    return {reason.code for reason in report.reasons if report.weighs(reason)}


def certified(subject: bytes, spki: bytes, issuer: bytes, key: PrivateKey) -> bytes:
    """The certificate of a CA that says what its maker likes, with anything in an extension that nobody knows."""
    algorithm = algorithm_identifier(key.algorithm)
    extensions = build.explicit(3, build.sequence(
        build.sequence(build.oid("2.5.29.19"), b"\x01\x01\xff", build.octet_string(build.sequence(b"\x01\x01\xff"))),
        build.sequence(build.oid("2.5.29.15"), b"\x01\x01\xff", CERTIFICATE_SIGN),
        build.sequence(build.oid("1.2.3.4"), build.octet_string(PAYLOAD))))
    start, end = (build.x509_time(dt.datetime(year, 1, 1, tzinfo=dt.UTC)) for year in (2025, 2040))
    tbs = build.sequence(build.explicit(0, build.integer(2)), build.integer(7), algorithm, issuer,
                         build.sequence(start, end), subject, spki, extensions)
    return build.sequence(tbs, algorithm, build.bit_string(key.sign(tbs)))


NOBODY = build.sequence(build.set_of([build.sequence(build.oid("2.5.4.3"), build.utf8("x"))]))


def by_nobody() -> tuple[bytes, ...]:
    """It vouches for itself."""
    key = PrivateKey.generate()
    made = certified(NOBODY, key.spki, NOBODY, key)
    loaded = Certificate.load(made)
    assert loaded.issued_by(loaded)
    return (made,)


def over_the_signers_authority() -> tuple[bytes, ...]:
    """By name and key it issued the certificate of the signer's authority, and leads to a root of the forger."""
    key = PrivateKey.generate()
    roots = [each for each in shared_home().trust().roots if each.key_kind == "p256"]
    made = [certified(each.subject, each.public_key.spki, NOBODY, key) for each in roots]
    assert all(each.issued_by(Certificate.load(one)) for each, one in zip(roots, made, strict=True))
    return *made, certified(NOBODY, key.spki, NOBODY, key)


def of_a_key_that_nobody_reads() -> tuple[bytes, ...]:
    """An old certificate, it seems: its algorithm is not accepted any more, so nothing can be said of it."""
    (made,) = by_nobody()
    return (made.replace(algorithm_identifier("ecdsa-sha256"), algorithm_identifier("ecdsa-sha256")[:-1] + b"\x01"),)


@pytest.mark.parametrize("make", [by_nobody, over_the_signers_authority, of_a_key_that_nobody_reads])
def test_certificates_that_no_authority_of_the_file_made(make: Callable[[], tuple[bytes, ...]]) -> None:
    report = check(add_evidence(issued().pdf, Evidence(certificates=make())))
    assert report.verdict.value != "valid" and "pdf.evidence-odd" in codes(report)


def test_certificates_stay_odd_in_a_list_that_a_later_one_replaces() -> None:
    forged = add_evidence(issued().pdf, Evidence(certificates=by_nobody()))
    cleared = appended(forged, lambda made: made.catalog(DSS=made.new({"Type": Name("DSS")})))
    assert "pdf.evidence-odd" in codes(check(cleared))


def test_an_authority_of_the_trust_folder_is_evidence_only_where_it_belongs() -> None:
    """A response by nobody, a list by nobody; those of the chain are evidence."""
    trust = shared_home().trust()
    good = Evidence(crls=tuple(each.der for each in trust.crls))
    assert check(add_evidence(issued().pdf, good)).verdict.value == "valid"
    for odd in (Evidence(ocsps=(PAYLOAD,)), Evidence(crls=(PAYLOAD,)), Evidence(crls=by_nobody())):
        assert codes(check(add_evidence(issued().pdf, odd))) & {"pdf.evidence-odd"}


# -- between the tokens


def _empty_evidence(body: bytes) -> Change:
    return lambda made: made.catalog(DSS=made.new(body))


def _stream(head: bytes, data: bytes) -> Change:
    """A list of the home as evidence, in a stream with this dictionary."""
    def change(made: Appended) -> None:
        part = made.new(b"<<%b>>\nstream\n%b\nendstream" % (head % len(data), data))
        made.catalog(DSS=made.new({"Type": Name("DSS"), "CRLs": [part]}))
    return change


def _list() -> bytes:
    return shared_home().trust().crls[0].der


CARRIERS: dict[str, Callable[[], Change]] = {
    "a comment": lambda: _empty_evidence(b"<</Type/DSS %" + PAYLOAD.replace(b"\n", b"").replace(b"\r", b"") + b"\n>>"),
    "a comment of letters": lambda: _empty_evidence(b"<</Type/DSS %<html>\n>>"),
    "zeros": lambda: _empty_evidence(b"<</Type/DSS " + bytes(60) + b">>"),
    "a comment in a stream's dictionary": lambda: _stream(b"/Length %d %%<html>\n", _list()),
    "a type of a stream": lambda: _stream(b"/Length %d/Type/PK\x03\x04", _list()),
    "another type of evidence": lambda: _empty_evidence(b"<</Type/Other>>"),
    "a stream that is packed": lambda: _stream(b"/Length %d/Filter/FlateDecode", zlib.compress(_list())),
}


def test_the_same_without_a_carrier_is_genuine() -> None:
    for change in (_empty_evidence(b"<</Type/DSS>>"), _stream(b"/Length %d", _list())):
        assert check(appended(issued().pdf, change)).verdict.value == "valid"


@pytest.mark.parametrize("what", CARRIERS)
def test_bytes_that_say_nothing(what: str) -> None:
    report = check(appended(issued().pdf, CARRIERS[what]()))
    assert report.verdict.value != "valid" and codes(report) & {"pdf.later-form", "pdf.evidence-odd"}


def test_a_comment_in_the_trailer() -> None:
    good = appended(issued().pdf, _empty_evidence(b"<</Type/DSS>>"))
    place = good.rindex(b"/Prev")
    assert check(good[:place] + b"%<html>\n" + good[place:]).verdict.value != "valid"


# -- the name of a timestamp's field


def stamped(kept: Kept, pdf: bytes, title: bytes) -> bytes:
    """A document timestamp by the real service, in a field of this name."""
    update = revision._Update(pdf)
    room = b"0" * (2 * revision._ROOM)
    value = update.new(b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange"
                       + revision._BYTE_RANGE % (0, 0, 0) + b"/Contents<" + room + b">>>")
    update.sign(value)
    widget = value.number + 1
    update.objects[widget], changed = re.subn(rb"/T <[0-9a-f]+>", b"/T " + title, update.objects[widget])
    assert changed == 1
    data = bytearray(update.written())
    start = data.index(b"/Contents<", update.offsets[value.number]) + len(b"/Contents")
    end = start + len(room) + 2
    zeros = revision._BYTE_RANGE % (0, 0, 0)
    at = data.index(zeros, update.offsets[value.number])
    data[at:at + len(zeros)] = revision._BYTE_RANGE % (start, end, len(data) - end)
    token = kept.office.stamper().token(hashlib.sha256(data[:start] + data[end:]).digest(), "sha256")
    data[start + 1:end - 1] = token.hex().encode().ljust(len(room), b"0")
    return bytes(data)


@pytest.mark.parametrize(("title", "verdict"), [
    (b"(archive-timestamp-1)", "valid"), (b"<6161>", "valid"), (b"(" + b"a" * 64 + b")", "valid"),
    (b"(" + b"a" * 65 + b")", "indeterminate"), (b"()", "indeterminate"), (b"<504b0304>", "indeterminate"),
    (b"(a\x80)", "indeterminate"), (b"(a%b)", "indeterminate"), (b"<feff6cd5>", "indeterminate"),
])
def test_the_name_of_a_timestamps_field(kept: Kept, title: bytes, verdict: str) -> None:
    pdf = stamped(kept, rendition_of(kept.packages[0]), title)
    now = kept.office.now
    report = verify(pdf, trust=kept.office.home.trust(), at=now, clock_now=now)
    assert (report.verdict.value, bool(codes(report) & {"pdf.later-form"})) == (verdict, verdict != "valid")
