"""SM2 and SM3: the standards' samples, other implementations' verdicts, hostile keys and signatures."""

from __future__ import annotations

import copy
import pickle
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import _libcrypto, _sm2_math, der_build, sm2, sm3
from certs.sm2 import DEFAULT_ID, PrivateKey, Sm2Error
from tests.certs.core_pki import DISTID, run

N, P = _sm2_math.N, _sm2_math.P

# GB/T 32918.5-2017 annex A.2 (recommended curve).
SAMPLE_D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
SAMPLE_PUBLIC = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")
SAMPLE_Z = "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
SAMPLE_E = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
SAMPLE_R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
SAMPLE_S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
SAMPLE_MESSAGE = b"message digest"

SM3_VECTORS = [
    # message, digest (GB/T 32905-2016 annex A)
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
]


@pytest.fixture
def pure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without libcrypto."""
    monkeypatch.setattr(sm2, "_backend", lambda: None)


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.mark.parametrize(("message", "expected"), SM3_VECTORS)
def test_sm3_gives_the_standards_digests(message: bytes, expected: str) -> None:
    assert sm3.sm3(message).hex() == expected
    assert sm3._CryptographyHasher(message).digest().hex() == expected
    pieces = sm3.new()
    for index in range(0, len(message), 7):
        pieces.update(message[index:index + 7])
    assert pieces.digest().hex() == expected


def test_sm3_falls_back_where_hashlib_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm3, "_hashlib_factory", lambda: None)
    assert sm3._factory.__wrapped__() is sm3._CryptographyHasher


def test_the_standards_sample_is_verified_by_both_backends() -> None:
    assert sm2._identity_digest(SAMPLE_PUBLIC, DEFAULT_ID).hex().upper() == SAMPLE_Z
    assert sm2.signed_digest(SAMPLE_PUBLIC, SAMPLE_MESSAGE).hex().upper() == SAMPLE_E
    signature = der_build.signature_value(SAMPLE_R, SAMPLE_S)
    assert sm2.verify(SAMPLE_PUBLIC, SAMPLE_MESSAGE, signature)
    point = _sm2_math.point_from_bytes(SAMPLE_PUBLIC)
    assert point is not None
    assert _sm2_math.verify_digest(point, bytes.fromhex(SAMPLE_E), SAMPLE_R, SAMPLE_S)
    assert PrivateKey(SAMPLE_D).public == SAMPLE_PUBLIC


def test_libcrypto_is_the_backend_here() -> None:
    assert sm2.backend_name() == "libcrypto"


@pytest.mark.parametrize("d", [0, -1, N - 1, N, N + 1, 1 << 256])
def test_a_private_key_out_of_range_is_refused_before_libcrypto_sees_it(d: int) -> None:
    with pytest.raises(Sm2Error) as caught:
        PrivateKey(d)
    assert caught.value.code is sm2.Sm2Code.BAD_PRIVATE_KEY


@pytest.mark.parametrize("d", [1, 2, N - 2])
def test_the_ends_of_the_range_sign(d: int) -> None:
    edge = PrivateKey(d)
    assert sm2.verify(edge.public, b"m", edge.sign(b"m"))


BAD_POINTS = [
    (b"", "empty"),
    (b"\x00", "the one-byte infinity"),
    (b"\x00" * 65, "zeros"),
    (b"\x04" + b"\x00" * 64, "the origin"),
    (SAMPLE_PUBLIC[:-1] + b"\x14", "off the curve"),
    (SAMPLE_PUBLIC[:64], "short"),
    (SAMPLE_PUBLIC + b"\x00", "long"),
    (b"\x06" + SAMPLE_PUBLIC[1:], "hybrid form"),
    (b"\x02" + SAMPLE_PUBLIC[1:33], "compressed form"),
    (b"\x04" + P.to_bytes(32, "big") + SAMPLE_PUBLIC[33:], "x not below p"),
    (b"\x04" + b"\xff" * 64, "both not below p"),
]


@pytest.mark.parametrize(("public", "why"), BAD_POINTS)
def test_a_public_key_that_is_no_point_verifies_nothing(public: bytes, why: str) -> None:
    assert not sm2.is_public_key(public), why
    assert not sm2.verify(public, SAMPLE_MESSAGE, der_build.signature_value(SAMPLE_R, SAMPLE_S))
    with pytest.raises(Sm2Error):
        sm2.spki(public)


def _raw_pair(first: bytes, second: bytes) -> bytes:
    return der_build.sequence(der_build.tlv(2, first), der_build.tlv(2, second))


R_BYTES = b"\x00" + SAMPLE_R.to_bytes(32, "big")
S_BYTES = b"\x00" + SAMPLE_S.to_bytes(32, "big")
GOOD = der_build.signature_value(SAMPLE_R, SAMPLE_S)
BAD_SIGNATURES = [
    (b"", "empty"),
    (GOOD[:-1], "cut"),
    (GOOD + b"\x00", "trailing byte"),
    (_raw_pair(b"\x00" + R_BYTES, S_BYTES), "padded r"),
    (_raw_pair(R_BYTES, b"\x00" + S_BYTES), "padded s"),
    (_raw_pair(R_BYTES[1:], S_BYTES), "negative r"),
    (_raw_pair(R_BYTES, S_BYTES[1:]), "negative s"),
    (b"\x30\x81" + GOOD[1:], "BER length"),
    (b"\x30\x80" + GOOD[2:] + b"\x00\x00", "indefinite length"),
    (der_build.sequence(GOOD[2:], der_build.integer(1)), "three integers"),
    (der_build.signature_value(0, SAMPLE_S), "r = 0"),
    (der_build.signature_value(SAMPLE_R, 0), "s = 0"),
    (der_build.signature_value(N, SAMPLE_S), "r = n"),
    (der_build.signature_value(SAMPLE_R, N), "s = n"),
    (der_build.signature_value(SAMPLE_R + N, SAMPLE_S), "r + n"),
    (der_build.signature_value(SAMPLE_R, SAMPLE_S + N), "s + n"),
    (der_build.signature_value(SAMPLE_R, N - SAMPLE_R), "r + s = n"),
    (der_build.signature_value(SAMPLE_R, N - SAMPLE_S), "the other s"),
    (der_build.signature_value(SAMPLE_S, SAMPLE_R), "exchanged"),
    (SAMPLE_R.to_bytes(32, "big") + SAMPLE_S.to_bytes(32, "big"), "raw form"),
    (b"\x00" * 72, "zeros"),
]


@pytest.mark.parametrize(("signature", "why"), BAD_SIGNATURES)
def test_a_signature_that_is_not_the_one_der_form_is_false(signature: bytes, why: str) -> None:
    assert not sm2.verify(SAMPLE_PUBLIC, SAMPLE_MESSAGE, signature), why


@pytest.mark.parametrize(("signature", "why"), BAD_SIGNATURES)
@pytest.mark.usefixtures("pure")
def test_plain_python_refuses_the_same_signatures(signature: bytes, why: str) -> None:
    assert not sm2.verify(SAMPLE_PUBLIC, SAMPLE_MESSAGE, signature), why


@pytest.mark.usefixtures("pure")
def test_plain_python_verifies_what_libcrypto_signed(key: PrivateKey) -> None:
    assert sm2.verify(SAMPLE_PUBLIC, SAMPLE_MESSAGE, GOOD)
    assert not sm2.verify(SAMPLE_PUBLIC, SAMPLE_MESSAGE + b"!", GOOD)


def test_signatures_bind_message_key_and_user_id(key: PrivateKey) -> None:
    signature = key.sign(b"message", b"ALICE123@YAHOO.COM")
    assert sm2.verify(key.public, b"message", signature, b"ALICE123@YAHOO.COM")
    assert not sm2.verify(key.public, b"message", signature)
    assert not sm2.verify(key.public, b"messagf", signature, b"ALICE123@YAHOO.COM")
    assert not sm2.verify(SAMPLE_PUBLIC, b"message", signature, b"ALICE123@YAHOO.COM")
    assert not sm2.verify(key.public, b"message", signature, b"x" * 8192)
    with pytest.raises(Sm2Error):
        key.sign(b"message", b"x" * 8192)
    with pytest.raises(ValueError, match="32 bytes"):
        key.sign_digest(b"short")


@settings(max_examples=40, deadline=None)
@given(message=st.binary(max_size=300), user_id=st.binary(max_size=40))
def test_libcrypto_plain_python_and_gmssl_agree(message: bytes, user_id: bytes) -> None:
    gmssl = pytest.importorskip("gmssl_pyx")
    user_id = user_id.replace(b"\x00", b"0") or b"0"
    signer = PrivateKey(SAMPLE_D)
    signature = signer.sign(message, user_id)
    digest = sm2.signed_digest(signer.public, message, user_id)
    r, s = sm2._split(signature)
    point = _sm2_math.point_from_bytes(signer.public)
    assert point is not None
    assert _sm2_math.verify_digest(point, digest, r, s)
    assert not _sm2_math.verify_digest(point, digest, r, s ^ 1)
    assert gmssl.sm2_verify_sm3_digest(signer.public[1:], digest, signature)
    private = SAMPLE_D.to_bytes(32, "big")
    theirs = gmssl.sm2_sign_sm3_digest(private, digest)
    assert sm2.verify(signer.public, message, theirs, user_id)


@pytest.mark.usefixtures("pure")
def test_gmssl_signs_where_libcrypto_cannot() -> None:
    pytest.importorskip("gmssl_pyx")
    assert sm2.backend_name() == "python+gmssl_pyx"
    signer = PrivateKey(SAMPLE_D)
    assert signer.public == SAMPLE_PUBLIC
    assert sm2.verify(signer.public, b"m", signer.sign(b"m"))


@pytest.mark.usefixtures("pure")
def test_without_any_signer_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2, "_fallback_signer", lambda: None)
    assert sm2.backend_name() == "python"
    with pytest.raises(Sm2Error) as caught:
        PrivateKey(SAMPLE_D)
    assert caught.value.code is sm2.Sm2Code.NO_SIGNER


def test_a_libcrypto_that_computes_wrongly_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libcrypto.Backend, "verify_digest", lambda *_: True)
    assert sm2._backend.__wrapped__() is None


def test_a_libcrypto_without_sm2_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libcrypto, "_candidates", lambda: iter(["/nonexistent/libcrypto.so", "libc.so.6"]))
    assert _libcrypto.load.__wrapped__() is None


def test_openssl_verifies_our_signature_and_we_verify_its(openssl: str, tmp_path: Path,
                                                          key: PrivateKey) -> None:
    message = "电子证照".encode()
    (tmp_path / "message").write_bytes(message)
    (tmp_path / "key.der").write_bytes(key.pkcs8())
    (tmp_path / "signature").write_bytes(key.sign(message))
    code, text = run(openssl, "pkey", "-inform", "DER", "-in", "key.der", "-out", "key.pem", cwd=tmp_path)
    assert code == 0, text
    base = ("dgst", "-sm3", "-sigopt", f"distid:{DISTID}")
    code, text = run(openssl, *base, "-prverify", "key.pem", "-signature", "signature", "message",
                     cwd=tmp_path)
    assert (code, text.strip()) == (0, "Verified OK")
    code, text = run(openssl, *base, "-sign", "key.pem", "-out", "theirs", "message", cwd=tmp_path)
    assert code == 0, text
    assert sm2.verify(key.public, message, (tmp_path / "theirs").read_bytes())


def test_openssl_reads_and_writes_our_key_files(openssl: str, tmp_path: Path) -> None:
    code, text = run(openssl, "genpkey", "-algorithm", "SM2", "-outform", "DER", "-out", "key.der",
                     cwd=tmp_path)
    assert code == 0, text
    code, text = run(openssl, "pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "key.der",
                     "-outform", "DER", "-out", "pkcs8.der", cwd=tmp_path)
    assert code == 0, text
    made = PrivateKey.from_pkcs8((tmp_path / "pkcs8.der").read_bytes())
    assert PrivateKey.from_pkcs8(made.pkcs8()).public == made.public


def test_a_key_file_whose_public_key_is_another_ones_is_refused(key: PrivateKey) -> None:
    other = PrivateKey.generate()
    with pytest.raises(Sm2Error):
        PrivateKey.from_pkcs8(key.pkcs8().replace(key.public, other.public))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_key_file_gives_a_clear_error(data: st.DataObject) -> None:
    encoded = bytearray(PrivateKey(SAMPLE_D).pkcs8())
    index = data.draw(st.integers(0, len(encoded) - 1))
    encoded[index] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Sm2Error):
        PrivateKey.from_pkcs8(bytes(encoded))


def test_raw_and_der_forms_convert_and_refuse_nonsense() -> None:
    raw = sm2.raw_from_der(GOOD)
    assert len(raw) == 64
    assert sm2.der_from_raw(raw) == GOOD
    for bad in (b"", raw[:63], raw + b"\x00", b"\x00" * 64, raw[:32] + N.to_bytes(32, "big")):
        with pytest.raises(Sm2Error):
            sm2.der_from_raw(bad)
    for bad, _ in BAD_SIGNATURES[:10]:
        with pytest.raises(Sm2Error):
            sm2.raw_from_der(bad)


def test_ssl_keeps_working_after_failures_in_libcrypto(key: PrivateKey) -> None:
    """A dirty error queue makes ``ssl`` raise errors that are not its own."""
    backend = sm2._backend()
    assert backend is not None
    with pytest.raises(_libcrypto.BackendError):
        backend.public_key(b"\x04" + b"\x01" * 64)
    assert not sm2.verify(key.public, b"m", GOOD)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="example.invalid")
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()


def test_a_failure_of_the_library_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, key: PrivateKey) -> None:
    def fail(*_: object) -> bytes:
        raise _libcrypto.BackendError("out of memory")

    monkeypatch.setattr(_libcrypto.Backend, "sign_digest", fail)
    with pytest.raises(Sm2Error) as caught:
        key.sign(b"m")
    assert caught.value.code is sm2.Sm2Code.SIGNING_FAILED
    monkeypatch.setattr(_libcrypto.Backend, "verify_digest", fail)
    assert sm2.verify(SAMPLE_PUBLIC, SAMPLE_MESSAGE, GOOD), "verification goes on in plain Python"


def test_threads_sign_and_verify_side_by_side(key: PrivateKey) -> None:
    def work(number: int) -> bool:
        message = str(number).encode()
        return sm2.verify(key.public, message, key.sign(message))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(80)))


def test_a_private_key_is_neither_shown_nor_copied(key: PrivateKey) -> None:
    secret = format(key._d, "x")
    assert secret not in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        copy.copy(key)
