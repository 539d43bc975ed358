"""A rendition signed with an RSA key: as good as one signed with P-256, to our verifier and to every judge."""

from __future__ import annotations

import io
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import pem, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

import docgen
from certs import rsa
from certs.csr import authority_request
from certs.home import Home
from certs.keystore import seal_key
from certs.x509 import Certificate
from tests.docgen.records import record
from tests.interop.judges import FormJudge
from tests.support.demo_home import CHEAP, CITY, copied_home, seal_folder
from tests.support.other_keys import put_key, rsa_authority, use_key
from verify import verify
from verify.model import Verdict

SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")


@dataclass(frozen=True)
class World:
    """A home whose PDF key is RSA, and what it has issued."""

    home: Home
    ofd: bytes
    pdf: bytes
    root: Certificate


@pytest.fixture(scope="module", params=[(2048, False), (rsa.BITS, True), (4096, False)],
                ids=["2048", "3072, RSA up to the root", "4096"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    home = copied_home(tmp_path_factory.mktemp("rsa") / "home")
    bits, throughout = request.param
    key = rsa.PrivateKey.generate(bits)
    if throughout:
        certificate = rsa_authority(home)(authority_request("pdf", key, name=CITY[1], code=CITY[0]))
        put_key(seal_folder(home.path), "pdf", certificate, seal_key(key, home.password(), cost=CHEAP))
    else:
        use_key(home, "pdf", key)
    issued = docgen.issue(record(), home=home)
    root = home.path / "chain" / ("rsa-0.cer" if throughout else "p256-root.cer")
    return World(home, issued.ofd, issued.pdf, Certificate.load(root.read_bytes()))


def cms_of(data: bytes) -> tuple[re.Match[bytes], bytes]:
    digits = re.search(rb"/Contents <([0-9a-f]+)>", data)
    assert digits is not None
    padded = bytes.fromhex(digits[1].decode())
    return digits, padded[:4 + int.from_bytes(padded[2:4], "big")]


def test_our_verifier_finds_package_and_rendition_genuine(world: World) -> None:
    for data, name in ((world.ofd, "a.ofd"), (world.pdf, "a.pdf")):
        report = verify(data, trust=world.home.trust_dir, name=name)
        assert report.verdict is Verdict.VALID, [reason.code for reason in report.reasons]


def test_a_changed_rendition_is_not(world: World) -> None:
    changed = bytearray(world.pdf)
    changed[world.pdf.index(b"/MediaBox") + 12] ^= 1
    assert verify(bytes(changed), trust=world.home.trust_dir, name="a.pdf").verdict is not Verdict.VALID


def test_another_spelling_of_the_algorithm_is_not_ours(world: World) -> None:
    found, der = cms_of(world.pdf)
    at = der.rindex(SHA256_WITH_RSA)
    respelt = der[:at] + RSA_ENCRYPTION + der[at + len(RSA_ENCRYPTION):]
    digits = respelt.hex().encode().ljust(len(found[1]), b"0")
    report = verify(world.pdf.replace(found[1], digits), trust=world.home.trust_dir, name="a.pdf")
    assert report.verdict is Verdict.INDETERMINATE and "pdf.cms-form" in {reason.code for reason in report.reasons}


def test_pyhanko_finds_a_valid_signature_over_the_whole_file(world: World) -> None:
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(world.root.der)], allow_fetching=False)
    found, = PdfFileReader(io.BytesIO(world.pdf), strict=True).embedded_signatures
    status = validate_pdf_signature(found, signer_validation_context=context, skip_diff=False)
    assert status.bottom_line and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert found.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_openssl_verifies_the_cms(world: World, openssl: str, tmp_path: Path) -> None:
    found, der = cms_of(world.pdf)
    (tmp_path / "cms").write_bytes(der)
    start, end = found.start(1) - 1, found.end(1) + 1
    (tmp_path / "content").write_bytes(world.pdf[:start] + world.pdf[end:])
    (tmp_path / "root.pem").write_bytes(pem.armor("CERTIFICATE", world.root.der))
    said = subprocess.run(
        [openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms", "-content", "content", "-CAfile",
         "root.pem", "-purpose", "any", "-out", "read"], cwd=tmp_path, check=False, capture_output=True)
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "read").read_bytes() == (tmp_path / "content").read_bytes()


@pytest.mark.judge
def test_verapdf_finds_it_compliant(world: World, form_judge: FormJudge, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(world.pdf)
    answer = form_judge.pdf_a(tmp_path / "a.pdf")
    assert answer.ok, answer.text
