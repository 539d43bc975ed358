"""Plain signatures and timestamps that OpenSSL made."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest

from certs import p256
from tests.certs.core_pki import DAY, Entity
from tests.verify.foreign.values import XML, Outcome, judged, world

pytestmark = pytest.mark.judge

# options, whether it is read (SHA-1 and what OpenSSL streams in BER are not)
SIGNED = {
    "detached": ([], ""),
    "with the file inside": (["-nodetach"], ""),
    "no attributes": (["-noattr"], ""),
    "CAdES": (["-cades"], ""),
    "by key identifier": (["-keyid"], ""),
    "SHA-512": (["-md", "sha512"], ""),
    "SHA-1": (["-md", "sha1"], "value.weak"),
    "streamed": (["-nodetach", "-stream"], "value.form"),
    "without certificates": (["-nocerts"], "value.certificate"),
}


class OpenSsl:
    """The command, a folder, and a signer of the tests' world on P-256."""

    def __init__(self, command: str, folder: Path) -> None:
        self.command, self.folder = command, folder
        self.signer: Entity = world().rsa_root.leaf("OpenSSL 签名人", 30)

    def run(self, *words: str) -> bytes:
        """Run it and give what it wrote to ``out``."""
        subprocess.run([self.command, *words, "-out", "out"], check=True, capture_output=True, cwd=self.folder)
        return (self.folder / "out").read_bytes()


@pytest.fixture(scope="module")
def tool(openssl: str, tmp_path_factory: pytest.TempPathFactory) -> OpenSsl:
    folder = tmp_path_factory.mktemp("openssl")
    made = OpenSsl(openssl, folder)
    assert isinstance(made.signer.key, p256.PrivateKey)
    (folder / "key.der").write_bytes(made.signer.key.pkcs8())
    (folder / "signer.der").write_bytes(made.signer.certificate.der)
    (folder / "signature.xml").write_bytes(XML)
    (folder / "key.pem").write_bytes(made.run("pkey", "-inform", "DER", "-in", "key.der"))
    (folder / "signer.pem").write_bytes(made.run("x509", "-inform", "DER", "-in", "signer.der"))
    return made


def now_judged(der: bytes, xml: bytes = XML) -> Outcome:
    """Judge at the present, with lists of the present."""
    now = dt.datetime.now(dt.UTC)
    lists = [top.crl(this_update=now - DAY, next_update=now + DAY) for top in (world().root, world().rsa_root)]
    return judged(der, xml=xml, trust=world().trust(crls=tuple(lists)), at=now)


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_of_openssl(tool: OpenSsl, name: str) -> None:
    options, refused = SIGNED[name]
    der = tool.run("cms", "-sign", "-binary", "-in", "signature.xml", "-signer", "signer.pem", "-inkey", "key.pem",
                   "-outform", "DER", *options)
    outcome = now_judged(der)
    if refused:
        assert refused in outcome.codes and outcome.indication == "refused"
        return
    assert outcome.indication == "TOTAL-PASSED", outcome.codes
    assert outcome.evidence is not None and outcome.evidence.kind == "PKCS#7"
    assert (outcome.evidence.claimed_at is None) is (name == "no attributes")
    assert now_judged(der, xml=XML + b"\n").indication == "TOTAL-FAILED"
