"""Every change to a sealed package, and the answer it must get. None of them is called genuine."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from certs import ses_build
from certs.home import Home
from certs.ses import Picture, SesSeal
from certs.trust import Trust
from codes.qr_payload import ADDRESS_DIGEST_BYTES, QrClaims, QrPayload
from docgen.imprint import draw_imprint
from registry.demo import revoke
from tests.support.demo_home import make_home, own_home, shared_home
from tests.verify.packages import (
    CITY,
    FONT,
    PAGE,
    PROVINCE,
    PUBLIC,
    RECORD,
    RENDITION,
    SEAL,
    SIGNATURE,
    TEMPLATE,
    VALUE,
    Entries,
    Forger,
    changed,
    check,
    codes,
    entries,
    forged,
    issued,
    pack,
    swap,
)
from verify.model import Verdict
from verify.qr import check_host
from verify.reasons import Findings

__all__ = ["own_home"]

NAME = "测试甲化工贸易有限公司"


def flip(data: bytes) -> bytes:
    """One bit in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


def other_ofd() -> Entries:
    """The entries of another licence of the same authority."""
    return entries(issued(2).ofd)


def without(*names: str) -> bytes:
    return pack({name: data for name, data in entries().items() if name not in names})


def added(**more: bytes) -> bytes:
    return pack({**entries(), **{name.replace("__", "/"): data for name, data in more.items()}})


@pytest.mark.req("R-003-23")
@pytest.mark.parametrize("number", [1, 2])
def test_an_issued_package_is_genuine(number: int) -> None:
    report = check(issued(number).ofd)
    assert report.verdict is Verdict.VALID, codes(report)
    assert report.exit_code == 0 and report.demo and report.coverage.complete


def test_a_package_sealed_anew_by_the_same_authority_is_genuine() -> None:
    """The forger of these tests makes nothing wrong by itself."""
    assert check(Forger().apply(entries())).verdict is Verdict.VALID


UNSEALED = [
    # what, bytes, a reason that must be among those given
    ("page text", lambda: changed(PAGE, swap(NAME, "测试乙化工贸易有限公司")), "seal.changed"),
    ("page place", lambda: changed(PAGE, swap('X="0"', 'X="9"')), "seal.changed"),
    ("font", lambda: changed(FONT, flip), "seal.changed"),
    ("template", lambda: changed(TEMPLATE, swap("Fill", "Gill")), "seal.changed"),
    ("fonts exchanged", lambda: changed(PUBLIC, swap("Font_0.ttf", "Font_1.ttf")), "seal.changed"),
    ("record", lambda: changed(RECORD, swap(NAME, "他人")), "seal.changed"),
    ("rendition", lambda: changed(RENDITION, flip), "seal.changed"),
    ("OFD.xml", lambda: changed("OFD.xml", swap(NAME, "他人")), "seal.changed"),
    ("tags", lambda: changed("Doc_0/Tags/Tag_0.xml", swap("企业名称", "企业住所")), "seal.changed"),
    ("page of another licence", lambda: pack({**entries(), PAGE: other_ofd()[PAGE]}), "seal.changed"),
    ("seal list", lambda: changed("Doc_0/Signs/Signatures.xml", swap("s001", "s002")), "seal.changed"),
    ("seal picture", lambda: changed(SEAL, flip), "seal.changed"),
    ("Seal.esl of the province", lambda: pack(
        {**entries(), SEAL: shared_home().authority(*PROVINCE).seal.der}), "seal.swapped"),
    ("extra entry", lambda: added(extra__xml=b"<a/>"), "coverage.unprotected"),
    ("extra page resource", lambda: added(Doc_0__Res__Image_9__png=b"x"), "coverage.unprotected"),
    ("extra signature", lambda: added(**{"Doc_0__Signs__Sign_1__Signature.xml": b"<a/>"}),
     "coverage.unprotected"),
    ("page gone", lambda: without(PAGE), "seal.gone"),
    ("record gone", lambda: without(RECORD), "seal.gone"),
    ("rendition gone", lambda: without(RENDITION), "seal.gone"),
    ("Seal.esl gone", lambda: without(SEAL), "seal.missing"),
    ("SignedValue.dat gone", lambda: without(VALUE), "seal.missing"),
    ("Signature.xml gone", lambda: without(SIGNATURE), "seal.missing"),
    ("signature list gone", lambda: without("Doc_0/Signs/Signatures.xml"), "ofd.missing"),
    ("all signatures gone", lambda: pack(
        {name: data.replace(b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>", b"")
         for name, data in entries().items() if "Signs" not in name}), "seal.none"),
    ("signature list emptied", lambda: changed(
        "Doc_0/Signs/Signatures.xml", lambda data: re.sub(rb"<ofd:Signature .*?/>", b"", data)), "seal.none"),
    ("references cut", lambda: changed(
        SIGNATURE, lambda data: re.sub(rb"<ofd:Reference FileRef=./Doc_0/Pages.*?</ofd:Reference>", b"",
                                       data)), "seal.data-hash"),
    ("stamp moved", lambda: changed(SIGNATURE, swap('Boundary="', 'Boundary="1')), "seal.data-hash"),
    ("seal time", lambda: changed(SIGNATURE, swap("Z</ofd:SignatureDateTime>", "z</ofd:SignatureDateTime>")),
     "seal.data-hash"),
    ("digest method", lambda: changed(SIGNATURE, swap("1.2.156.10197.1.401", "MD5")), "seal.method"),
    ("signature type", lambda: changed("Doc_0/Signs/Signatures.xml", swap('"Seal"', '"Sign"')), "seal.type"),
    ("signature of another licence", lambda: pack(
        {**entries(), **{name: data for name, data in other_ofd().items() if "Signs" in name}}),
     "seal.changed"),
    ("signed value of another licence", lambda: pack({**entries(), VALUE: other_ofd()[VALUE]}),
     "seal.data-hash"),
    ("signed value, a bit", lambda: changed(VALUE, flip), "seal.crypto"),
    ("signed value with a tail", lambda: changed(VALUE, lambda data: data + b"\0"), "seal.form"),
    ("signed value, long length", lambda: changed(VALUE, lambda data: data[:1] + b"\x83\x00" + data[2:]),
     "seal.form"),
    ("second DocBody", lambda: changed("OFD.xml", lambda data: re.sub(
        rb"(<ofd:DocBody>.*</ofd:DocBody>)", rb"\1\1", data)), "ofd.several-documents"),
    ("DocRoot elsewhere", lambda: pack(
        {**entries(), "OFD.xml": entries()["OFD.xml"].replace(b"/Doc_0/Document.xml", b"/Doc_1/Document.xml"),
         "Doc_1/Document.xml": entries()["Doc_0/Document.xml"]}), "seal.changed"),
    ("DTD", lambda: changed(PAGE, lambda data: data.replace(
        b"?>", b'?><!DOCTYPE a [<!ENTITY x "y">]>', 1)), "xml.doctype"),
    ("billion laughs in OFD.xml", lambda: changed("OFD.xml", lambda data: data.replace(
        b"?>", b'?><!DOCTYPE a [<!ENTITY x "yyyyyyyy"><!ENTITY z "&x;&x;&x;&x;">]>', 1)), "xml.doctype"),
    ("UTF-16", lambda: changed(
        PAGE, lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16")), "xml.encoding"),
    ("path escape", lambda: changed("OFD.xml", swap("/Doc_0/Document.xml", "../../Document.xml")),
     "ofd.path"),
    ("cut off", lambda: issued().ofd[:-100], "zip.truncated"),
    ("bytes behind", lambda: issued().ofd + b"\0", "zip.truncated"),
    ("bytes before", lambda: b"\0" + issued().ofd, "zip.slack"),
]


@pytest.mark.req("R-003-06", "R-003-33")
@pytest.mark.parametrize(("make", "reason"), [row[1:] for row in UNSEALED], ids=[row[0] for row in UNSEALED])
def test_a_change_after_sealing_is_not_genuine(make: Callable[[], bytes], reason: str) -> None:
    report = check(make())
    assert report.verdict is Verdict.INVALID, codes(report)
    assert reason in codes(report)
    assert report.exit_code == 1


HIDDEN = (b'<ofd:TextObject ID="99999" Boundary="20 20 60 10" Font="%s" Size="5"><ofd:FillColor Value="%s"/>'
          b'<ofd:TextCode X="0" Y="5" DeltaX="5">\xe4\xbc\xaa\xe8\xaf\x81</ofd:TextCode></ofd:TextObject>'
          b"</ofd:Layer>")


def text_added(colour: bytes) -> Callable[[bytes], bytes]:
    """Text of the given colour at the end of the page."""
    def change(data: bytes) -> bytes:
        font = re.search(rb'Font="([0-9]+)"', data)
        assert font
        return data.replace(b"</ofd:Layer>", HIDDEN % (font.group(1), colour))
    return change


def object_added(element: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"</ofd:Layer>", element.encode() + b"</ofd:Layer>")


COVER = ('<ofd:PathObject ID="99999" Boundary="0 0 297 210" Stroke="false" Fill="true"><ofd:FillColor '
         'Value="255 255 255"/><ofd:AbbreviatedData>M 0 0 L 297 0 L 297 210 C</ofd:AbbreviatedData>'
         '</ofd:PathObject>')

# The issuing authority itself seals what does not agree: a broken or dishonest issuing system.
DISAGREEING = [
    ("page text", PAGE, swap(NAME, "测试乙化工贸易有限公司"), "page.line"),
    ("page label", PAGE, swap(">企业住所<", ">企业地址<"), "page.label"),
    ("page date", PAGE, swap("2028年07月31日", "2038年07月31日"), "page.line"),
    ("text added", PAGE, text_added(b"0 0 0"), "page.extra"),
    ("white text added", PAGE, text_added(b"255 255 255"), "ofd.hidden"),
    ("text not visible", PAGE, swap("<ofd:TextObject ", '<ofd:TextObject Visible="false" '), "ofd.hidden"),
    ("text clear", PAGE, swap("<ofd:TextObject ", '<ofd:TextObject Alpha="0" '), "ofd.hidden"),
    ("text covered", PAGE, object_added(COVER), "ofd.covered"),
    ("text clipped", PAGE, lambda data: re.sub(rb'(TextObject ID="[0-9]+" Boundary="[0-9.]+ [0-9.]+) [0-9.]+',
                                               rb"\1 0.1", data, count=3), "ofd.hidden"),
    ("text turned", PAGE, swap("<ofd:TextObject ", '<ofd:TextObject CTM="0 1 -1 0 0 0" '),
     "ofd.not-understood"),
    ("glyph map", PAGE, swap("<ofd:TextCode ", '<ofd:CGTransform CodePosition="0"/><ofd:TextCode '),
     "ofd.not-understood"),
    ("composite object", PAGE, object_added('<ofd:CompositeObject ID="99999"/>'), "ofd.not-understood"),
    ("number NaN", PAGE, swap('X="0"', 'X="NaN"'), "ofd.number"),
    ("deltas too many", PAGE, swap('DeltaX="', 'DeltaX="g 999999999 1 '), "ofd.number"),
    ("same ID twice", PAGE, lambda data: re.sub(rb'(TextObject ID=)"[0-9]+"', rb'\1"7"', data),
     "ofd.twin-id"),
    ("annotations", "Doc_0/Document.xml",
     swap("</ofd:Pages>", "</ofd:Pages><ofd:Annotations>a</ofd:Annotations>"), "ofd.not-understood"),
    ("actions", "Doc_0/Document.xml", swap("</ofd:Pages>", "</ofd:Pages><ofd:Actions/>"),
     "ofd.not-understood"),
    ("record's holder", RECORD, lambda data: data.replace(NAME.encode(), "测试乙公司".encode()), "page.line"),
    ("record's date", RECORD, lambda data: data.replace(b"2028-07-31", b"2038-07-31"), "qr.claim"),
    ("record's USCC", RECORD, swap(">91140100MA9TEX0149<", ">91140100MA9TEX0148<"), "data.metadata"),
    ("record's kind", RECORD, swap('kind="K0"', 'kind="K9"'), "record.kind"),
    ("record's identifier", RECORD, swap(".001.L", ".001.M"), "data.identifier"),
    ("record twice a field", RECORD, swap("<Fields>", '<Fields><Field name="企业名称">x</Field>'),
     "record.form"),
    ("record with a DTD", RECORD, swap("?>", "?><!DOCTYPE a>"), "xml.doctype"),
    ("head", "OFD.xml", swap(">91140100MA9TEX0149<", ">91140100MA9TEY017R<"), "data.metadata"),
    ("title", "OFD.xml", swap("<ofd:Title>危险", "<ofd:Title>烟花"), "data.head"),
    ("tag exchanged", "Doc_0/Tags/Tag_0.xml", swap('Label="企业名称"', 'Label="企业住所"'), "data.tags"),
    ("tag's name of the metadata gone", "Doc_0/Tags/Tag_0.xml", lambda data: re.sub(
        b' Name="[A-Z]+"', b"", data, count=1), "data.tags"),
    ("tag gone", "Doc_0/Tags/Tag_0.xml", lambda data: re.sub(
        '<zy:Tag Label="企业名称".*?</zy:Tag>'.encode(), b"", data), "data.tags"),
]


@pytest.mark.parametrize(("name", "change", "reason"), [row[1:] for row in DISAGREEING],
                         ids=[row[0] for row in DISAGREEING])
def test_a_package_that_disagrees_with_itself_is_not_genuine_whoever_sealed_it(
        name: str, change: Callable[[bytes], bytes], reason: str) -> None:
    report = check(forged(name, change))
    assert report.verdict is not Verdict.VALID
    assert reason in codes(report)
    assert {"seal.changed", "seal.crypto", "coverage.unprotected"}.isdisjoint(codes(report))


def test_a_rendition_of_another_licence_is_not_genuine() -> None:
    report = check(Forger().apply({**entries(), RENDITION: issued(2).pdf}))
    assert {"rendition.page", "rendition.metadata", "rendition.record"} <= codes(report)
    assert report.verdict is Verdict.INVALID


def test_a_damaged_rendition_is_not_genuine() -> None:
    report = check(forged(RENDITION, flip))
    assert report.verdict is not Verdict.VALID
    assert codes(report) & {"rendition.invalid", "rendition.unsure"}


@pytest.mark.req("R-003-33")
def test_a_seal_of_another_organisation_is_not_the_issuing_authoritys() -> None:
    report = check(Forger(who=PROVINCE).apply(entries()))
    assert report.verdict is Verdict.INVALID
    assert {"seal.authority", "seal.code"} <= codes(report)


def test_an_entry_left_out_of_the_references_is_not_genuine() -> None:
    forger = Forger(listed=lambda names: [name for name in names if name != PAGE])
    report = check(forger.apply(entries()))
    assert report.verdict is Verdict.INVALID
    assert "coverage.unprotected" in codes(report) and not report.coverage.complete


@pytest.mark.parametrize("name", ["Doc_0/Signs/Signatures.xml", SEAL])
def test_signature_list_and_seal_are_covered_too(name: str) -> None:
    forger = Forger(listed=lambda names: [each for each in names if each != name])
    assert "coverage.unprotected" in codes(check(forger.apply(entries())))


def test_a_signer_that_the_seal_does_not_list_is_refused() -> None:
    forger = Forger(signer=shared_home().authority(*CITY).data_signer)
    report = check(forger.apply(entries()))
    assert report.verdict is Verdict.INVALID
    assert "seal.signer-not-listed" in codes(report)


def made_up_seal(**changes: object) -> SesSeal:
    """A seal with the city's certificate, its maker's signature by the city itself."""
    authority = shared_home().authority(*CITY)
    info = authority.seal.seal.info
    facts: dict[str, object] = {
        "vendor_id": info.vendor_id, "es_id": info.es_id, "name": info.name,
        "certificates": list(info.certificates), "created_at": info.created_at,
        "valid_start": info.valid_start, "valid_end": info.valid_end, "picture": info.picture, **changes}
    made = ses_build.build_seal_info(**facts)  # type: ignore[arg-type]
    signer = authority.sealing_signer
    return ses_build.assemble_seal(made, signer.certificate.der, signer.sign(made))


def test_a_seal_that_its_holder_made_for_himself_has_no_accepted_maker() -> None:
    report = check(Forger(seal=made_up_seal()).apply(entries()))
    assert report.verdict is Verdict.INDETERMINATE
    assert "trust.maker" in codes(report)


def test_a_seal_whose_makers_signature_is_broken_is_refused() -> None:
    true = shared_home().authority(*CITY).seal.seal
    picture = Picture(kind="PNG", data=draw_imprint("别的局", diameter_mm=45, lower_line="测试专用"),
                      width_mm=true.info.picture.width_mm, height_mm=true.info.picture.height_mm)
    swapped = made_up_seal(picture=picture)
    forged_seal = ses_build.assemble_seal(swapped.info.der, true.certificate, true.signature)
    report = check(Forger(seal=forged_seal).apply(entries()))
    assert report.verdict is Verdict.INVALID
    assert "seal.maker-crypto" in codes(report)


SEAL_FACTS = [
    ("seal.name", {"name": "测试市应急管理局（代）"}),
    ("seal.authority", {"name": "测试省应急管理厅"}),
    ("seal.kind", {"seal_type": 2}),
    ("seal.period", {"valid_end": dt.datetime(2090, 1, 1, tzinfo=dt.UTC)}),
    ("seal.time-outside", {"valid_start": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
                           "valid_end": dt.datetime(2020, 2, 1, tzinfo=dt.UTC)}),
]


@pytest.mark.parametrize(("reason", "facts"), SEAL_FACTS, ids=[row[0] for row in SEAL_FACTS])
def test_a_seal_that_does_not_fit_its_certificate_is_refused(reason: str, facts: dict[str, object]) -> None:
    report = check(Forger(seal=made_up_seal(**facts)).apply(entries()))
    assert report.verdict is Verdict.INVALID
    assert reason in codes(report)


FORGERIES = [
    ("seal.property", {"property_info": "/Doc_0/Signs/Sign_1/Signature.xml"}),
    ("seal.swapped", {"beside": b"\x30\x00"}),
    ("seal.stamp", {"edit": lambda data: re.sub(rb'PageRef="[0-9]+"', b'PageRef="77777"', data, count=1)}),
    ("seal.stamp", {"edit": lambda data: re.sub(rb'Boundary="[0-9.]+ ', b'Boundary="290 ', data, count=1)}),
    ("page.seal", {"edit": lambda data: re.sub(rb"<ofd:StampAnnot [^>]*/>", b"", data, count=1)}),
    ("page.seal", {"edit": lambda data: data.replace(
        b"<ofd:StampAnnot ", b'<ofd:StampAnnot Clip="0 0 1 1" ')}),
    ("seal.method", {"edit": lambda data: data.replace(b"1.2.156.10197.1.401", b"1.2.840.113549.2.5")}),
    ("seal.method", {"edit": lambda data: data.replace(b"1.2.156.10197.1.501", b"1.2.840.10045.4.3.2")}),
    ("seal.reference", {"listed": lambda names: [*names, names[0]]}),
    ("ofd.path", {"listed": lambda names: [*names, "../outside"]}),
    ("seal.gone", {"listed": lambda names: [*names, "Doc_0/nothing.xml"]}),
    ("seal.time-form", {"edit": lambda data: re.sub(rb"2[0-9]{13}Z", b"20250101000000Z", data)}),
    ("seal.time-outside", {"moment": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}),
    ("seal.future", {"moment": dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=1)}),
    ("seal.form", {"edit_value": lambda data: data + b"\0"}),
]


@pytest.mark.parametrize(("reason", "facts"), FORGERIES,
                         ids=[f"{n}-{row[0]}" for n, row in enumerate(FORGERIES)])
def test_a_seal_that_is_put_together_wrongly_is_not_genuine(reason: str, facts: dict[str, object]) -> None:
    report = check(Forger(**facts).apply(entries()))  # type: ignore[arg-type]
    assert report.verdict is not Verdict.VALID
    assert reason in codes(report)


def test_another_pki_with_the_same_names_is_not_trusted(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    report = check(Forger(home=home).apply(entries()))
    assert report.verdict is Verdict.INDETERMINATE
    assert "trust.chain" in codes(report) and "trust.maker" in codes(report)
    assert report.exit_code == 3
    assert report.signatures[0].sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"


def test_without_trust_nothing_is_genuine() -> None:
    report = check(issued().ofd, trust=None)
    assert report.verdict is Verdict.INDETERMINATE and report.exit_code == 3
    assert {"trust.none", "qr.no-trust"} <= codes(report)
    assert {each.name: each.result for each in report.checks}["qr"] == "indeterminate"


def test_a_trust_folder_that_cannot_be_used_means_cannot_say(tmp_path: Path) -> None:
    report = check(issued().ofd, trust=tmp_path)
    assert report.verdict is Verdict.INDETERMINATE
    assert "trust.unusable" in codes(report)


@pytest.mark.parametrize("role", ["sealing", "data", "pdf"])
def test_a_revoked_certificate_means_cannot_say(own_home: Home, role: str) -> None:
    signer = getattr(own_home.authority(*CITY), f"{role}_signer")
    revoke(own_home.path, signer.certificate, now=dt.datetime.now(dt.UTC), environ={})
    report = check(issued().ofd, trust=Trust.load(own_home.trust_dir))
    assert report.verdict is Verdict.INDETERMINATE, codes(report)
    assert "REVOKED_NO_POE" in " ".join(reason.en for reason in report.reasons) or role == "pdf"


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_missing_crl_means_cannot_say(own_home: Home, kept: int) -> None:
    """Each of the four lists is needed; those that ride in the package do not count."""
    lists = sorted((own_home.trust_dir / "crls").iterdir())
    lists[kept % len(lists)].unlink()
    report = check(issued().ofd, trust=own_home.trust_dir)
    assert report.verdict is Verdict.INDETERMINATE, codes(report)
    assert report.exit_code == 3


def test_stale_crls_mean_cannot_say() -> None:
    report = check(issued().ofd, at=dt.datetime.now(dt.UTC) + dt.timedelta(days=500))
    assert report.verdict is Verdict.INDETERMINATE
    assert "TRY_LATER" in " ".join(reason.en for reason in report.reasons)


def test_a_crl_by_a_stranger_does_not_count(own_home: Home, tmp_path: Path) -> None:
    """A stranger's list under the true CA's name neither helps nor harms."""
    stranger = make_home(tmp_path / "other")
    for path in (own_home.trust_dir / "crls").iterdir():
        path.unlink()
    for path in (stranger.trust_dir / "crls").iterdir():
        (own_home.trust_dir / "crls" / path.name).write_bytes(path.read_bytes())
    assert check(issued().ofd, trust=own_home.trust_dir).verdict is Verdict.INDETERMINATE


def test_after_the_certificates_end_the_answer_is_cannot_say() -> None:
    """Decision 2: no trusted timestamp, so nothing proves when it was sealed."""
    report = check(issued().ofd, at=dt.datetime(2035, 1, 1, tzinfo=dt.UTC))
    assert report.verdict is Verdict.INDETERMINATE
    assert report.signatures[0].sub_indication == "OUT_OF_BOUNDS_NO_POE"


def test_a_maker_that_is_not_listed_means_cannot_say(own_home: Home) -> None:
    for path in (own_home.trust_dir / "seal-makers").iterdir():
        path.unlink()
    report = check(issued().ofd, trust=own_home.trust_dir)
    assert report.verdict is Verdict.INDETERMINATE
    assert "trust.maker" in codes(report)


def test_a_qr_key_that_is_not_listed_means_cannot_say(own_home: Home) -> None:
    for path in (own_home.trust_dir / "data-signing").iterdir():
        path.unlink()
    report = check(issued().ofd, trust=own_home.trust_dir)
    assert report.verdict is Verdict.INDETERMINATE
    assert "qr.unknown-key" in codes(report)


def test_a_lookup_site_that_is_not_listed_is_named(own_home: Home) -> None:
    path = own_home.trust_dir / "trust.json"
    path.write_text(path.read_text("utf-8").replace("lookup.example.invalid", "lookup.example.org"), "utf-8")
    report = check(issued().ofd, trust=own_home.trust_dir)
    assert report.verdict is Verdict.INDETERMINATE
    assert "qr.host" in codes(report)


@pytest.mark.parametrize("address", [
    "http://lookup.example.invalid/l/1", "https://lookup.example.invalid:8443/l/1",
    "https://lookup.example.invalid@lookup.example.invalid/l/1", "ftp://lookup.example.invalid/l/1",
])
def test_an_address_of_a_lookup_site_that_is_no_plain_one_is_told_whole(address: str) -> None:
    claims = QrClaims(
        serial="1", uscc=None, holder="甲", authority_code="1", issued=dt.date(2026, 1, 1), valid_from=None,
        valid_to=None, version="001", scope_digest=None, address_digest=bytes(ADDRESS_DIGEST_BYTES))
    found = Findings()
    check_host(QrPayload(address=address, key_id=bytes(8), claims=claims, message=b"", signature=bytes(64)),
               shared_home().trust(), found)
    (reason,) = [each.reason for each in found.all()]
    assert reason.code == "qr.scheme" and address in reason.zh and address in reason.en
