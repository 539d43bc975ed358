"""What ``zhengyin verify`` does for a single file."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.revocation_fetch import Inquiry
    from certs.signer import Signer
    from verify.contained import Verifiers

__all__ = ["CANNOT", "USAGE", "exit_code_of", "for_verifiers", "report_signer", "trust_folder", "verify_one"]

USAGE: Final = 2
CANNOT: Final = 3


def exit_code_of(error: EngineError) -> int:
    """The exit code of a verification that an error stopped."""
    return USAGE if error.code.value.startswith(("home.", "kind.", "report.")) else CANNOT


def for_verifiers(error: EngineError) -> EngineError:
    """The same error, or what it means to one who verifies: a home is not needed for that, a trust folder is."""
    from certs.config import HomeCode, HomeError

    if error.code not in (HomeCode.MISSING, HomeCode.NOT_A_HOME):
        return error
    path = error.facts["path"]
    zh, en = ("不存在", "is not there") if error.code is HomeCode.MISSING else (
        "不是工作目录（缺少 config.toml）", "is no home (it has no config.toml)")
    return HomeError(
        HomeCode(error.code),
        f"目录 {path} {zh}；核验不需要工作目录，请用 --trust 指明信任目录（发证机关公布的证书和列表）",
        f"the folder {path} {en}; verifying needs no home: name with --trust the trust folder, which holds the "
        "certificates and lists that the issuing authorities publish", path=path)


def trust_folder(folder: Path | None, home: Path | None) -> Path | None:
    """The folder named, else the home's, else nothing. One that cannot be loaded is told in the report."""
    from certs.config import HomeCode, HomeError, find_home

    if folder is not None:
        return folder
    try:
        return find_home(home, os.environ) / "trust"
    except HomeError as error:
        if error.code is HomeCode.NONE:
            return None
        raise


def verify_one(file: Path, verifiers: Verifiers, at: dt.datetime | None, require_status: bool, as_json: bool,
         reports: list[Path], home: Path | None, evidence: Path | None, inquiry: Inquiry | None) -> int:
    """Verify one file, print its report and keep it in the forms that are wanted."""
    from reports.files import require_names, write_report
    from verify.entry import evidence_beside

    if reports:
        require_names(reports)
    signer = report_signer(home) if any(path.suffix.lower() == ".pdf" for path in reports) else None
    answer = verifiers.verify(file, at=at, require_status=require_status, evidence=evidence_beside(file, evidence),
                              inquiry=inquiry)
    text = json.dumps(answer.report, ensure_ascii=False, indent=2) + "\n" if as_json else answer.text
    print(text, end="", flush=True)
    for path in reports:
        write_report(answer.report, path, signer=signer)
    return answer.exit_code


def report_signer(home: Path | None) -> Signer | None:
    """The key for reports of the home that is named, if there are a home and a key."""
    from certs.config import HomeCode, HomeError
    from certs.home import Home

    try:
        return Home.open(home, environ=os.environ).service_signer("report")
    except HomeError as error:
        if error.code is HomeCode.NONE:
            return None
        raise
