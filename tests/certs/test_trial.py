"""The services of the demonstration's authority: what they answer, over HTTP and without."""

from __future__ import annotations

import base64
import http.client
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from certs import der_build as build
from certs import ocsp
from certs.crl import Crl
from certs.home import Home
from certs.ocsp import OcspError, OcspResponse
from certs.ocsp_id import CertId
from certs.sm3 import sm3
from certs.timestamp import verify_token
from certs.timestamp_token import TimestampToken
from certs.trial import CRL_LASTS, OCSP_LASTS, TRIAL, Answer
from certs.trial_server import HOST, TrialServer, running
from certs.tsp_messages import build_request, read_response
from certs.x509_build import OCSP_SIGNING
from registry.demo import DEFAULT_AUTHORITIES, DemoError, revoke, trial_authority
from tests.certs.core_pki import make, new_key
from tests.support.authority import Authority, serving
from tests.support.bounds import not_hanging
from tests.support.demo_home import CITY, make_home

TREES = ("sm2", "p256")
MESSAGE = b"content octets of a signature"


@pytest.fixture(scope="module")
def authority(demo_home: Home) -> Iterator[Authority]:
    with serving(demo_home, clock=lambda: datetime.now(UTC)) as running:
        yield running


def _get(url: str) -> bytes:
    with urlopen(url) as reply:  # noqa: S310 (the test's own server)
        answer: bytes = reply.read()
    return answer


def _post(url: str, body: bytes) -> bytes:
    with urlopen(Request(url, data=body)) as reply:  # noqa: S310 (the test's own server)
        answer: bytes = reply.read()
    return answer


@pytest.mark.parametrize("tree", TREES)
def test_its_timestamps_prove_their_time_by_the_trust_folder(authority: Authority, demo_home: Home, tree: str) -> None:
    answer = _post(authority.tsa_url(tree), build_request(sm3(MESSAGE), "sm3", 1 << 70))
    token, trust = TimestampToken.parse(read_response(answer)), demo_home.trust()
    now = datetime.now(UTC)
    result = verify_token(token, MESSAGE, anchors=trust.tsa, crls=trust.crls, at=now, clock_now=now)
    assert result.ok and token.nonce == 1 << 70
    assert result.signer is not None and "演示" in (result.signer.subject_cn or "")
    assert abs(token.gen_time - now) < timedelta(minutes=5)


def test_two_tokens_have_two_serial_numbers(authority: Authority) -> None:
    request = build_request(sm3(MESSAGE), "sm3", 5)
    serials = {TimestampToken.parse(read_response(_post(authority.tsa_url(), request))).serial for _ in range(3)}
    assert len(serials) == 3


def test_another_policy_and_noise_are_refused_in_form(authority: Authority) -> None:
    imprint = build.sequence(build.sequence(build.oid("1.2.156.10197.1.401")), build.octet_string(bytes(32)))
    for body, failure in ((build.sequence(build.integer(1), imprint, build.oid("1.2.3")), 15), (b"noise", 5)):
        answer = _post(authority.tsa_url(), body)
        assert build.named_bits([failure]) in answer and TRIAL[0].encode() in answer


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("place", ["issuing", "root"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_answers_for_the_certificates_of_its_cas(
    authority: Authority, own_home: Home, tree: str, place: str, method: str,
) -> None:
    cas = authority.honest.cas
    ca = cas[f"{tree}-{place}"].certificate
    held = own_home.authority(*CITY)
    leaf = (cas[f"{tree}-issuing"].certificate if place == "root"
            else (held.sealing_signer if tree == "sm2" else held.pdf_signer).certificate)
    request = ocsp.build_request(leaf, ca, nonce=b"0123456789abcdef")
    if method == "GET":
        answer = _get(f"{authority.ocsp_url(tree)}/{quote(base64.b64encode(request).decode(), safe='')}")
    else:
        answer = _post(authority.ocsp_url(tree), request)
    response = OcspResponse.load(answer)
    said = response.on(leaf, ca)
    assert said is not None and said.status == "good" and response.nonce == b"0123456789abcdef"
    assert said.next_update == said.this_update + OCSP_LASTS
    signer = ca if place == "root" else response.certificates[0]
    assert response.named_by(signer) and signer.public_key.verify(
        response.tbs, response.signature, response.signature_algorithm)
    assert signer is ca or (signer.issued_by(ca) and signer.ext_key_usage == (OCSP_SIGNING,))


@pytest.mark.parametrize(("path", "what"), [
    ("", "malformedRequest"), ("/%%%", "malformedRequest"), ("/MAA=", "malformedRequest")])
def test_status_requests_that_are_none_are_told_so(authority: Authority, path: str, what: str) -> None:
    url = authority.ocsp_url()
    with pytest.raises(OcspError) as caught:
        OcspResponse.load(_get(url + path) if path else _post(url, b"noise"))
    assert caught.value.facts["status"] == what


def test_nothing_is_said_of_the_certificates_of_others_or_of_two_cas_at_once(authority: Authority) -> None:
    cas = authority.honest.cas
    stranger = make("别的 CA", new_key("sm2"), 1, ca=True, key_usage=("keyCertSign",)).certificate
    for issuers in ([stranger], [cas["p256-issuing"].certificate],
                    [cas["sm2-issuing"].certificate, cas["sm2-root"].certificate]):
        listed = build.sequence(*(build.sequence(CertId.of(5, issuer).encode()) for issuer in issuers))
        with pytest.raises(OcspError) as caught:
            OcspResponse.load(_post(authority.ocsp_url(), build.sequence(build.sequence(listed))))
        assert caught.value.facts["status"] == "unauthorized"


def test_what_is_revoked_while_it_runs_is_told_at_once(own_home: Home) -> None:
    now = datetime.now(UTC)
    leaf = own_home.authority(*CITY).sealing_signer.certificate
    with not_hanging(), serving(own_home, clock=lambda: now) as authority:
        ca = authority.honest.cas["sm2-issuing"].certificate
        request = ocsp.build_request(leaf, ca)

        def told() -> tuple[str, bool]:
            said = OcspResponse.load(_post(authority.ocsp_url(), request)).on(leaf, ca)
            assert said is not None
            return said.status, leaf.serial in Crl.load(_get(authority.crl_url())).revoked

        assert told() == ("good", False)
        revoke(own_home.path, leaf, now=now, environ={})
        assert told() == ("revoked", True)


def test_lists_are_dated_by_the_clock_and_their_numbers_grow(demo_home: Home) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    with not_hanging(), serving(demo_home, clock=lambda: start) as authority:
        first = {role: Crl.load(_get(authority.crl_url(role))) for role in authority.honest.cas}
        authority.clock = lambda: start + timedelta(days=400)
        for role, ca in authority.honest.cas.items():
            later = Crl.load(_get(authority.crl_url(role)))
            assert later.issued_by(ca.certificate) and later.this_update == start + timedelta(days=400)
            assert later.next_update == later.this_update + CRL_LASTS
            assert (later.number or 0) > (first[role].number or 0) > 1


def test_every_page_and_answer_says_that_it_is_for_trials(authority: Authority) -> None:
    for path, status in (("/", 200), ("/crl/sm2-root.crl", 200), ("/crl/other.crl", 404), ("/tsa/sm2", 404),
                         ("/ca/../password", 404), ("/ca/p256-root.cer", 200)):
        line = http.client.HTTPConnection(authority.url.removeprefix("http://"), timeout=60)
        line.request("GET", path)
        answer = line.getresponse()
        body = answer.read()
        line.close()
        assert (answer.status, answer.headers["X-Trial"]) == (status, TRIAL[1]), path
        if (answer.headers["Content-Type"] or "").startswith("text/"):
            assert TRIAL[0].encode() in body
            assert TRIAL[1].encode() in body.lower()


def test_a_body_without_end_is_not_read(authority: Authority) -> None:
    for length in ("9999999999", "65537", "-1", "x", "²"):
        with socket.create_connection((HOST, int(authority.url.rpartition(":")[2])), timeout=60) as line:
            line.sendall(f"POST /tsa/sm2 HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode())
            assert b" 413 " in line.recv(4096)


def test_a_client_that_drips_is_cut_off_when_its_time_is_over(authority: Authority) -> None:
    def answer(_method: str, _path: str, _body: bytes) -> Answer:
        return Answer(status=200, media_type="text/plain", body=b"whole")

    with running(TrialServer(answer, port=0, log=lambda _: None, allowed_s=0.5)) as server:
        with socket.create_connection((HOST, server.server_port), timeout=60) as line, pytest.raises(OSError):
            line.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n")
            for _ in range(600):
                line.sendall(b"x")       # each comes well before any wait for a single byte would end
                time.sleep(0.05)
        with urlopen(server.url, timeout=60) as whole:  # noqa: S310
            assert whole.read() == b"whole"


def test_a_twist_lies_and_cuts_the_line(demo_home: Home) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    request = build_request(sm3(MESSAGE), "sm3", 5)
    with not_hanging(), serving(demo_home, clock=lambda: now) as authority:
        authority.twist = authority.lying_tsa(gen_time=now - timedelta(days=9))
        assert TimestampToken.parse(read_response(_post(authority.tsa_url(), request))).gen_time == (
            now - timedelta(days=9))
        authority.twist = authority.lying_ocsp(answer_changes={"unknown": True})
        ca = authority.honest.cas["sm2-issuing"].certificate
        leaf = authority.honest.responders["tsa-sm2"].certificate
        answer = OcspResponse.load(_post(authority.ocsp_url(), ocsp.build_request(leaf, ca)))
        assert answer.answers[0].status == "unknown"

        def cut(*_: object) -> Answer:
            raise ConnectionResetError

        authority.twist = cut
        with pytest.raises((OSError, http.client.HTTPException)):
            _post(authority.tsa_url(), request)
        authority.twist = None
        changed = authority.change_tsa("sm2")
        token = TimestampToken.parse(read_response(_post(authority.tsa_url(), request)))
        assert token.names(changed.certificate)


def test_certificates_name_the_services_only_where_the_home_was_made_so(tmp_path: Path, demo_home: Home) -> None:
    assert not any(one.crl_urls for one in demo_home.trust().intermediates)
    home = make_home(tmp_path / "home", authorities=DEFAULT_AUTHORITIES[:1], services="http://127.0.0.1:8318")
    sealing = home.authority(*CITY).sealing_signer.certificate
    assert sealing.crl_urls == ("http://127.0.0.1:8318/crl/sm2-issuing.crl",)
    assert sealing.ocsp_urls == ("http://127.0.0.1:8318/ocsp/sm2",)
    for one in home.trust().intermediates:
        tree = one.key_kind
        assert one.crl_urls == (f"http://127.0.0.1:8318/crl/{tree}-root.crl",)
    tsa = trial_authority(home.path, clock=lambda: datetime.now(UTC), environ={}).responders["tsa-p256"].certificate
    assert tsa.crl_urls == ("http://127.0.0.1:8318/crl/p256-issuing.crl",)
    make_home(home.path, authorities=DEFAULT_AUTHORITIES[:1])                   # a repeat need not say it again
    with pytest.raises(DemoError) as caught:
        make_home(home.path, authorities=DEFAULT_AUTHORITIES[:1], services="http://127.0.0.1:9")
    assert caught.value.code == "demo.other-services" and "“无”" not in caught.value.zh


def test_a_home_of_an_earlier_version_gets_its_services_by_a_repeat(own_home: Home) -> None:
    shutil.rmtree(own_home.path / "responders")
    shutil.rmtree(own_home.trust_dir / "tsa")
    with pytest.raises(DemoError) as caught:
        trial_authority(own_home.path, clock=lambda: datetime.now(UTC), environ={})
    assert caught.value.code == "demo.no-services"
    make_home(own_home.path)
    assert len(own_home.trust().tsa) == 2
    trial_authority(own_home.path, clock=lambda: datetime.now(UTC), environ={})
