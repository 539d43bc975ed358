"""A report in the form of ETSI TS 119 102-2 V1.4.1, for systems that read signature validation reports.

One element a signature, with its indication and sub-indication (ETSI EN 319 102-1), the validation time, what is known
of the signer, and the certificate by its digest. What that form has no place for, the two answers on the whole file,
stands in an element of our own.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lxml import etree

__all__ = ["NAMESPACE", "report_etsi"]

NAMESPACE: Final = "http://uri.etsi.org/19102/v1.4.1#"
_DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
_XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
_NOTES: Final = "urn:zhengyin:verification-report:1"
_SM3: Final = "urn:oid:1.2.156.10197.1.401"
_MAIN: Final = {
    "TOTAL-PASSED": "urn:etsi:019102:mainindication:total-passed",
    "TOTAL-FAILED": "urn:etsi:019102:mainindication:total-failed",
    "INDETERMINATE": "urn:etsi:019102:mainindication:indeterminate",
}
_PREFIXES: Final[Any] = {None: NAMESPACE, "ds": _DSIG, "xades": _XADES, "zy": _NOTES}
_PROOF: Final = "urn:etsi:019102:poetype:validation"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def report_etsi(report: Mapping[str, Any]) -> bytes:
    """Write a report as ``ValidationReport`` (XML, UTF-8).

    Args:
        report: the plain values of a report.
    """
    root = etree.Element(f"{{{NAMESPACE}}}ValidationReport", nsmap=_PREFIXES)
    certificates: dict[str, str] = {}
    for index, signature in enumerate(report["signatures"], 1):
        _signature(root, report, signature, f"s{index}", certificates)
    if not report["signatures"]:
        _nothing_signed(root, report)
    if certificates:
        objects = _add(root, "SignatureValidationObjects")
        for digest, name in certificates.items():
            _certificate(objects, digest, name)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, name: str, text: str = "", space: str = NAMESPACE,
         **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{space}}}{name}", attributes)
    if text:
        child.text = text
    return child


def _signature(root: etree._Element, report: Mapping[str, Any], signature: Mapping[str, Any], name: str,
               certificates: dict[str, str]) -> None:
    """One signature: what was validated, with which result, by whom it was made."""
    element = _add(root, "SignatureValidationReport")
    identifier = _add(element, "SignatureIdentifier", id=name)
    _add(identifier, "HashOnly", "false")
    _add(identifier, "DocHashOnly", "false")
    if signature["id"]:
        _add(identifier, "DAIdentifier", signature["id"])
    _by(element, report, signature["proven_at"])
    if signature["certificate_sm3"]:
        reference = certificates.setdefault(signature["certificate_sm3"], f"c{len(certificates) + 1}")
        information = _add(element, "SignerInformation")
        _add(information, "SignerCertificate", VOReference=reference)
        _add(information, "Signer", signature["organisation"] or signature["signer"])
    _status(element, signature["indication"], signature["sub_indication"], signature["reasons"])
    _answers(element, report)


def _nothing_signed(root: etree._Element, report: Mapping[str, Any]) -> None:
    """A file without a signature that could be read: the form demands a report all the same."""
    element = _add(root, "SignatureValidationReport")
    _by(element, report, None)
    _status(element, "TOTAL-FAILED" if report["verdict"] == "invalid" else "INDETERMINATE", "SIGNED_DATA_NOT_FOUND", ())
    _answers(element, report)


def _by(element: etree._Element, report: Mapping[str, Any], proven_at: str | None) -> None:
    """By which policy, the trust folder, and when; the best known time of signing; the file by its digest."""
    policy = _add(_add(element, "ValidationConstraintsEvaluationReport"), "SignatureValidationPolicy")
    _add(_add(policy, "SignaturePolicyIdentifier"), "SignaturePolicyImplied", space=_XADES)
    _add(policy, "PolicyName", report["trust"] or "-")
    time = _add(element, "ValidationTimeInfo")
    _add(time, "ValidationTime", report["checked_at"])
    best = _add(time, "BestSignatureTime")
    _add(best, "POETime", proven_at or report["checked_at"])
    _add(best, "TypeOfProof", _PROOF)
    if report["file"]["sm3"]:
        _digest(_add(element, "SignersDocument"), report["file"]["sm3"])


def _status(element: etree._Element, indication: str, sub_indication: str,
            reasons: Sequence[Mapping[str, str]]) -> None:
    """The result by ETSI EN 319 102-1, and our reasons for it."""
    status = _add(element, "SignatureValidationStatus")
    _add(status, "MainIndication", _MAIN[indication])
    if sub_indication:
        _add(status, "SubIndication", f"urn:etsi:019102:subindication:{sub_indication}")
    if reasons:
        data = _add(_add(status, "AssociatedValidationReportData"), "AdditionalValidationReportData")
        for reason in reasons:
            _reason(_add(data, "ReportData"), reason)


def _reason(data: etree._Element, reason: Mapping[str, str]) -> None:
    """A reason of ours: its code as the type, both sentences as the value."""
    _add(data, "Type", f"{_NOTES}:{reason['code']}")
    value = _add(data, "Value")
    for language in ("zh", "en"):
        _add(value, "Text", reason[language], _NOTES).set(_LANGUAGE, language)


def _answers(element: etree._Element, report: Mapping[str, Any]) -> None:
    """The two answers on the whole file, with their reasons, which the form has no place for."""
    answers = _add(_add(element, "OtherInformation"), "Answers", space=_NOTES, verdict=report["verdict"],
                   licence=report["status"]["code"])
    for reason in report["reasons"]:
        one = _add(answers, "Reason", space=_NOTES, code=reason["code"])
        for language in ("zh", "en"):
            _add(one, "Text", reason[language], _NOTES).set(_LANGUAGE, language)


def _certificate(objects: etree._Element, digest: str, name: str) -> None:
    element = _add(objects, "ValidationObject", id=name)
    _add(element, "ObjectType", "urn:etsi:019102:validationObject:certificate")
    _digest(_add(element, "ValidationObjectRepresentation"), digest)


def _digest(parent: etree._Element, digest: str) -> None:
    """An SM3 digest (hex), as XAdES writes digests."""
    element = _add(parent, "DigestAlgAndValue")
    _add(element, "DigestMethod", space=_DSIG, Algorithm=_SM3)
    _add(element, "DigestValue", base64.b64encode(bytes.fromhex(digest)).decode("ascii"), _DSIG)
