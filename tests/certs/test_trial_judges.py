"""What the demonstration's authority answers, in the eyes of OpenSSL (P-256) and BouncyCastle (SM2 and P-256)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from certs import ocsp
from certs.home import Home
from certs.timestamp_token import digest
from certs.tsp_messages import build_request, read_response
from registry.demo import revoke
from tests.certs.core_pki import pem, run
from tests.interop.judges import CryptoJudge
from tests.support.authority import Authority, serving
from tests.support.bounds import not_hanging
from tests.support.demo_home import CITY

pytestmark = pytest.mark.judge
TREES = ("sm2", "p256")
MESSAGE = b"content octets of a signature"


@pytest.fixture
def authority(own_home: Home) -> Iterator[Authority]:
    with not_hanging(), serving(own_home, clock=lambda: datetime.now(UTC)) as running:
        yield running


def _ask(url: str, body: bytes | None = None) -> bytes:
    with urlopen(Request(url, data=body)) as reply:  # noqa: S310 (the test's own server)
        answer: bytes = reply.read()
    return answer


def _kept(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def _damaged(path: Path, place: int = -1) -> Path:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    return _kept(path.parent, f"damaged-{path.name}", bytes(data))


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("algorithm", ["sm3", "sha256", "sha512"])
def test_bouncycastle_takes_its_timestamps(
    authority: Authority, tree: str, algorithm: str, crypto_judge: CryptoJudge, tmp_path: Path,
) -> None:
    request = build_request(digest(algorithm, MESSAGE), algorithm, 1 << 70)
    answer = _ask(authority.tsa_url(tree), request)
    message, other = _kept(tmp_path, "message", MESSAGE), _kept(tmp_path, "other", b"other")
    token = _kept(tmp_path, "token", read_response(answer))
    query = _kept(tmp_path, "query", request)
    tsa = _kept(tmp_path, "tsa.cer", authority.honest.responders[f"tsa-{tree}"].certificate.der)
    said = crypto_judge.timestamp(token, message, tsa)
    assert said.ok, said.text
    assert abs(int(said.text) - datetime.now(UTC).timestamp()) < 3600
    assert crypto_judge.timestamp_response(_kept(tmp_path, "reply", answer), query, message, tsa).ok
    assert not crypto_judge.timestamp(token, other, tsa).ok
    assert not crypto_judge.timestamp(_damaged(token), message, tsa).ok
    assert not crypto_judge.timestamp_response(
        tmp_path / "reply", _kept(tmp_path, "query", build_request(digest(algorithm, MESSAGE), algorithm, 5)), message,
        tsa).ok


@pytest.mark.parametrize("tree", TREES)
def test_bouncycastle_takes_its_status_and_its_lists(
    authority: Authority, own_home: Home, tree: str, crypto_judge: CryptoJudge, tmp_path: Path,
) -> None:
    held = own_home.authority(*CITY)
    leaf = (held.sealing_signer if tree == "sm2" else held.pdf_signer).certificate
    cas = {place: authority.honest.cas[f"{tree}-{place}"].certificate for place in ("root", "issuing")}
    for issuer, subject in ((cas["issuing"], leaf), (cas["root"], cas["issuing"])):
        ca, certificate = _kept(tmp_path, "ca.cer", issuer.der), _kept(tmp_path, "leaf.cer", subject.der)
        for algorithm in ("sha1", "sha256", "sm3"):
            request = ocsp.build_request(subject, issuer, algorithm=algorithm, nonce=bytes(range(16)))
            response = _kept(tmp_path, "response", _ask(authority.ocsp_url(tree), request))
            said = crypto_judge.ocsp(response, certificate, ca)
            assert said.ok and said.text == "good", said.text
        assert not crypto_judge.ocsp(_damaged(response, 200), certificate, ca).ok
    revoke(own_home.path, leaf, now=datetime.now(UTC), environ={}, reason="superseded")
    response = _kept(tmp_path, "response", _ask(
        authority.ocsp_url(tree), ocsp.build_request(leaf, cas["issuing"])))
    ca = _kept(tmp_path, "ca.cer", cas["issuing"].der)
    assert crypto_judge.ocsp(response, _kept(tmp_path, "leaf.cer", leaf.der), ca).text == "revoked 4"
    crl = _kept(tmp_path, "list.crl", _ask(authority.crl_url(f"{tree}-issuing")))
    said = crypto_judge.crl(crl, ca)
    assert said.ok, said.text
    assert not crypto_judge.crl(_damaged(crl), ca).ok


def test_openssl_asks_it_itself(authority: Authority, own_home: Home, openssl: str, tmp_path: Path) -> None:
    """``ts`` and ``ocsp`` of openssl against the running services: certificates, list and status agree."""
    leaf = own_home.authority(*CITY).pdf_signer.certificate
    root, issuing = (authority.honest.cas[f"p256-{place}"].certificate for place in ("root", "issuing"))
    anchor, chain = pem(tmp_path, "root.pem", [root], openssl), pem(tmp_path, "issuing.pem", [issuing], openssl)
    pem(tmp_path, "leaf.pem", [leaf], openssl)
    _kept(tmp_path, "message", MESSAGE)
    code, text = run(openssl, "ts", "-query", "-data", "message", "-sha256", "-cert", "-out", "query", cwd=tmp_path)
    assert code == 0, text
    _kept(tmp_path, "reply", _ask(authority.tsa_url("p256"), (tmp_path / "query").read_bytes()))
    code, text = run(openssl, "ts", "-verify", "-queryfile", "query", "-in", "reply", "-CAfile", anchor, cwd=tmp_path)
    assert code == 0, text
    ask = ("ocsp", "-issuer", chain, "-cert", "leaf.pem", "-url", authority.ocsp_url("p256"), "-CAfile", anchor)
    code, text = run(openssl, *ask, cwd=tmp_path)
    assert code == 0 and "Response verify OK" in text and "leaf.pem: good" in text, text
    revoke(own_home.path, leaf, now=datetime.now(UTC), environ={})
    code, text = run(openssl, *ask, cwd=tmp_path)
    assert code == 0 and "leaf.pem: revoked" in text and "keyCompromise" in text, text
    lists = []
    for role in ("p256-root", "p256-issuing"):
        _kept(tmp_path, "list.crl", _ask(authority.crl_url(role)))
        code, text = run(openssl, "crl", "-inform", "DER", "-in", "list.crl", "-out", f"{role}.pem", cwd=tmp_path)
        assert code == 0, text
        lists.append((tmp_path / f"{role}.pem").read_bytes())
    _kept(tmp_path, "lists.pem", b"".join(lists))
    code, text = run(openssl, "verify", "-crl_check_all", "-CAfile", anchor, "-untrusted", chain, "-CRLfile",
                     "lists.pem", "leaf.pem", cwd=tmp_path)
    assert code != 0 and "certificate revoked" in text, text
    lists[1] = authority.crl("p256-issuing")
    _kept(tmp_path, "list.crl", lists[1])
    run(openssl, "crl", "-inform", "DER", "-in", "list.crl", "-out", "p256-issuing.pem", cwd=tmp_path)
    _kept(tmp_path, "lists.pem", lists[0] + (tmp_path / "p256-issuing.pem").read_bytes())
    code, text = run(openssl, "verify", "-crl_check_all", "-CAfile", anchor, "-untrusted", chain, "-CRLfile",
                     "lists.pem", "leaf.pem", cwd=tmp_path)
    assert code == 0, text
