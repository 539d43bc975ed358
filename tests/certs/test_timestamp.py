"""RFC 3161 tokens: openssl's, SM2 ones, lies of every kind, one bit changed anywhere."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import der_build as build
from certs import timestamp_token
from certs.chain import Indication, SubIndication
from certs.crl import Revocation
from certs.timestamp import TimestampResult, verify_token
from certs.timestamp_token import TimestampToken
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING
from codes.errors import EngineError
from tests.certs.core_pki import AT, DAY, END, Entity, root, run
from tests.certs.tokens import CONTENT_TYPE, Recipe, attribute, make_token

MESSAGE = b"signature"
KINDS = ["sm2", "p256"]


@dataclass(frozen=True)
class Authority:
    """A timestamp authority under a root."""

    top: Entity
    tsa: Entity

    def judge(self, token: bytes, message: bytes = MESSAGE, *, at: datetime = AT,
              **changes: Any) -> TimestampResult:
        options: dict[str, Any] = {"anchors": [self.top.certificate], "crls": [self.top.crl()], "at": at}
        return verify_token(TimestampToken.parse(token), message, **{**options, **changes})


def _authority(kind: str = "sm2", **changes: Any) -> Authority:
    top = root(kind, name="试验时间戳根 CA")
    return Authority(top, top.leaf("试验时间戳", 2, **{"ext_key_usage": (TIME_STAMPING,), **changes}))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return _authority()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by_key_id", [False, True])
def test_a_good_token_proves_its_time(kind: str, by_key_id: bool) -> None:
    authority = _authority(kind)
    result = authority.judge(make_token(authority.tsa, Recipe(by_key_id=by_key_id)))
    assert result.ok and result.code == "timestamp.good"
    assert (result.gen_time, result.signer) == (AT, authority.tsa.certificate)
    assert result.chain is not None and result.chain.anchor == authority.top.certificate


CONFIG = """
[ tsa ]
default_tsa = own
[ own ]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/tsa.pem
signer_key = {folder}/key.pem
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@pytest.mark.parametrize(("algorithm", "digest"), [
    (("RSA", "rsa_keygen_bits:2048"), "sha256"), (("RSA", "rsa_keygen_bits:3072"), "sha512"),
    (("EC", "ec_paramgen_curve:P-256"), "sha256"), (("EC", "ec_paramgen_curve:P-384"), "sha384")])
def test_tokens_of_openssl_are_verified(algorithm: tuple[str, str], digest: str, openssl: str,
                                        tmp_path: Path) -> None:
    commands = [
        ["genpkey", "-algorithm", algorithm[0], "-pkeyopt", algorithm[1], "-out", "key.pem"],
        ["req", "-x509", "-key", "key.pem", "-subj", "/CN=TSA", "-days", "30", "-addext",
         "extendedKeyUsage=critical,timeStamping", "-addext", "basicConstraints=critical,CA:FALSE",
         "-out", "tsa.pem"],
        ["x509", "-in", "tsa.pem", "-outform", "DER", "-out", "tsa.cer"],
        ["ts", "-query", "-data", "message", f"-{digest}", "-cert", "-out", "query"],
        ["ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-token_out", "-out", "token"],
    ]
    (tmp_path / "ts.cnf").write_text(CONFIG.format(folder=tmp_path, digest=digest))
    (tmp_path / "serial").write_text("01")
    (tmp_path / "message").write_bytes(MESSAGE)
    for command in commands:
        code, text = run(openssl, *command, cwd=tmp_path)
        assert code == 0, text
    certificate = Certificate.load((tmp_path / "tsa.cer").read_bytes())
    token = TimestampToken.parse((tmp_path / "token").read_bytes())
    now = datetime.now(UTC)
    assert token.nonce is not None and token.policy == "1.2.3.4.1"
    assert verify_token(token, MESSAGE, anchors=[certificate], at=now).ok
    assert verify_token(token, b"other", anchors=[certificate], at=now).sub_indication is (
        SubIndication.HASH_FAILURE)
    assert verify_token(token, MESSAGE, anchors=[], at=now).sub_indication is (
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_openssl_verifies_our_test_tokens(openssl: str, tmp_path: Path) -> None:
    """So the tokens that our reader is tried with are real ones."""
    authority = _authority("p256")
    (tmp_path / "token").write_bytes(make_token(authority.tsa))
    (tmp_path / "message").write_bytes(MESSAGE)
    done = subprocess.run([openssl, "x509", "-inform", "DER"], input=authority.top.certificate.der,
                          capture_output=True, check=True, timeout=60)
    (tmp_path / "root.pem").write_bytes(done.stdout)
    code, text = run(openssl, "ts", "-verify", "-data", "message", "-in", "token", "-token_in", "-CAfile",
                     "root.pem", "-attime", str(int(AT.timestamp())), cwd=tmp_path)
    assert code == 0, text


# recipe, what is expected of parsing (an error code) or of verifying (a code)
LIES: list[tuple[Recipe, str, str]] = [
    (Recipe(message=b"other"), "timestamp.wrong-imprint", "made for other data"),
    (Recipe(gen_time=AT + timedelta(minutes=6)), "timestamp.future", "from the future"),
    (Recipe(gen_time=datetime(2024, 12, 31, tzinfo=UTC)), "timestamp.out-of-bounds",
     "before its certificate"),
    (Recipe(carries=[]), "timestamp.no-certificate", "without the authority's certificate"),
    (Recipe(unsigned=build.tlv(0xA1, attribute("1.2.3", build.null()))), "der.trailing",
     "unsigned attribute"),
    (Recipe(content_type="1.2.840.113549.1.7.1"), "timestamp.malformed", "another content type signed"),
    (Recipe(stated_digest=bytes(32)), "timestamp.malformed", "another digest signed"),
    (Recipe(extra_signed=[attribute(CONTENT_TYPE, build.null())]), "timestamp.malformed",
     "an attribute twice"),
    (Recipe(extra_signed=[build.sequence(build.oid("1.2.3"), build.set_of([build.null()] * 2))]),
     "der.trailing", "two values in one attribute"),
    (Recipe(certificate_id=build.sequence(build.sequence())), "timestamp.malformed", "no certificate named"),
    (Recipe(certificate_id=build.sequence(build.sequence(build.sequence(build.octet_string(bytes(32)))))),
     "timestamp.no-certificate", "another certificate named"),
    (Recipe(signed_data="1.2.840.113549.1.7.1"), "timestamp.malformed", "no SignedData"),
    (Recipe(version=1), "timestamp.malformed", "SignedData of version 1"),
    (Recipe(info_tail=build.boolean(False)), "timestamp.malformed", "a default written out"),
    (Recipe(info_tail=build.tlv(0xA1, b"")), "timestamp.malformed", "unknown extensions"),
    (Recipe(info_tail=build.octet_string(b"a")), "der.trailing", "a field beyond TSTInfo"),
    (Recipe(digest="sha256"), "timestamp.algorithm", "a digest that SM2 does not go with"),
]


@pytest.mark.parametrize(("recipe", "code", "why"), LIES, ids=[why for _, _, why in LIES])
def test_lies_are_named(recipe: Recipe, code: str, why: str, authority: Authority) -> None:
    try:
        found = authority.judge(make_token(authority.tsa, recipe)).code
    except EngineError as error:
        found = error.code.value
    assert found == code


def test_sm2_tokens_may_use_the_identifiers_of_gb_t_35275(authority: Authority) -> None:
    assert authority.judge(make_token(authority.tsa, Recipe(signed_data="1.2.156.10197.6.1.4.2.2"))).ok


def test_accuracy_ordering_nonce_and_name_are_read(authority: Authority) -> None:
    tail = (build.sequence(build.integer(1)) + build.boolean(True) + build.integer(-5)
            + build.explicit(0, build.tlv(0x82, b"tsa.example.invalid")))
    token = make_token(authority.tsa, Recipe(info_tail=tail))
    assert TimestampToken.parse(token).nonce == -5
    assert authority.judge(token).ok


def test_the_signature_is_checked(authority: Authority) -> None:
    thief = replace(authority.tsa, key=root().key)
    result = authority.judge(make_token(thief))
    assert (result.code, result.sub_indication) == (
        "timestamp.bad-signature", SubIndication.SIG_CRYPTO_FAILURE)


def test_only_a_timestamping_certificate_makes_timestamps() -> None:
    authority = _authority(ext_key_usage=())
    result = authority.judge(make_token(authority.tsa))
    assert (result.indication, result.code) == (Indication.FAILED, "chain.wrong-usage")


def test_an_untrusted_authority_proves_nothing(authority: Authority) -> None:
    stranger = _authority()
    result = authority.judge(make_token(stranger.tsa))
    assert not result.ok
    assert _authority().judge(make_token(authority.tsa)).indication is not Indication.PASSED


def test_a_revoked_authority_proves_nothing_without_other_proof(authority: Authority) -> None:
    revoked = authority.top.crl({2: Revocation(revoked_at=AT - DAY, reason="keyCompromise")})
    result = authority.judge(make_token(authority.tsa), crls=[revoked])
    assert (result.code, result.sub_indication) == ("chain.revoked", SubIndication.REVOKED_NO_POE)


def test_without_its_revocation_list_the_answer_is_try_later(authority: Authority) -> None:
    result = authority.judge(make_token(authority.tsa), crls=[])
    assert result.sub_indication is SubIndication.TRY_LATER


def test_an_expired_authority_needs_other_proof(authority: Authority) -> None:
    fresh = authority.top.crl(this_update=END, next_update=END + 9 * DAY)
    result = authority.judge(make_token(authority.tsa), at=END + DAY, crls=[fresh])
    assert result.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


def test_lists_inside_the_token_say_nothing_of_now(authority: Authority) -> None:
    """Whoever has a stolen key adds the list of before: nothing signs what rides there."""
    token = make_token(authority.tsa, Recipe(crls=[authority.top.crl().der]))
    assert authority.judge(token, crls=[]).sub_indication is SubIndication.TRY_LATER
    assert authority.judge(token, crls=[], at_is_proven=True).sub_indication is SubIndication.TRY_LATER
    assert authority.judge(token, crls=[], at_is_proven=True, judged_at=END + DAY).ok, "its authority has ended"
    revoking = authority.top.crl({2: Revocation(revoked_at=AT - DAY, reason="keyCompromise")}, number=2)
    token = make_token(authority.tsa, Recipe(crls=[revoking.der]))
    assert authority.judge(token).sub_indication is SubIndication.REVOKED_NO_POE, "a revocation counts from anywhere"


def test_nothing_loose_rides_in_a_token(authority: Authority) -> None:
    stranger = root(name="路人 CA")
    own = authority.tsa.certificate.der
    for recipe in (Recipe(carries=[own, stranger.leaf("路人", 9).certificate.der]),
                   Recipe(carries=[own, stranger.certificate.der]),
                   Recipe(carries=[own, stranger.certificate.der], crls=[stranger.crl().der]),
                   Recipe(crls=[stranger.crl().der])):
        result = authority.judge(make_token(authority.tsa, recipe))
        assert (result.code, result.sub_indication) == ("timestamp.loose-parts", SubIndication.FORMAT_FAILURE)
    assert authority.judge(make_token(authority.tsa, Recipe(carries=[own, authority.top.certificate.der]))).ok


def test_too_many_certificates_or_bytes_are_refused(authority: Authority) -> None:
    crowd = [authority.tsa.certificate.der] * (timestamp_token.MAX_CERTIFICATES + 1)
    with pytest.raises(EngineError):
        TimestampToken.parse(make_token(authority.tsa, Recipe(carries=crowd)))
    with pytest.raises(EngineError):
        TimestampToken.parse(bytes(timestamp_token.MAX_BYTES + 1))


def test_signed_attributes_must_stand_in_order(authority: Authority) -> None:
    token = TimestampToken.parse(make_token(authority.tsa))
    parts = []
    from certs.der import Reader

    reader = Reader(token.signed_attributes).enter(0x31)
    while reader.more():
        parts.append(reader.raw())
    shuffled = b"".join(reversed(parts))
    body = token.signed_attributes[-len(shuffled):]
    with pytest.raises(EngineError):
        TimestampToken.parse(token.der.replace(body, shuffled))


@pytest.mark.parametrize("kind", KINDS)
def test_one_bit_changed_anywhere_proves_nothing(kind: str) -> None:
    authority = _authority(kind)
    token = make_token(authority.tsa, Recipe(
        carries=[authority.tsa.certificate.der, authority.top.certificate.der],
        crls=[authority.top.crl().der]))
    assert authority.judge(token).ok
    for position in range(0, 8 * len(token), 3):
        changed = bytearray(token)
        changed[position // 8] ^= 0x80 >> position % 8
        try:
            assert not authority.judge(bytes(changed)).ok, f"bit {position}"
        except EngineError:
            continue


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_hostile_tokens_give_engine_errors_only(authority: Authority, data: st.DataObject) -> None:
    token = bytearray(GOOD_TOKEN)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(token) - 1))
        token[index:index + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        token = token or bytearray(b"\x30")
    try:
        result = authority.judge(bytes(token))
    except EngineError:
        return
    assert result.zh and result.en


GOOD_TOKEN = make_token(_authority().tsa)


def test_the_old_certificate_identifier_is_read(authority: Authority) -> None:
    import hashlib

    old = hashlib.sha1(authority.tsa.certificate.der, usedforsecurity=False).digest()
    by_sha1 = attribute("1.2.840.113549.1.9.16.2.12", build.sequence(build.sequence(build.sequence(
        build.octet_string(old)))))
    token = TimestampToken.parse(make_token(authority.tsa, Recipe(extra_signed=[by_sha1])))
    assert [name for name, _ in token.signer_ids] == ["sm3", "sha1"]
