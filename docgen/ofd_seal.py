"""The seal on an OFD: one SES signature (GB/T 38540-2020, v4) that closes the whole package.

Its References name every entry except its own Signature.xml (bound by dataHash) and SignedValue.dat (the
signature itself). Signatures.xml and Seal.esl are among them, so both are final before Signature.xml is
written; nothing can be added to the package later without breaking it. A timestamp over the signature value stands
beside that value in SignedValue.dat.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime

from certs.ses import ALGORITHM_OID, SM3_OID, SesSeal
from certs.ses_build import assemble_signature, build_to_sign
from certs.signer import Signer
from certs.sm3 import sm3
from certs.tsa import Timestamper
from docgen.memo import Memo
from docgen.ofd import OfdParts
from docgen.ofd_xml import add, box, micron, root, to_bytes
from docgen.page import Place, Stamp

__all__ = ["SEAL_ENTRY", "SIGNATURE_ENTRY", "seal_ofd"]

_FOLDER = "Doc_0/Signs/Sign_0"
SIGNATURE_ENTRY = f"{_FOLDER}/Signature.xml"
SEAL_ENTRY = f"{_FOLDER}/Seal.esl"
_VALUE_ENTRY = f"{_FOLDER}/SignedValue.dat"
_LIST_ENTRY = "Doc_0/Signs/Signatures.xml"
_SIGNATURE_ID = "s001"
_PROVIDER = "zhengyin"
_digests: Memo[bytes, bytes] = Memo(64)


def _list_xml() -> bytes:
    """Write Signatures.xml: the one signature there will ever be."""
    element = root("Signatures")
    add(element, "MaxSignId", text=_SIGNATURE_ID)
    add(element, "Signature", {"ID": _SIGNATURE_ID, "Type": "Seal", "BaseLoc": f"/{SIGNATURE_ENTRY}"})
    return to_bytes(element)


def _digest(name: str, data: bytes, shared: Set[str]) -> str:
    value = _digests.get(data, lambda: sm3(data)) if name in shared else sm3(data)
    return base64.b64encode(value).decode("ascii")


def _box(place: Place) -> str:
    return box(*map(micron, (place.x_mm, place.y_mm, place.width_mm, place.height_mm)))


def _signature_xml(
    entries: Mapping[str, bytes], shared: Set[str], stamps: Sequence[tuple[int, Stamp]], signed_at: datetime,
    version: str,
) -> bytes:
    """Write Signature.xml over ``entries`` (all that is covered, in package order)."""
    element = root("Signature")
    info = add(element, "SignedInfo")
    provider = {"ProviderName": _PROVIDER, "Company": _PROVIDER}
    add(info, "Provider", {**provider, "Version": version} if version else provider)
    add(info, "SignatureMethod", text=ALGORITHM_OID)
    add(info, "SignatureDateTime", text=signed_at.strftime("%Y%m%d%H%M%SZ"))
    references = add(info, "References", {"CheckMethod": SM3_OID})
    for name, data in entries.items():
        reference = add(references, "Reference", {"FileRef": f"/{name}"})
        add(reference, "CheckValue", text=_digest(name, data, shared))
    for index, (page_number, stamp) in enumerate(stamps, 1):
        annotation = {"ID": f"a{index:03}", "PageRef": str(page_number), "Boundary": _box(stamp.place)}
        if stamp.clip is not None:
            annotation["Clip"] = _box(stamp.clip)
        add(info, "StampAnnot", annotation)
    add(add(info, "Seal"), "BaseLoc", text=f"/{SEAL_ENTRY}")
    add(element, "SignedValue", text=f"/{_VALUE_ENTRY}")
    return to_bytes(element)


def seal_ofd(
    parts: OfdParts, *, seal: SesSeal, signer: Signer, places: Sequence[Sequence[Stamp]],
    signed_at: datetime, version: str = "", approval: str = "", timestamper: Timestamper | None = None,
) -> dict[str, bytes]:
    """Seal a package and return all its entries in their final order.

    Args:
        seal: as its maker signed it; embedded byte for byte.
        signer: the sealing certificate's SM2 key.
        places: for each page, where the seal stands on it (mm), whole or cut.
        signed_at: aware moment of sealing; written in whole seconds of UTC.
        version: of this engine.
        approval: identifier of the approval under which it is sealed.
        timestamper: proves when the signature existed.

    Raises:
        ValueError: no place on any page, or not one list of places for each page.
        TsaError: no timestamp can be had.

    Source: GB/T 33190-2016 chapter 18; GB/T 38540-2020 (timeStamp); R-003-24.
    """
    stamps = [
        (number, stamp)
        for number, on_page in zip(parts.page_numbers, places, strict=True) for stamp in on_page]
    if not stamps:
        raise ValueError("a seal stands on a page")
    moment = signed_at.astimezone(UTC).replace(microsecond=0)
    covered = {**parts.entries, _LIST_ENTRY: _list_xml(), SEAL_ENTRY: seal.der}
    signature_xml = _signature_xml(covered, parts.shared | {SEAL_ENTRY}, stamps, moment, version)
    to_sign = build_to_sign(
        seal=seal, signed_at=moment, data_hash=sm3(signature_xml), property_info=f"/{SIGNATURE_ENTRY}")
    signature = signer.sign(to_sign, approval=approval)
    value = assemble_signature(
        to_sign, signer.certificate.der, signature,
        timestamp=None if timestamper is None else timestamper.token(sm3(signature), "sm3"))
    return {**covered, SIGNATURE_ENTRY: signature_xml, _VALUE_ENTRY: value.der}
