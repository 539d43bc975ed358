"""A report as a file whose ending says its form."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from certs.files import write_atomic
from certs.signer import Signer
from codes.errors import EngineError

__all__ = ["ENDINGS", "ReportCode", "ReportError", "made", "require_names", "write_report"]

ENDINGS = (".html", ".pdf", ".xml", ".json")
"""A page, a sheet, the European report, the plain values."""


class ReportCode(enum.StrEnum):
    """Codes of :class:`ReportError`."""

    ENDING = "report.ending"
    NO_FOLDER = "report.no-folder"


class ReportError(EngineError):
    """A report cannot be written as asked."""


def require_names(paths: list[Path]) -> None:
    """Refuse file names that do not say a form, or lie in a folder that is not there.

    Raises:
        ReportError: ``report.ending``, ``report.no-folder``.
    """
    for path in paths:
        if path.suffix.lower() not in ENDINGS:
            raise ReportError(
                ReportCode.ENDING, f"报告文件 {path.name} 的扩展名应为 {'、'.join(ENDINGS)} 之一",
                f"the name of the report {path.name} must end in one of {', '.join(ENDINGS)}")
        if not path.parent.is_dir():
            raise ReportError(
                ReportCode.NO_FOLDER, f"存放报告的目录 {path.parent} 不存在，请先建立，或改用别的目录",
                f"the folder {path.parent} for the report is not there: make it first, or name another")


def made(report: Mapping[str, Any], ending: str, *, lang: str = "zh", signer: Signer | None = None) -> bytes:
    """The report in the form of an ending of :data:`ENDINGS`; each form is loaded when it is wanted.

    Args:
        signer: signs the sheet.
    """
    if ending == ".html":
        from reports.html import report_html

        return report_html(report, lang=lang)
    if ending == ".pdf":
        from reports.pdf import report_pdf

        return report_pdf(report, signer=signer)
    if ending == ".xml":
        from reports.etsi import report_etsi

        return report_etsi(report)
    return json.dumps(report, ensure_ascii=False, indent=2).encode("utf-8", "replace")


def write_report(report: Mapping[str, Any], path: Path, *, signer: Signer | None = None) -> None:
    """Write a report in the form that the name says; the file appears when it is complete.

    Raises:
        ReportError: see :func:`require_names`.
        FileError: it cannot be written.
        PdfError: the signer does not fit.
    """
    require_names([path])
    write_atomic(path, made(report, path.suffix.lower(), signer=signer), mode=0o644)
