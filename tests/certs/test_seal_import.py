"""Seals made elsewhere: versions 1, 4 and 5 are read, shown and judged; nothing changed passes for its maker's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs import der_build as build
from certs.seal import SealError
from certs.seal_import import ImportedSeal, read_seal
from certs.ses import Picture
from certs.ses_build import assemble_seal, build_seal_info
from certs.sm3 import sm3
from certs.x509 import Certificate
from certs.x509_build import TIME_STAMPING
from codes.errors import EngineError
from tests.certs.core_pki import AT, DAY, END, START, Entity, root
from tests.certs.tokens import Recipe, make_token
from tests.cli.test_certs_command import Call, call
from tests.interop.judges import CryptoJudge, FormJudge
from tests.support.demo_home import imprint
from tests.support.foreign_seals import edited, v1_info, v1_seal

__all__ = ["call"]

NAME = "测试市应急管理局"
FORMS = {"v1": 1, "v4": 4, "v4-digest": 4, "v5": 5}
PICTURE = Picture(kind="PNG", data=b"\x89PNG\r\n" * 8, width_mm=42, height_mm=42)


@pytest.fixture(scope="module")
def maker() -> Entity:
    return root().leaf("别处制章人", 2)


@pytest.fixture(scope="module")
def signer() -> Entity:
    return root().leaf(NAME, 3, uscc="11140100MB9TEX0180")


def facts(signer: Entity, **changes: Any) -> dict[str, Any]:
    return {"name": NAME, "es_id": "1401000001", "certificates": [signer.certificate.der], "created_at": AT - DAY,
            "valid_start": START, "valid_end": END, "picture": PICTURE, **changes}


def later(maker: Entity, signer: Entity, version: int = 4) -> bytes:
    info = build_seal_info(vendor_id="OTHER", version=version, **facts(signer))
    return assemble_seal(info, maker.certificate.der, maker.key.sign(info)).der


def first(maker: Entity, signer: Entity, *, raw: bool = False, **changes: Any) -> bytes:
    return v1_seal(v1_info(**facts(signer, **changes)), maker, raw=raw)


def by_ofdrw(form: str, judge: FormJudge, folder: Path, maker: Entity, signer: Entity) -> Path:
    files = {"maker.key": maker.key.pkcs8(), "maker.cer": maker.certificate.der, "signer.cer": signer.certificate.der,
             "imprint.png": imprint(NAME, 42)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return judge.write_seal(
        form, folder / f"{form}.esl", key=folder / "maker.key", maker=folder / "maker.cer",
        signer=folder / "signer.cer", picture=folder / "imprint.png", name=NAME, es_id="OFDRW-1", diameter_mm=42,
        created=AT - DAY, start=START, end=END)


@pytest.mark.judge
@pytest.mark.parametrize("form", FORMS)
def test_seals_that_ofdrw_made_are_read(
    form: str, form_judge: FormJudge, crypto_judge: CryptoJudge, tmp_path: Path, maker: Entity, signer: Entity,
) -> None:
    path = by_ofdrw(form, form_judge, tmp_path, maker, signer)
    seal = read_seal(path.read_bytes())
    assert (seal.version, seal.es_id, seal.name, seal.seal.info.vendor_id) == (FORMS[form], "OFDRW-1", NAME, "OFDRW")
    assert (seal.seal.info.created_at, seal.valid_start, seal.valid_end) == (AT - DAY, START, END)
    assert (seal.picture.kind, seal.picture.width_mm, seal.picture.data) == ("PNG", 42, imprint(NAME, 42))
    assert seal.maker == maker.certificate and seal.maker_signed and seal.timestamp_fits is None
    assert seal.seal.der == path.read_bytes()
    assert seal.seal.info.lists(signer.certificate.der) and not seal.seal.info.lists(maker.certificate.der)
    assert bool(seal.certificate_digests) is (form == "v4-digest")
    assert seal.seals is (form != "v1")
    assert crypto_judge.seal(path).ok
    changed = bytearray(path.read_bytes())
    changed[path.read_bytes().index(NAME.encode())] ^= 1
    path.write_bytes(changed)
    assert not crypto_judge.seal(path).ok


SHAPES: dict[str, Callable[[Entity, Entity], bytes]] = {
    "version 1": first,
    "a signature of 64 bytes": lambda maker, signer: first(maker, signer, raw=True),
    "dates as GeneralizedTime": lambda maker, signer: first(maker, signer, time=build.generalized_time),
    "the number 4 in the header": lambda maker, signer: first(maker, signer, number=4),
    "extensions without a tag": lambda maker, signer: first(
        maker, signer, extensions=build.sequence(build.sequence(build.oid("1.2.3"), build.octet_string(b"a")))),
    "extensions with a written FALSE": lambda maker, signer: first(
        maker, signer, extensions=build.explicit(0, build.sequence(
            build.sequence(build.oid("1.2.3"), build.boolean(False), build.octet_string(b"a"))))),
    "a personal seal": lambda maker, signer: first(maker, signer, seal_type=2),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_version_1_is_read_in_the_shapes_that_occur(shape: str, maker: Entity, signer: Entity) -> None:
    data = SHAPES[shape](maker, signer)
    seal = read_seal(data)
    assert (seal.version, seal.seals, seal.maker_signed, seal.seal.der) == (1, False, True, data)
    assert (seal.name, seal.valid_end, seal.certificates) == (NAME, END, (signer.certificate.der,))
    assert [extension.oid for extension in seal.seal.info.extensions] == (["1.2.3"] if "extensions" in shape else [])
    assert seal.file().imprint == PICTURE.data


def _critical() -> bytes:
    return build.sequence(build.sequence(build.oid("1.2.3"), build.boolean(True), build.octet_string(b"a")))


REFUSED: list[tuple[str, Callable[[Entity, Entity], bytes], str]] = [
    ("a critical extension", lambda m, s: first(m, s, extensions=_critical()), "ses.unknown-extension"),
    ("no certificate", lambda m, s: first(m, s, certificates=[]), "ses.value"),
    ("no name", lambda m, s: first(m, s, name=""), "ses.value"),
    ("an end before the start", lambda m, s: first(m, s, valid_start=END, valid_end=START), "ses.value"),
    ("type 3", lambda m, s: first(m, s, seal_type=3), "ses.value"),
    ("another header", lambda m, s: edited(
        first(m, s), lambda parts: [build.ia5("EX"), *parts[1:]], 0, 0), "ses.value"),
    ("ECDSA", lambda m, s: edited(
        first(m, s), lambda parts: [parts[0], build.oid("1.2.840.10045.4.3.2"), parts[2]], 1), "ses.algorithm"),
    ("a signature that is none", lambda m, s: edited(
        first(m, s), lambda parts: [*parts[:2], build.bit_string(b"\0" * 64)], 1), "ses.signature-value"),
    ("a field beyond the seal", lambda m, s: edited(first(m, s), lambda parts: [*parts, build.null()]), "der.trailing"),
    ("a field beyond the maker's", lambda m, s: edited(
        first(m, s), lambda parts: [*parts, build.null()], 1), "der.trailing"),
    ("a maker's certificate that is none", lambda m, s: edited(
        first(m, s), lambda parts: [build.octet_string(b"\x30\x00"), *parts[1:]], 1), "der.malformed"),
    ("version 6", lambda m, s: edited(
        later(m, s), lambda parts: [parts[0], build.integer(6), parts[2]], 0, 0), "ses.version"),
    ("a byte behind", lambda m, s: later(m, s) + b"\0", "der.trailing"),
    ("nothing", lambda *_: b"", "der.malformed"),
]


@pytest.mark.parametrize(("why", "make", "code"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_seal_is_refused(
    why: str, make: Callable[[Entity, Entity], bytes], code: str, maker: Entity, signer: Entity,
) -> None:
    with pytest.raises(EngineError) as refused:
        read_seal(make(maker, signer))
    assert refused.value.code.value == code, why


@pytest.mark.parametrize("version", [1, 4, 5])
def test_no_changed_byte_passes_for_the_makers(version: int, maker: Entity, signer: Entity) -> None:
    good = first(maker, signer) if version == 1 else later(maker, signer, version)
    read = read_seal(good)
    assert read.maker_signed and read.version == version
    for index in range(len(good)):
        changed = bytearray(good)
        changed[index] ^= 1 << index % 8
        try:
            seal = read_seal(bytes(changed))
        except EngineError:
            continue
        assert not (seal.maker_signed and seal.maker == maker.certificate), index


@pytest.mark.parametrize(("message", "fits"), [(None, True), (b"another", False)])
def test_a_timestamp_is_compared_with_the_signature_value(
    message: bytes | None, fits: bool, maker: Entity, signer: Entity,
) -> None:
    plain = read_seal(later(maker, signer, 5))
    tsa = root().leaf("试验时间戳", 9, ext_key_usage=(TIME_STAMPING,))
    token = make_token(tsa, Recipe(message=message or plain.seal.signature))
    stamped = edited(plain.seal.der, lambda parts: [*parts, build.explicit(0, build.bit_string(token))])
    seal = read_seal(stamped)
    assert (seal.maker_signed, seal.timestamp_fits, seal.seal.der) == (True, fits, stamped)


def test_an_imprint_that_is_no_png_is_shown_and_not_sealed_with(maker: Entity, signer: Entity) -> None:
    ofd = Picture(kind="OFD", data=b"PK", width_mm=42, height_mm=42)
    seal = read_seal(first(maker, signer, picture=ofd))
    assert seal.picture == ofd
    with pytest.raises(SealError):
        seal.file()


@given(st.binary(max_size=200))
def test_any_bytes_give_engine_errors_only(data: bytes) -> None:
    with pytest.raises(EngineError):
        read_seal(data)


def test_the_command_shows_a_seal_and_hands_out_its_parts(
    call: Call, tmp_path: Path, maker: Entity, signer: Entity,
) -> None:
    path, out = tmp_path / "a.esl", tmp_path / "parts"
    path.write_bytes(first(maker, signer))
    code, text, err = call("seal", path, "--out", out)
    assert (code, err) == (0, "")
    assert NAME in text and "GM/T 0031-2014" in text and "不能用于盖章" in text and "2045-01-01" in text
    assert (out / "imprint.png").read_bytes() == PICTURE.data
    assert Certificate.load((out / "certificate-1.cer").read_bytes()) == signer.certificate
    assert Certificate.load((out / "maker.cer").read_bytes()) == maker.certificate
    code, text, _ = call("seal", path, "--json")
    told = json.loads(text)
    assert (code, told["version"], told["maker_signed"], told["usable_version"]) == (0, 1, True, False)
    assert told["certificates"] == [signer.certificate.fingerprint]
    assert told["picture"]["sm3"] == sm3(PICTURE.data).hex()


def test_the_command_tells_a_broken_seal_and_no_seal_at_all(
    call: Call, tmp_path: Path, maker: Entity, signer: Entity,
) -> None:
    def renamed(parts: list[bytes]) -> list[bytes]:
        return [parts[0], build.ia5("\x1b[31m"), *parts[2:]]

    path = tmp_path / "a.esl"
    path.write_bytes(edited(later(maker, signer), renamed, 0))
    code, text, _ = call("seal", path)
    assert code == 1 and "does not hold" in text and "\x1b" not in text
    path.write_bytes(edited(first(maker, signer), lambda parts: [build.ia5("../../x"), *parts[1:]], 0, 3))
    assert call("seal", path, "--out", tmp_path / "a" / "b")[0] == 1
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == [
        "a.esl", "certificate-1.cer", "imprint.picture", "maker.cer"]
    path.write_bytes(b"no seal")
    code, _, err = call("seal", path)
    assert code == 3 and err.startswith("der.")


def test_what_was_read_says_little_of_itself(maker: Entity, signer: Entity) -> None:
    seal = read_seal(later(maker, signer))
    assert isinstance(seal, ImportedSeal) and repr(PICTURE.data) not in repr(seal)
