"""What a package carries to show that its certificates were good: read, held to its form, and counted for a proven
moment alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable

import pytest

from certs.carried import Carried
from certs.crl import Crl, Revocation, build_crl
from certs.ocsp import OcspResponse
from certs.ocsp_build import OcspAnswer, build_response
from certs.ocsp_id import CertId
from certs.trust import Trust
from registry.demo import trial_authority
from tests.certs.answers import answer_der
from tests.certs.core_pki import root
from tests.support.demo_home import CITY, shared_home
from tests.verify.packages import Entries, Forger, check, codes, entries, issued
from verify import verify
from verify.chains import Judge
from verify.model import Verdict
from verify.reasons import Findings

LIST = "Doc_0/Attachs/Attachments.xml"
NOW = dt.datetime.now(dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
SILENT = ("chain.crl-missing", "chain.ocsp-stale")
LATER = NOW + 8000 * DAY                 # every certificate of the demonstration's seals has ended


def answers(*, said_of: str = "sealing") -> list[bytes]:
    """Answers on the certificates of the seal's chain, by the demonstration's services."""
    home = shared_home()
    authority = home.authority(*CITY)
    services = trial_authority(home.path, clock=lambda: NOW, environ={})
    leaf = {"sealing": authority.sealing_signer, "pdf": authority.pdf_signer}[said_of].certificate
    chain = authority.chain if said_of == "sealing" else authority.pdf_chain
    tree = "sm2" if said_of == "sealing" else "p256"
    by = services.responders[f"ocsp-{tree}"]
    top = services.cas[f"{tree}-root"]
    made = []
    for certificate, ca, signer in ((leaf, chain[0], by), (chain[0], chain[1], top)):
        said = OcspAnswer(certificate=CertId.of(certificate.serial, ca), this_update=NOW - HOUR, next_update=NOW + HOUR)
        made.append(build_response(responder=signer.certificate, key=signer.key, answers=[said],
                                   produced_at=NOW - HOUR, certificates=[signer.certificate] if signer is by else []))
    return made


def with_answers(*files: tuple[str, bytes], change: Callable[[str], str] = lambda text: text) -> bytes:
    """The package with answers added as the writer does it, sealed anew by its own authority."""
    parts: Entries = {}
    listing = entries()[LIST].decode()
    count = listing.count("<ofd:Attachment ")
    (date,) = set(re.findall('CreationDate="([^"]*)"', listing))
    for index, (name, data) in enumerate(files):
        number = name.removeprefix("ocsp_").removesuffix(".ors")
        line = (f'<ofd:Attachment ID="att{count + index}" Name="证书状态应答{number}.ors" Format="ors" '
                f'CreationDate="{date}" Size="{len(data) / 1024:.3f}" Visible="false">'
                f"<ofd:FileLoc>/Doc_0/Attachs/{name}</ofd:FileLoc></ofd:Attachment>")
        listing = listing.replace("</ofd:Attachments>", f"{line}</ofd:Attachments>")
    for name, data in entries().items():
        if name.startswith("Doc_0/Signs/") and f"Doc_0/Attachs/{files[0][0]}" not in parts:
            parts |= {f"Doc_0/Attachs/{each}": content for each, content in files}
        parts[name] = change(listing).encode() if name == LIST else data
    return Forger().apply(parts)


def test_answers_may_ride_in_a_package() -> None:
    first, second = answers()
    report = check(with_answers(("ocsp_0.ors", first), ("ocsp_1.ors", second)))
    assert report.verdict is Verdict.VALID, report.to_text()


STRANGE = answer_der(root("sm2").leaf("某单位", 5), root("sm2", name="别处"))
FORGED: list[tuple[str, Callable[[], bytes], str]] = [
    ("garbage", lambda: with_answers(("ocsp_0.ors", b"garbage")), "data.attachment"),
    ("an unsigned error", lambda: with_answers(("ocsp_0.ors", b"\x30\x03\x0a\x01\x03")), "data.attachment"),
    ("on a stranger's certificate", lambda: with_answers(("ocsp_0.ors", STRANGE)), "data.ocsp"),
    ("counted from one", lambda: with_answers(("ocsp_1.ors", answers()[0])), "data.attachment"),
    ("of another name", lambda: with_answers(("ocsp_x.ors", answers()[0])), "data.attachment"),
    ("shown to readers", lambda: with_answers(("ocsp_0.ors", answers()[0]), change=lambda text: text.replace(
        'Visible="false"><ofd:FileLoc>/Doc_0/Attachs/ocsp', 'Visible="true"><ofd:FileLoc>/Doc_0/Attachs/ocsp')),
     "data.attachment"),
    ("called a programme", lambda: with_answers(("ocsp_0.ors", answers()[0]), change=lambda text: text.replace(
        "证书状态应答0.ors", "阅读器.exe")), "data.attachment"),
]


@pytest.mark.parametrize(("what", "make", "code"), FORGED, ids=[what for what, _, _ in FORGED])
def test_nothing_else_rides_under_their_names(what: str, make: Callable[[], bytes], code: str) -> None:
    report = check(make())
    assert report.verdict is not Verdict.VALID, what
    assert code in codes(report)


def judged(trust: Trust, *, proven_at: dt.datetime | None = None, existed_at: dt.datetime | None = None,
           lists: tuple[Crl, ...] = (), ocsp: tuple[OcspResponse, ...] = (), at: dt.datetime = NOW) -> str:
    """The code of the seal's chain by what the file carries."""
    found = Findings()
    judge = Judge(trust=trust, at=at, clock_now=at, found=found, existed_at=existed_at,
                  carried=Carried(against=trust.against))
    judge.covers(lists, ocsp)
    result = judge.chain(shared_home().authority(*CITY).sealing_signer.certificate, "seal", proven_at=proven_at,
                         found=found)
    assert result is not None
    return result.code


def test_what_is_carried_counts_for_a_proven_moment_alone() -> None:
    bare = dataclasses.replace(shared_home().trust(), crls=())
    lists = shared_home().authority(*CITY).known.crls
    told = tuple(map(OcspResponse.load, answers()))
    for carried in ({"lists": lists}, {"ocsp": told}):
        for at in (NOW, NOW + 30 * DAY):
            assert judged(bare, at=at, **carried) in SILENT  # type: ignore[arg-type]
            for proof in ({"proven_at": NOW}, {"existed_at": NOW}):
                code = judged(bare, at=at, **proof, **carried)  # type: ignore[arg-type]
                assert code in SILENT, "the thief of a key has a timestamp too"
        for proof in ({"proven_at": NOW}, {"existed_at": NOW}):
            assert judged(bare, at=LATER, **proof, **carried) == "chain.good"  # type: ignore[arg-type]
        assert judged(bare, at=LATER, **carried) == "chain.expired"  # type: ignore[arg-type]
    assert judged(bare, proven_at=NOW + 2 * HOUR, at=LATER, ocsp=told) == "chain.ocsp-stale"


def test_a_verifiers_own_stale_lists_count_once_a_certificate_has_ended() -> None:
    trust = shared_home().trust()
    for at, code in ((NOW, "chain.good"), (NOW + 500 * DAY, "chain.crl-stale"), (LATER, "chain.good")):
        assert judged(trust, proven_at=NOW, at=at) == code
        assert judged(trust, existed_at=NOW, at=at) == code


def test_a_carried_revocation_counts_without_any_proof() -> None:
    authority = shared_home().authority(*CITY)
    ca = trial_authority(shared_home().path, clock=lambda: NOW, environ={}).cas["sm2-issuing"]
    lost = build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=NOW - 2 * HOUR, next_update=NOW + DAY,
                     number=9, revoked={
                         authority.sealing_signer.certificate.serial: Revocation(revoked_at=NOW - 3 * HOUR)})
    for proof in ({}, {"proven_at": NOW}, {"existed_at": NOW}):
        assert judged(shared_home().trust(), lists=(lost,), **proof) == "chain.revoked"  # type: ignore[arg-type]


def test_lists_from_elsewhere_revoke_and_show_nothing_good() -> None:
    home = shared_home()
    ca = trial_authority(home.path, clock=lambda: NOW, environ={}).cas["sm2-issuing"]
    serial = home.authority(*CITY).sealing_signer.certificate.serial
    lost = build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=NOW - 2 * HOUR, next_update=NOW + DAY,
                     number=9, revoked={serial: Revocation(revoked_at=NOW - 3 * HOUR)})
    told = tuple(map(OcspResponse.load, answers()))
    for against in (home.authority(*CITY).known.crls, told):
        bare = dataclasses.replace(home.trust(), crls=(), against=against)
        for at in (NOW, LATER):
            assert judged(bare, proven_at=NOW, at=at) in (*SILENT, "chain.ocsp-responder")
    trust = dataclasses.replace(home.trust(), against=(lost,))
    assert judged(trust) == "chain.revoked"
    assert verify(issued().ofd, trust=trust).verdict is not Verdict.VALID
    assert verify(issued().ofd, trust=home.trust()).verdict is Verdict.VALID


def test_what_is_carried_hides_no_revocation() -> None:
    """Whoever has a lost key carries the last good answer along; the CA's own list knows better."""
    home = shared_home()
    authority = home.authority(*CITY)
    ca = trial_authority(home.path, clock=lambda: NOW, environ={}).cas["sm2-issuing"]
    lost = build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=NOW - 2 * HOUR, next_update=NOW + DAY,
                     number=9, revoked={
                         authority.sealing_signer.certificate.serial: Revocation(revoked_at=NOW - 3 * HOUR)})
    trust = dataclasses.replace(home.trust(), crls=(*home.trust().crls, lost))
    told = tuple(map(OcspResponse.load, answers()))
    assert judged(trust, proven_at=NOW, lists=authority.known.crls, ocsp=told) == "chain.revoked"
    assert judged(trust, proven_at=NOW - 4 * HOUR, lists=authority.known.crls, ocsp=told) == "chain.good"


def test_the_writer_takes_of_each_ca_one_list() -> None:
    names = [name for name in entries(issued().ofd) if name.startswith("Doc_0/Attachs/crl_")]
    held = [Crl.load(entries(issued().ofd)[name]) for name in names]
    assert len(held) == len({crl.issuer for crl in held}) == 4
