"""Signed statements: one spelling of the content, one of the file's parts, and what is refused."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import canonical_json, p256
from certs.canonical_json import JSON, JsonCode, JsonError, decode, encode
from certs.crl import Revocation
from certs.der import SEQUENCE, Reader
from certs.der_build import signature_value
from certs.moments import read_moment, write_moment
from certs.signer import LocalSigner
from certs.statement import (
    MAX_CONTENT,
    SignedStatement,
    StatementCode,
    StatementError,
    check_signature,
    check_statement,
    sign_statement,
)
from tests.certs.core_pki import AT, DAY, END, Entity, make, root

ACT = "zhengyin/act/1"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BODY: Mapping[str, JSON] = {"type": ACT, "at": write_moment(AT), "名称": "测试市应急管理局", "count": 3, "none": None}


@pytest.fixture(scope="module", params=["sm2", "p256"])
def pki(request: pytest.FixtureRequest) -> tuple[Entity, Entity]:
    """A root and a leaf below it, for each kind of key."""
    ca = root(request.param)
    return ca, ca.leaf("测试人甲", 2)


def signer(entity: Entity) -> LocalSigner:
    """The leaf as a signer."""
    return LocalSigner(entity.certificate, entity.key)


def check(signed: SignedStatement, ca: Entity, **changes: Any) -> None:
    """Check a statement with everything as it should be, but for the changes."""
    fields: dict[str, Any] = {
        "type": ACT, "anchors": [ca.certificate], "intermediates": [], "crls": [ca.crl()], "at": AT, "clock_now": AT}
    check_statement(signed, **(fields | changes))


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that the call raises."""
    with pytest.raises((StatementError, JsonError)) as caught:
        call()
    return str(caught.value.code)


def file_of(signed: SignedStatement) -> dict[str, str]:
    """The file of a statement as a mapping."""
    content: dict[str, str] = json.loads(signed.to_json())
    return content


def test_a_statement_is_read_back_as_it_was_signed(pki: tuple[Entity, Entity]) -> None:
    ca, leaf = pki
    signed = sign_statement(BODY, signer(leaf))
    again = SignedStatement.parse(signed.to_json(), type=ACT)
    assert again == signed
    assert again.digest == signed.digest
    assert dict(again.body) == dict(BODY)
    assert (again.type, again.at) == (ACT, AT)
    check(again, ca)


@pytest.mark.parametrize(("value", "spelling"), [
    # what RFC 8785 says of the order of members, of escapes and of numbers
    ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
    ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'.encode()),      # UTF-16: D83D before FB33
    ({"€": 1, "\r": 2, "1": 3}, '{"\\r":2,"1":3,"€":1}'.encode()),
    ("\x00\x1f\b\f\n\r\t\"\\/\x7f名", '"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\/\x7f名"'.encode()),
    ([True, False, None, -5, 2**53 - 1], b"[true,false,null,-5,9007199254740991]"),
    ({"a": {"d": [], "c": {}}}, b'{"a":{"c":{},"d":[]}}'),
])
def test_canonical_json_has_the_spelling_of_rfc_8785(value: JSON, spelling: bytes) -> None:
    assert encode(value) == spelling
    assert decode(spelling) == value


@pytest.mark.parametrize("value", [
    0.5, 1.0, float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: 2}, {None: 1}, b"x", {1, 2},
    datetime(2026, 1, 1), "deep",
], ids=repr)
def test_what_has_no_canonical_json_is_refused(value: Any) -> None:
    if value == "deep":
        for _ in range(canonical_json.MAX_DEPTH + 1):
            value = [value]
    assert code_of(lambda: encode(value)) == JsonCode.UNSUPPORTED


@pytest.mark.parametrize(("data", "code"), [
    (b'{"b":1,"a":2}', JsonCode.NOT_CANONICAL),                     # order
    (b'{"a": 1}', JsonCode.NOT_CANONICAL),                          # blank
    (b'{"a":1}\n', JsonCode.NOT_CANONICAL),
    (b'"\\u540d"', JsonCode.NOT_CANONICAL),                         # escaped without need
    (b'"\\/"', JsonCode.NOT_CANONICAL),
    (b"-0", JsonCode.NOT_CANONICAL),
    (b"9007199254740992", JsonCode.NOT_CANONICAL),
    (b'"\\ud800"', JsonCode.NOT_CANONICAL),                         # half a pair
    (b'{"a":1,"a":1}', JsonCode.MALFORMED),                         # twin keys
    (b'{"a":1.0}', JsonCode.MALFORMED),
    (b'{"a":1e3}', JsonCode.MALFORMED),
    (b"NaN", JsonCode.MALFORMED), (b"Infinity", JsonCode.MALFORMED),
    (b"[1,]", JsonCode.MALFORMED), (b"", JsonCode.MALFORMED), (b"\xff", JsonCode.MALFORMED),
    (b"\xef\xbb\xbf1", JsonCode.MALFORMED),                         # a byte order mark
    (b'"\xed\xa0\x80"', JsonCode.MALFORMED),                        # a surrogate in UTF-8
    (b"[" * 100_000, JsonCode.MALFORMED),
    (b"[" * 40 + b"]" * 40, JsonCode.NOT_CANONICAL),
    (b"1" * 5000, JsonCode.MALFORMED),
    (b" " * (canonical_json.MAX_BYTES + 1), JsonCode.TOO_LARGE),
], ids=lambda one: repr(one[:24]) if isinstance(one, bytes) else str(one))
def test_any_other_spelling_is_refused(data: bytes, code: JsonCode) -> None:
    assert code_of(lambda: decode(data)) == code


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5), max_leaves=20)


@given(_JSON)
@settings(max_examples=300, deadline=None)
def test_canonical_json_is_one_spelling_of_one_value(value: JSON) -> None:
    data = encode(value)
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123456789.eE+-ntrufalse \\', max_size=40).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_arbitrary_bytes_are_a_value_in_its_one_spelling_or_an_error_of_ours(data: bytes) -> None:
    try:
        value = decode(data)
    except JsonError:
        return
    assert encode(value) == data


@pytest.mark.parametrize(("moment", "text"), [
    (datetime(2026, 1, 31, 1, 2, 3, 4999, tzinfo=UTC), "2026-01-31T01:02:03.004Z"),
    (datetime(2026, 1, 31, 9, 2, 3, tzinfo=timezone(timedelta(hours=8))), "2026-01-31T01:02:03.000Z"),
])
def test_a_moment_has_one_form(moment: datetime, text: str) -> None:
    assert write_moment(moment) == text
    assert write_moment(read_moment(text)) == text


@pytest.mark.parametrize("text", [
    "", "2026-01-31T01:02:03Z", "2026-01-31T01:02:03.004+00:00", "2026-01-31 01:02:03.004Z", "2026-02-30T01:02:03.004Z",
    "2026-01-31T24:02:03.004Z", "2026-01-31T01:02:03.004Z\n", "２026-01-31T01:02:03.004Z",
])
def test_other_forms_of_a_moment_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"moment|day|hour|range"):
        read_moment(text)


def test_a_moment_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        write_moment(datetime(2026, 1, 1))


@pytest.mark.parametrize("body", [
    {"type": ACT}, {"at": write_moment(AT)}, {"type": "zhengyin/act", "at": write_moment(AT)},
    {"type": "other/act/1", "at": write_moment(AT)}, {"type": ACT, "at": "2026-01-01"},
    {"type": ACT, "at": write_moment(AT), "x": 0.5}, {"type": ACT, "at": write_moment(AT), "x": "长" * MAX_CONTENT},
    {"type": ACT, "at": 5}, {"type": None, "at": write_moment(AT)},
], ids=lambda body: str(body)[:60])
def test_what_is_no_statement_is_not_signed(pki: tuple[Entity, Entity], body: Mapping[str, JSON]) -> None:
    assert code_of(lambda: sign_statement(body, signer(pki[1]))) == StatementCode.MALFORMED


def test_every_changed_byte_of_the_content_breaks_the_statement(pki: tuple[Entity, Entity]) -> None:
    ca, leaf = pki
    signed = sign_statement(BODY, signer(leaf))
    for place in range(len(signed.content)):
        content = bytearray(signed.content)
        content[place] ^= 1
        changed = dataclasses.replace(signed, content=bytes(content))
        assert code_of(lambda changed=changed: check(changed, ca)) in (
            StatementCode.SIGNATURE, StatementCode.MALFORMED, StatementCode.TYPE)


def test_every_flipped_bit_of_the_signature_breaks_the_statement(pki: tuple[Entity, Entity]) -> None:
    signed = sign_statement(BODY, signer(pki[1]))
    for place in range(len(signed.signature)):
        for bit in range(8):
            signature = bytearray(signed.signature)
            signature[place] ^= 1 << bit
            changed = dataclasses.replace(signed, signature=bytes(signature))
            assert code_of(lambda changed=changed: check_signature(changed)) == StatementCode.SIGNATURE


def _other_s(signature: bytes) -> bytes:
    outer = Reader(signature).enter(SEQUENCE)
    r, s = outer.integer(), outer.integer()
    return signature_value(r, P256_ORDER - s)


def test_the_twin_of_an_ecdsa_signature_is_refused() -> None:
    leaf = root("p256").leaf("测试人甲", 2)
    for _ in range(4):                            # the key picks either half; the statement holds the lower one
        signed = sign_statement(BODY, signer(leaf))
        check_signature(signed)
        twin = dataclasses.replace(signed, signature=_other_s(signed.signature))
        assert leaf.certificate.verify(_signed_bytes(twin), twin.signature, "ecdsa-p256-sha256")
        assert code_of(lambda twin=twin: check_signature(twin)) == StatementCode.SIGNATURE


def _signed_bytes(signed: SignedStatement) -> bytes:
    return b"zhengyin statement\0" + bytes.fromhex(signed.certificate.fingerprint) + signed.content


@pytest.mark.parametrize("kind", ["sm2", "p256"])
def test_a_signature_in_another_encoding_is_refused(kind: str) -> None:
    signed = sign_statement(BODY, signer(root(kind).leaf("测试人甲", 2)))
    long_form = b"\x30\x81" + signed.signature[1:]
    for signature in (long_form, signed.signature + b"\0", b"", b"\x30\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00"):
        changed = dataclasses.replace(signed, signature=signature)
        assert code_of(lambda changed=changed: check_signature(changed)) == StatementCode.SIGNATURE


def test_another_certificate_of_the_same_key_is_not_the_signers(pki: tuple[Entity, Entity]) -> None:
    ca, leaf = pki
    twin = make("测试人乙", leaf.key, 3, issuer=ca)
    signed = sign_statement(BODY, signer(leaf))
    swapped = dataclasses.replace(signed, certificate=twin.certificate)
    assert code_of(lambda: check(swapped, ca)) == StatementCode.SIGNATURE


def test_a_statement_is_no_signature_of_its_bare_content(pki: tuple[Entity, Entity]) -> None:
    """A key that signs documents elsewhere cannot be led to sign a statement by its content alone."""
    _, leaf = pki
    content = encode(BODY)
    signature = leaf.key.sign(content)
    if isinstance(leaf.key, p256.PrivateKey):
        signature = p256.canonical_signature(signature)
    bare = SignedStatement(content=content, certificate=leaf.certificate, signature=signature)
    assert code_of(lambda: check_signature(bare)) == StatementCode.SIGNATURE


def test_a_statement_of_another_type_is_refused(pki: tuple[Entity, Entity]) -> None:
    ca, leaf = pki
    signed = sign_statement({**BODY, "type": "zhengyin/approval/1"}, signer(leaf))
    assert code_of(lambda: check(signed, ca)) == StatementCode.TYPE
    assert code_of(lambda: SignedStatement.parse(signed.to_json(), type=ACT)) == StatementCode.TYPE
    assert code_of(lambda: check(signed, ca, type="zhengyin/approval/2")) == StatementCode.TYPE


def _changed(**changes: object) -> Callable[[dict[str, str]], object]:
    return lambda file: {**file, **changes}


BAD_FILES: list[tuple[str, Callable[[dict[str, str]], object]]] = [
    ("no object", lambda file: [file]),
    ("further key", _changed(more="")),
    ("missing key", lambda file: {key: file[key] for key in ("content", "certificate")}),
    ("content no text", _changed(content=5)),
    ("content of half a pair", _changed(content="\ud800")),
    ("content not canonical", lambda file: {**file, "content": file["content"].replace(":", ": ", 1)}),
    ("content no object", _changed(content="[]")),
    ("base64 with line break", lambda file: {**file, "signature": file["signature"] + "\n"}),
    ("base64 without padding", _changed(signature="AAA")),
    ("base64 with loose bits", _changed(signature="AB==")),
    ("base64 with non-ASCII", _changed(signature="签名")),
    ("no signature", _changed(signature="")),
    ("long signature", _changed(signature=base64.b64encode(bytes(300)).decode())),
    ("no certificate", _changed(certificate=base64.b64encode(b"\x30\x00").decode())),
    ("certificate and more", lambda file: {
        **file, "certificate": base64.b64encode(base64.b64decode(file["certificate"]) + b"\0").decode()}),
]


@pytest.mark.parametrize(("what", "change"), BAD_FILES, ids=[what for what, _ in BAD_FILES])
def test_a_malformed_file_is_refused(
    pki: tuple[Entity, Entity], what: str, change: Callable[[dict[str, str]], object],
) -> None:
    data = json.dumps(change(file_of(sign_statement(BODY, signer(pki[1]))))).encode()
    assert code_of(lambda: SignedStatement.parse(data, type=ACT)) == StatementCode.MALFORMED


@pytest.mark.parametrize("data", [
    b"", b"{}", b"null", b"\xff\xfe", b"[" * 200_000, b'{"content":"","content":"","certificate":"","signature":""}',
    b" " * (2 * MAX_CONTENT + 200_000),
], ids=lambda data: repr(data[:12]))
def test_bytes_that_are_no_file_of_ours_are_refused(data: bytes) -> None:
    assert code_of(lambda: SignedStatement.parse(data, type=ACT)) == StatementCode.MALFORMED


def test_a_large_statement_is_read_where_it_is_asked_for(pki: tuple[Entity, Entity]) -> None:
    body = {**BODY, "long": "x" * MAX_CONTENT}
    assert code_of(lambda: sign_statement(body, signer(pki[1]))) == StatementCode.MALFORMED
    signed = sign_statement(body, signer(pki[1]), max_bytes=2 * MAX_CONTENT)
    assert code_of(lambda: SignedStatement.parse(signed.to_json(), type=ACT)) == StatementCode.MALFORMED
    assert SignedStatement.parse(signed.to_json(), type=ACT, max_bytes=2 * MAX_CONTENT) == signed


def test_the_certificate_must_be_good_at_the_moment(pki: tuple[Entity, Entity]) -> None:
    ca, leaf = pki
    signed = sign_statement(BODY, signer(leaf))
    stranger = root("sm2", "另一个根 CA")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"anchors": [stranger.certificate]}, "chain.no-anchor"),
        ({"crls": []}, "chain.crl-missing"),
        ({"at": AT + 60 * DAY, "clock_now": AT + 60 * DAY}, "chain.crl-stale"),
        ({"at": leaf.certificate.not_after + DAY, "clock_now": leaf.certificate.not_after + DAY}, "chain.expired"),
        ({"at": leaf.certificate.not_before - DAY}, "chain.not-yet-valid"),
    ]
    for changes, chain in cases:
        with pytest.raises(StatementError) as caught:
            check(signed, ca, **changes)
        assert (caught.value.code, caught.value.facts["chain"]) == (StatementCode.CHAIN, chain)


def test_a_signature_by_a_key_of_another_kind_is_refused() -> None:
    """A certificate with an RSA or P-384 key may stand in a chain but signs no statement."""
    leaf = root("sm2").leaf("测试人甲", 2)
    signed = sign_statement(BODY, signer(leaf))
    other = dataclasses.replace(
        signed, certificate=dataclasses.replace(
            leaf.certificate, public_key=dataclasses.replace(leaf.certificate.public_key, kind="p384")))
    assert code_of(lambda: check_signature(other)) == StatementCode.SIGNATURE


def test_unknown_revocation_can_be_let_pass_and_nothing_else(pki: tuple[Entity, Entity]) -> None:
    ca, leaf = pki
    signed, late = sign_statement(BODY, signer(leaf)), AT + 31 * DAY
    assert check_statement(signed, type=ACT, anchors=[ca.certificate], intermediates=[], crls=[ca.crl()], at=AT,
                           clock_now=AT, unknown_revocation=True).ok
    for crls, at, code in (([], AT, "chain.crl-missing"), ([ca.crl()], late, "chain.crl-stale")):
        known: dict[str, Any] = {"type": ACT, "anchors": [ca.certificate], "intermediates": [], "crls": crls, "at": at,
                                 "clock_now": at}
        result = check_statement(signed, **known, unknown_revocation=True)
        assert (result.ok, result.code) == (False, code)
        with pytest.raises(StatementError, match=r"statement\.chain"):
            check_statement(signed, **known)
    revoked = ca.crl({leaf.certificate.serial: Revocation(revoked_at=AT - DAY, reason="keyCompromise")})
    for changes in ({"crls": [revoked], "at": late, "clock_now": late}, {"anchors": []},
                    {"crls": [], "at": END + DAY, "clock_now": END + DAY}):
        assert code_of(lambda changes=changes: check(signed, ca, unknown_revocation=True, **changes)) == \
            StatementCode.CHAIN
