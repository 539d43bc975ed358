"""A signer judges its certificates by OCSP answers as well as by lists, as whoever issues with key files does."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.chain import paths_of
from certs.crl import Revocation
from certs.home import Home
from certs.known import load_known
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.seal import SealError, SealFile
from certs.x509 import Certificate
from registry.demo import trial_authority
from tests.signer.messages import attributes
from tests.signer.processes import LIMITS, key_name, signer_home
from tests.signer.test_desk import CLIENT, Office, checkpoint, qr_message
from tests.support.demo_home import CITY

HOUR = timedelta(hours=1)
SIGNED, REVOKED, UNKNOWN = "", "seal.certificate-revoked", "seal.certificate-status-unknown"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(signer_home(tmp_path / "keys", CLIENT + LIMITS), datetime.now(UTC).replace(microsecond=0), "")
    yield made
    made.counts.close()


def answer_for_all(office: Office, *, revoked: Certificate | None = None, at: datetime | None = None) -> None:
    """Put an answer on each certificate that is judged into the home, made at ``at``, by default a minute ago."""
    at = at or office.now - timedelta(minutes=1)
    services, known = trial_authority(office.path, clock=lambda: office.now, environ={}), load_known(office.path)
    names = {pair.certificate.fingerprint: name for name, pair in services.cas.items()}
    leaves = [Certificate.load(path.read_bytes()) for pattern in (
        "authorities/*/*/*.cer", "actors/*/actor.cer", "audit/audit.cer") for path in office.path.glob(pattern)]
    leaves += [Certificate.load(SealFile.load(path.read_bytes()).seal.certificate)
               for path in office.path.glob("authorities/*/*/seal.esl")]
    pairs = {below: ca for leaf in leaves
             for below, ca in itertools.pairwise(next(paths_of(leaf, known.certificates, known.anchors)))}
    (office.path / "ocsp").mkdir(exist_ok=True)
    for certificate, ca in pairs.items():
        name = names[ca.fingerprint]
        responder = None if name.endswith("-root") else services.responders[f"ocsp-{name.partition('-')[0]}"]
        by = responder or services.cas[name]
        said = OcspAnswer(
            certificate=CertId.of(certificate.serial, ca), this_update=at, next_update=office.now + HOUR,
            revocation=Revocation(revoked_at=at, reason="keyCompromise") if certificate == revoked else None)
        (office.path / "ocsp" / f"{certificate.fingerprint[:16]}.ors").write_bytes(build_response(
            responder=by.certificate, key=by.key, answers=[said], produced_at=at,
            certificates=[by.certificate] if responder else []))


def signed(office: Office) -> dict[str, str]:
    """What the signer says to each key of the seal and to one of a service."""
    return {"sealing": office.sign("sealing", office.to_sign()), "data": office.sign("data", qr_message(office)),
            "pdf": office.sign("pdf", attributes(office.certificate("pdf"))),
            "audit": office.sign("audit", checkpoint(office), approval="")}


def checked(office: Office) -> dict[str, str]:
    """What the signer says of the same keys when it is asked how it is."""
    keys = office.ask({"op": "health", "after": ""})[0]["keys"]
    return {role: keys[role if role == "audit" else key_name(office.path, role)]
            for role in ("sealing", "data", "pdf", "audit")}


def by_key_files(office: Office) -> str:
    """What issuing with the same home's own keys says."""
    home = Home.open(office.path, environ={}, clock=lambda: office.now)
    try:
        home.authority(*CITY).check_usable(at=office.now)
    except SealError as error:
        return error.code.value
    return ""


@pytest.mark.parametrize("role", ["sealing", "data", "pdf", "audit"])
def test_a_newer_answer_that_a_key_is_lost_stops_it_though_the_list_is_in_force(office: Office, role: str) -> None:
    good = dict.fromkeys(("sealing", "data", "pdf", "audit"), SIGNED)
    assert signed(office) == good
    answer_for_all(office, revoked=office.certificate(role))
    office.now += timedelta(seconds=1)
    assert signed(office) == checked(office) == {**good, role: REVOKED}
    assert by_key_files(office) == (SIGNED if role == "audit" else REVOKED)


def test_a_ca_that_answers_and_has_no_list_is_enough(office: Office) -> None:
    shutil.rmtree(office.path / "crls")
    assert set(signed(office).values()) == {UNKNOWN} == {by_key_files(office)}
    answer_for_all(office)
    assert set(signed(office).values()) == set(checked(office).values()) == {SIGNED} == {by_key_files(office)}
    answer_for_all(office, revoked=office.certificate("sealing"))
    assert signed(office)["sealing"] == REVOKED


def test_a_damaged_answer_is_none_and_the_refusal_names_it(office: Office) -> None:
    answer_for_all(office)
    shutil.rmtree(office.path / "crls")
    path = office.path / "ocsp" / f"{office.certificate('audit').fingerprint[:16]}.ors"
    path.write_bytes(path.read_bytes()[:-1])
    head = {"op": "sign", "key": "audit", "approval": ""}
    answer, _ = office.ask(head, checkpoint(office))
    assert answer["code"] == UNKNOWN
    assert f"ocsp/{path.name}" in answer["zh"] and f"ocsp/{path.name}" in answer["en"]
