"""Checkpoints of the audit logs, and the export that an outsider checks with :mod:`certs.audit_check`.

A checkpoint says where every log stood, signed with the home's audit key (``audit/audit.key``, ``audit.cer``, OU 审计)
and kept in ``audit/checkpoints/``. Its file comes first, then its entry in the registry's log: what a kill leaves
between the two, the next checkpoint makes good. Copies kept elsewhere are what an export is held against.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import select

from certs import canonical_json
from certs.audit import (
    AUDIT_UNIT,
    CHECKPOINT,
    CHECKPOINT_EVENT,
    AuditEntry,
    Head,
    checkpoint_body,
    read_heads,
    write_line,
)
from certs.audit_checkpoints import MAX_CHECKPOINT
from certs.crl import MAX_BYTES as MAX_CRL
from certs.files import flushed, make_folder, publishing, read_file, reported, write_atomic
from certs.home import Home
from certs.known import load_known
from certs.ocsp import MAX_BYTES as MAX_OCSP
from certs.signer import Signer
from certs.statement import SignedStatement, sign_statement
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from registry.audit_logs import AuditLog, Unreadable, ledger_log, registry_log, signer_log
from registry.database import Registry, Transaction
from registry.errors import RegistryCode, RegistryError
from registry.tables import Audit

__all__ = ["audit_signer", "check_out", "export_logs", "make_checkpoint"]

_COPIED: Final = (("chain", ".cer", MAX_CERTIFICATE), ("crls", ".crl", MAX_CRL),
                  ("ocsp", ".ors", MAX_OCSP))


def audit_signer(home: Home) -> Signer:
    """Return the audit key of a home with its certificate.

    Raises:
        RegistryError: ``registry.audit-key`` when there is none, or its certificate is not for audit.
        KeyStoreError, HomeError, FileError: the key cannot be had.
    """
    signer = home.service_signer("audit", unit=AUDIT_UNIT)
    if signer is None:
        raise _no_key(home.path / "audit")
    return signer


def make_checkpoint(registry: Registry, signer: Signer) -> SignedStatement:
    """Sign where every log of the home stands now, and keep the checkpoint in the home.

    Raises:
        RegistryError: ``registry.log-broken`` when a log does not continue what the last checkpoint signed, or
            checkpoints are missing; as :meth:`Registry.transaction`.
        FileError: the checkpoint cannot be written.
    """
    folder = registry.home / "audit" / "checkpoints"
    make_folder(folder)
    with (registry.transaction() as t, ledger_log(registry.home / "issued") as ledger,
          signer_log(registry.home, t.session) as signed_log):
        last = _last_checkpoint(folder)
        _settle(t, last)
        logs = _logs(registry_log(t.session, registry.log), ledger, signed_log)
        heads = {log.name: head for log in logs.values() if (head := log.head()) is not None}
        if last is not None:
            _require_continued(last, logs)
        sequence = 1 if last is None else read_heads(last.body)[0] + 1
        signed = sign_statement(checkpoint_body(
            heads=heads, sequence=sequence, previous=None if last is None else last.digest, at=t.now), signer)
        write_atomic(folder / f"{sequence:06d}.json", signed.to_json())
        _log(t, signed)
    return signed


def check_out(out: Path) -> None:
    """Refuse a folder that no export can be written to; to be asked before a checkpoint is signed for one.

    Raises:
        RegistryError: ``registry.export-exists``, something lies there.
        FileError: ``file.missing``, there is no folder to make it in.
    """
    with reported(out):
        if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
            raise RegistryError(
                RegistryCode.EXPORT_EXISTS, f"{out} 已存在且不是空目录，不会覆盖，未作任何导出；请换一个目录",
                f"{out} exists and is no empty folder; it is not overwritten and nothing was exported: choose another "
                "folder", path=str(out))
        out.parent.stat()


def export_logs(registry: Registry, out: Path, *, checkpoint: SignedStatement | None = None) -> None:
    """Write every log of the home, its checkpoints, certificates and revocation lists to the new folder ``out``.

    Args:
        checkpoint: the logs are written as far as it signed them; without it, as far as they go.

    Raises:
        FileError: ``out`` cannot be written; nothing is left then.
        RegistryError: ``registry.export-exists``, or as :meth:`Registry.reading`.
    """
    check_out(out)
    damaged = load_known(registry.home).damaged
    heads = None if checkpoint is None else read_heads(checkpoint.body)[2]
    with (publishing(out) as folder, registry.reading() as session,
          ledger_log(registry.home / "issued") as ledger, signer_log(registry.home, session) as signed_log):
        for log in _logs(registry_log(session, registry.log), ledger, signed_log).values():
            if heads is None or log.name in heads:
                _write_log(folder / f"{log.name}.jsonl", log, None if heads is None else heads[log.name].number)
        _copy(registry.home / "audit" / "checkpoints", folder / "checkpoints", ".json", 2 * MAX_CHECKPOINT)
        for name, ending, max_bytes in _COPIED:
            if not (registry.home / name).is_dir():
                continue
            _copy(registry.home / name, folder / name, ending, max_bytes, but=damaged)


def _logs(*logs: AuditLog | None) -> Mapping[str, AuditLog]:
    return {log.name: log for log in logs if log is not None}


def _write_log(path: Path, log: AuditLog, up_to: int | None) -> None:
    with flushed(path) as file:
        file.writelines(_line(entry) for entry in log.entries(up_to=up_to))


def _line(entry: AuditEntry | Unreadable) -> bytes:
    """One line; a row that is no entry is handed on as what it is, for the check to find."""
    if isinstance(entry, Unreadable):
        return canonical_json.encode({"number": entry.number, "unreadable": True}) + b"\n"
    return write_line(entry)


def _copy(source: Path, target: Path, ending: str, max_bytes: int, *, but: Collection[str] = ()) -> None:
    target.mkdir(mode=0o700)
    for path in _files(source, ending):
        if f"{source.name}/{path.name}" in but:
            continue
        with flushed(target / path.name) as file:
            file.write(read_file(path, max_bytes=max_bytes))


def _files(folder: Path, ending: str) -> Iterable[Path]:
    if not folder.is_dir():
        return ()
    return sorted(path for path in folder.iterdir() if path.suffix == ending and not path.name.startswith("."))


def _last_checkpoint(folder: Path) -> SignedStatement | None:
    """Return the checkpoint with the highest number."""
    *_, path = None, *_files(folder, ".json")
    if path is None:
        return None
    signed = SignedStatement.parse(read_file(path, max_bytes=2 * MAX_CHECKPOINT), type=CHECKPOINT)
    if path.name != f"{read_heads(signed.body)[0]:06d}.json":
        raise _broken(f"检查点文件 {path.name} 的编号不符", f"the checkpoint {path.name} bears another number")
    return signed


def _settle(t: Transaction, last: SignedStatement | None) -> None:
    """See that the log names the last checkpoint, which a killed process may have left unnamed."""
    facts = t.session.scalars(
        select(Audit.facts).where(Audit.event == CHECKPOINT_EVENT).order_by(Audit.number.desc()).limit(1)).one_or_none()
    entry = {} if facts is None else json.loads(facts)
    logged = (int(entry.get("sequence", 0)), entry.get("digest", ""))
    named = (0, "") if last is None else (read_heads(last.body)[0], last.digest.hex())
    if last is not None and named[0] == logged[0] + 1:
        _log(t, last)
    elif logged != named:
        raise _broken(f"日志记有检查点 {logged[0]}，而 audit/checkpoints/ 中最后一个是 {named[0]}（或内容不同）",
                      f"the log names checkpoint {logged[0]} but the last in audit/checkpoints/ is {named[0]} "
                      "(or another one of that number)")


def _log(t: Transaction, signed: SignedStatement) -> None:
    t.log(CHECKPOINT_EVENT, sequence=signed.body["sequence"], digest=signed.digest.hex())


def _require_continued(last: SignedStatement, logs: Mapping[str, AuditLog]) -> None:
    """Refuse to sign a log that does not hold what the last checkpoint signed of it."""
    for name, head in read_heads(last.body)[2].items():
        if name not in logs or not _holds(logs[name], head):
            raise _broken(f"日志 {name} 与检查点 {last.body['sequence']} 不符，条目丢失或被改写",
                          f"{name} does not hold what checkpoint {last.body['sequence']} signed: "
                          "entries were lost or rewritten")


def _holds(log: AuditLog, head: Head) -> bool:
    return any(isinstance(entry, AuditEntry) and entry.digest == head.digest
               for entry in log.entries(after=head.number - 1, up_to=head.number))


def _broken(zh: str, en: str) -> RegistryError:
    return RegistryError(
        RegistryCode.LOG_BROKEN, f"{zh}；请用 zhengyin audit verify 查明，并从备份恢复",
        f"{en}; find out with zhengyin audit verify and restore it from a backup")


def _no_key(folder: Path) -> RegistryError:
    return RegistryError(
        RegistryCode.AUDIT_KEY,
        f"{folder} 中没有审计密钥 audit.key 和证书 audit.cer（OU 为 {AUDIT_UNIT}），无法签署检查点；请向证书机构申请",
        f"{folder} holds no audit key (audit.key) with its certificate (audit.cer, OU {AUDIT_UNIT}), so no checkpoint "
        "is signed: apply to the certificate authority for one", path=str(folder))
