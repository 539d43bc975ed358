"""The seal on an OFD: closed over every entry, bound to its bytes, one stamp a place."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lxml import etree

from certs.ses import SesSignature
from certs.sm3 import sm3
from docgen.ofd import OfdParts, write_ofd
from docgen.ofd_seal import SEAL_ENTRY, SIGNATURE_ENTRY, seal_ofd
from docgen.ofd_xml import OFD_NS
from docgen.package import pack
from docgen.page import Place, Stamp
from tests.docgen.ofd_samples import ATTACHMENTS, CREATED, META, document
from tests.docgen.seal_samples import seal_and_signer
from tests.interop.judges import FormJudge

VALUE_ENTRY = "Doc_0/Signs/Sign_0/SignedValue.dat"


def parts() -> OfdParts:
    return write_ofd(document(), meta=META, attachments=ATTACHMENTS)


def sealed(signed_at: datetime = CREATED) -> dict[str, bytes]:
    seal, signer = seal_and_signer()
    return seal_ofd(parts(), seal=seal, signer=signer, places=[page.seals for page in document().pages],
                    signed_at=signed_at, version="0.1.0")


def found(entries: dict[str, bytes], name: str) -> list[etree._Element]:
    return list(etree.fromstring(entries[SIGNATURE_ENTRY]).iter(f"{{{OFD_NS}}}{name}"))


@pytest.mark.req("R-003-24")
def test_references_cover_every_entry_but_the_signature_itself() -> None:
    entries = sealed()
    covered = {
        reference.get("FileRef")[1:]: base64.b64decode(reference[0].text, validate=True)
        for reference in found(entries, "Reference")}
    assert set(covered) == set(entries) - {SIGNATURE_ENTRY, VALUE_ENTRY}
    assert all(sm3(entries[name]) == digest for name, digest in covered.items())
    assert [element.get("CheckMethod") for element in found(entries, "References")] == ["1.2.156.10197.1.401"]


def test_the_signature_binds_signature_xml_seal_and_time() -> None:
    seal, signer = seal_and_signer()
    beijing = timezone(timedelta(hours=8))
    entries = sealed(datetime(2025, 8, 1, 10, 3, 4, 999, tzinfo=beijing))
    signature = SesSignature.parse(entries[VALUE_ENTRY])
    assert signature.signed_by(signer.certificate)
    assert signature.data_hash == sm3(entries[SIGNATURE_ENTRY])
    assert signature.property_info == f"/{SIGNATURE_ENTRY}"
    assert signature.seal.der == seal.der == entries[SEAL_ENTRY]
    assert signature.signed_at == CREATED
    assert found(entries, "SignatureDateTime")[0].text == "20250801020304Z"


def test_the_seal_files_stand_last() -> None:
    assert list(sealed())[-4:] == ["Doc_0/Signs/Signatures.xml", SEAL_ENTRY, SIGNATURE_ENTRY, VALUE_ENTRY]


def test_a_stamp_stands_on_each_page_where_the_layout_says() -> None:
    numbers = parts().page_numbers
    assert [dict(stamp.attrib) for stamp in found(sealed(), "StampAnnot")] == [
        {"ID": f"a{index:03}", "PageRef": str(number), "Boundary": "200 140 42 42"}
        for index, number in enumerate(numbers, 1)]


def test_the_signature_file_keeps_the_order_of_the_schema() -> None:
    (element,) = found(sealed(), "Signature")
    order = [etree.QName(child).localname for child in element.iter()]
    assert list(dict.fromkeys(order)) == [
        "Signature", "SignedInfo", "Provider", "SignatureMethod", "SignatureDateTime", "References",
        "Reference", "CheckValue", "StampAnnot", "Seal", "BaseLoc", "SignedValue"]


@pytest.mark.parametrize("places", [[(), ()], [(Stamp(place=Place(x_mm=1, y_mm=1, width_mm=42, height_mm=42)),)]])
def test_a_seal_without_a_place_or_with_too_few_lists_is_refused(places: list[tuple[Stamp, ...]]) -> None:
    seal, signer = seal_and_signer()
    with pytest.raises(ValueError):
        seal_ofd(parts(), seal=seal, signer=signer, places=places, signed_at=CREATED)


@pytest.mark.judge
def test_ofdrw_reads_the_package_and_accepts_the_signature(tmp_path: Path, form_judge: FormJudge) -> None:
    file = tmp_path / "sample.ofd"
    file.write_bytes(pack(sealed()))
    answer = form_judge.ofd_valid(file)
    assert answer.ok, answer.text
    assert len(form_judge.ofd_pictures(file, tmp_path, 4)) == 2
