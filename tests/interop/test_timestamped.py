"""Programs that we did not write judge the timestamps in what we issue, and what we issue with them in it."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

import docgen
from certs.home import Home
from certs.ses import SesSignature
from certs.timestamp_token import TimestampToken
from certs.trust import Trust
from tests.certs.core_pki import pem, run
from tests.docgen.records import record
from tests.interop.judges import CryptoJudge, FormJudge
from tests.support.authority import serving
from tests.support.demo_home import copied_home
from tests.support.stamping import VALUE, Clock, stamping, tokens
from verify.pdf_cms import read_cms

pytestmark = pytest.mark.judge


@dataclass(frozen=True)
class Stamped:
    """An issued licence whose two signatures carry timestamps, as files, and what verifiers are given."""

    issued: docgen.Issued
    trust: Trust
    home: Home
    now: dt.datetime

    @property
    def tokens(self) -> tuple[TimestampToken, TimestampToken]:
        """Of the seal and of the PDF."""
        return tokens(self.issued)


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamped]:
    folder, clock = tmp_path_factory.mktemp("stamped"), Clock()
    own = copied_home(folder / "home")
    with serving(own, clock=clock) as authority:
        home = stamping(own, authority, clock)
        issued = docgen.issue(record(), home=home, out=folder / "out")
        yield Stamped(issued, Trust.load(home.trust_dir), home, clock.now)


def signature_value(stamped: Stamped) -> SesSignature:
    with zipfile.ZipFile(io.BytesIO(stamped.issued.ofd)) as archive:
        return SesSignature.parse(archive.read(VALUE), allow_timestamp=True)


def test_openssl_verifies_the_token_of_the_pdf(stamped: Stamped, openssl: str, tmp_path: Path) -> None:
    start = stamped.issued.pdf.index(b"/Contents <") + 11
    cms = bytes.fromhex(stamped.issued.pdf[start:stamped.issued.pdf.index(b">", start)].decode())
    (tmp_path / "value").write_bytes(read_cms(cms[:4 + int.from_bytes(cms[2:4], "big")], "").signature)
    (tmp_path / "token").write_bytes(stamped.tokens[1].der)
    anchors = pem(tmp_path, "anchors.pem", stamped.trust.tsa, openssl)
    at = str(int(stamped.now.timestamp()))
    words = ["ts", "-verify", "-token_in", "-in", "token", "-CAfile", anchors, "-attime", at]
    code, text = run(openssl, *words, "-data", "value", cwd=tmp_path)
    assert code == 0 and "Verification: OK" in text
    (tmp_path / "other").write_bytes(b"other")
    assert run(openssl, *words, "-data", "other", cwd=tmp_path)[0] != 0


def test_bouncycastle_verifies_the_sm2_token_of_the_seal(
        stamped: Stamped, crypto_judge: CryptoJudge, tmp_path: Path) -> None:
    token, _ = stamped.tokens
    tsa = next(one for one in token.certificates if token.names(one))
    for name, data in {"token": token.der, "value": signature_value(stamped).signature, "other": b"other",
                       "tsa": tsa.der}.items():
        (tmp_path / name).write_bytes(data)
    answer = crypto_judge.timestamp(tmp_path / "token", tmp_path / "value", tmp_path / "tsa")
    assert answer.ok and int(answer.text) == int(stamped.now.timestamp()), answer.text
    assert not crypto_judge.timestamp(tmp_path / "token", tmp_path / "other", tmp_path / "tsa").ok


def test_bouncycastle_accepts_the_seal_signature_beside_its_token(
        stamped: Stamped, crypto_judge: CryptoJudge, tmp_path: Path) -> None:
    sign = VALUE.rpartition("/")[0]
    with zipfile.ZipFile(io.BytesIO(stamped.issued.ofd)) as package:
        for name in ("Signature.xml", "SignedValue.dat"):
            (tmp_path / name).write_bytes(package.read(f"{sign}/{name}"))
    answer = crypto_judge.seal_signature(
        tmp_path / "SignedValue.dat", tmp_path / "Signature.xml", f"/{sign}/Signature.xml")
    assert answer.ok, answer.text


def test_ofdrw_accepts_the_timestamped_seal(stamped: Stamped, form_judge: FormJudge) -> None:
    assert stamped.issued.ofd_path is not None
    answer = form_judge.ofd_valid(stamped.issued.ofd_path)
    assert answer.ok, answer.text


def test_verapdf_finds_the_timestamped_rendition_compliant(stamped: Stamped, form_judge: FormJudge) -> None:
    assert stamped.issued.pdf_path is not None
    answer = form_judge.pdf_a(stamped.issued.pdf_path)
    assert answer.ok, answer.text


def test_poppler_finds_the_signature_valid(stamped: Stamped, poppler: None) -> None:
    assert stamped.issued.pdf_path is not None
    said = subprocess.run(["pdfsig", "-nocert", str(stamped.issued.pdf_path)], check=False, capture_output=True).stdout
    assert b"Signature is Valid" in said and b"Total document signed" in said


def test_pyhanko_finds_pades_b_t(stamped: Stamped) -> None:
    def context(anchors: tuple[object, ...]) -> ValidationContext:
        return ValidationContext(
            trust_roots=[x509.Certificate.load(one.der) for one in anchors],  # type: ignore[attr-defined]
            allow_fetching=False, moment=stamped.now,
            crls=[each.der for each in stamped.trust.crls if "1.2.156" not in each.signature_algorithm])

    found, = PdfFileReader(io.BytesIO(stamped.issued.pdf), strict=True).embedded_signatures
    status = validate_pdf_signature(
        found, signer_validation_context=context(stamped.trust.roots), ts_validation_context=context(stamped.trust.tsa))
    assert status.bottom_line
    assert status.timestamp_validity is not None and status.timestamp_validity.trusted
    assert status.timestamp_validity.timestamp == stamped.now
