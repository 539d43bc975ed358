"""pyHanko judges a PAdES signature by the rules of ETSI EN 319 102-1: B-B, B-T, B-LTA."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_basic_validation, ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from certs.crl import Crl
from certs.x509 import Certificate


@dataclass(frozen=True)
class Said:
    """What pyHanko says: ``PASSED``, ``INDETERMINATE`` or ``FAILED``, with its sub-indication.

    ``time`` is the earliest at which the signature is proven, ``change`` what later revisions did.
    """

    status: str
    sub: str
    time: datetime | None
    change: str
    why: str


def judge(pdf: bytes, level: str, *, anchors: Iterable[Certificate], at: datetime, known: Iterable[Certificate] = (),
          crls: Iterable[Crl] = ()) -> Said:
    """Ask for one level: ``B``, ``T`` or ``LTA``.

    Args:
        known: certificates that pyHanko has beside the file; for LTA there need be none.
        crls: revocation lists that it has beside the file.
    """
    trust = SimpleTrustManager.build([x509.Certificate.load(each.der) for each in anchors])
    spec = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=trust, revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO)),
        local_knowledge=LocalKnowledge(
            known_certs=[x509.Certificate.load(each.der) for each in known],
            known_crls=[CRLContainer(crl.CertificateList.load(each.der)) for each in crls]),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
            certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH))
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[0]
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True)
    result: Any
    if level == "LTA":
        result = asyncio.run(ades_lta_validation(signature, PdfSignatureValidationSpec(spec), timing_info=timing))
    else:
        signature.compute_integrity_info()
        check: Any = ades_basic_validation if level == "B" else ades_with_time_validation
        result = asyncio.run(check(signature.signed_data, spec, timing_info=timing,
                                   raw_digest=signature.compute_digest()))
    sub = result.ades_subindic
    change = getattr(result.api_status, "modification_level", None)
    return Said(status=sub.status.name, sub=getattr(sub, "name", ""), why=result.failure_msg or "",
                time=getattr(result, "best_signature_time", None), change="" if change is None else change.name)
