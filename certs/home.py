"""A home: the folder with settings, keys, seals, approvals and trust from which licences are issued.

Layout::

    config.toml, password           settings; the keys' password (demo only)
    authorities/<USCC>/<seal id>/   an authority's seals with their keys (certs.seal_folder)
    chain/*.cer                     roots, issuing CAs and seal makers
    crls/*.crl, ocsp/*.ors          revocation lists and OCSP answers (certs.known)
    approvals/<id>.json             approvals of sealing (certs.approval)
    approvers.json                  who may approve for which unit, and when (certs.approval_scope)
    trust/                          what verifiers are given (certs.trust)
    ca/                             keys of the demo CAs (demo only)
    issued/                         ledger and packages (docgen)

What was read is kept until a file of it changes: keys are decrypted once, a new CRL is seen at once.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from certs.approval import Approval
from certs.approval_folder import ApprovalFolder, Unusable
from certs.approval_scope import Office, Sealing, choose, read_approvers
from certs.authority import Authority
from certs.config import (
    HOME_VARIABLE,
    Config,
    HomeCode,
    HomeError,
    Password,
    find_home,
    load_config,
    read_password,
)
from certs.file_marks import mark_file, mark_files
from certs.files import FileCode, FileError, read_file, reported
from certs.key_reference import open_key
from certs.known import Known, load_known
from certs.seal import SealFile
from certs.seal_folder import ROLES, SealUse, authority_name, incomplete, seal_folders, seal_in_use, seal_uses
from certs.signer import LocalSigner, Signer
from certs.trust import Trust
from certs.x509 import MAX_BYTES, Certificate
from codes.errors import EngineError

__all__ = ["Home", "HomeCode", "HomeError"]

_OU = "2.5.4.11"
_MAX_SMALL: Final = 4 * 1024 * 1024
_MAX_SETTINGS = 8 * 1024 * 1024


class Home:
    """An opened home; safe to share between threads."""

    def __init__(
        self, path: Path, config: Config, environ: Mapping[str, str], clock: Callable[[], datetime],
    ) -> None:
        self.path, self.config, self.clock = path, config, clock
        self._environ = environ
        self._lock = threading.RLock()
        self._kept: dict[tuple[str, ...], tuple[object, Any]] = {}
        self._approvals = ApprovalFolder(clock)

    @classmethod
    def open(
        cls, path: Path | None = None, *, environ: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Home:
        """Open the home at ``path``, or the one that ``ZHENGYIN_HOME`` names.

        Args:
            environ: the environment to look in; the process's own by default.
            clock: the present, aware: what is issued from this home is sealed at its time.

        Raises:
            HomeError: ``home.none``, ``home.missing``, ``home.not-a-home`` (each says how to make one),
                ``home.config``.
        """
        environ = os.environ if environ is None else environ
        with reported(path or Path(environ.get(HOME_VARIABLE, "."))):
            folder = find_home(path, environ)
            return cls(folder, load_config(folder), environ, clock)

    @property
    def trust_dir(self) -> Path:
        """The folder that verifiers are given."""
        return self.path / "trust"

    @property
    def font_pack(self) -> Path | None:
        """The folder of further fonts that the settings name."""
        return self.path / self.config.font_pack if self.config.font_pack else None

    @property
    def issued_dir(self) -> Path:
        """Where the ledger and the packages lie."""
        return self.path / "issued"

    def trust(self) -> Trust:
        """Load the trust folder.

        Raises:
            TrustError: see :meth:`certs.trust.Trust.load`.
        """
        return Trust.load(self.trust_dir)

    def password(self) -> Password:
        """Return the keys' password.

        Raises:
            HomeError: ``home.no-password``, ``home.bad-password`` or ``home.permissions``.
        """
        return read_password(self.path, self._environ)

    def authorities(self) -> tuple[tuple[str, str], ...]:
        """Return (code, name) of every authority that has or had a seal in use here, by code."""
        folder = self.path / "authorities"
        if not folder.is_dir():
            return ()
        return tuple((path.name, self._about(path)) for path in sorted(folder.iterdir())
                     if not path.name.startswith(".") and _is_authority(path))

    def authority(self, code: str, name: str, at: datetime | None = None) -> Authority:
        """Return the authority whose code and name these are with the seal in use, its keys opened.

        Args:
            at: aware moment of sealing; by default the present.

        Raises:
            HomeError: ``home.no-authority``, ``home.authority-name`` (the code is here under another
                name), ``home.no-seal``, ``home.incomplete`` (files missing or not fitting together), or the
                password's.
            SealError: no seal is in use then; see :func:`certs.seal_folder.seal_in_use`.
            KeyStoreError, KeyReferenceError, or its store's error: a key cannot be had.
            FileError: a file cannot be read.
        """
        folder = self.path / "authorities" / code
        if not code.isalnum() or not folder.is_dir():
            here = "、".join(one for one, _ in self.authorities())
            raise HomeError(
                HomeCode.NO_AUTHORITY,
                f"此目录没有发证机关代码 {code} 的印章（现有：{here or '无'}）；请核对代码，或先添加该机关",
                f"no authority with code {code} in this home (there are: {here or 'none'}); "
                "check the code or add the authority", authority=code)
        own = self._about(folder) if _is_authority(folder) else name
        if own != name:
            raise HomeError(
                HomeCode.AUTHORITY_NAME,
                f"{code} 在此目录中是“{own}”，而证照上写的是“{name}”；两者须逐字相同",
                f"{code} is {own} in this home but the licence says {name}; "
                "both must be equal to the character", authority=code)
        seal_id = seal_in_use(self.seal_uses(code), at or self.clock(), name=name)
        folder /= seal_id
        known = self._known()
        authority: Authority = self._keep(
            ("authority", code), lambda: (seal_id, mark_files(folder), known),
            lambda: self._load(folder, known, code, name))
        return authority

    def seal_uses(self, code: str) -> Mapping[str, SealUse]:
        """Return the use of every seal of an authority: :func:`certs.seal_folder.seal_uses`."""
        folder = self.path / "authorities" / code
        uses: Mapping[str, SealUse] = self._keep(
            ("uses", code),
            lambda: tuple(mark_file(path / "use.json") for path in seal_folders(folder)),
            lambda: seal_uses(self.path, code))
        return uses

    def approvals(self) -> tuple[Approval, ...]:
        """Return every approval here whose two signatures are good, by file name.

        Raises:
            HomeError: ``home.incomplete``.
            FileError: a file cannot be read.
        """
        return tuple(one for one in self._judged_approvals() if isinstance(one, Approval))

    def approval_for(self, sealing: Sealing, *, used: Mapping[str, int] | None = None) -> Approval:
        """Return the approval under which a licence may be sealed: :func:`certs.approval_scope.choose`.

        Raises:
            ApprovalError: no approval covers it.
        """
        judged = self._judged_approvals()
        return choose(
            (one for one in judged if isinstance(one, Approval)), sealing, used=used or {}, offices=self._offices(),
            unusable=(one.error for one in judged
                      if isinstance(one, Unusable) and one.seal_id in (None, sealing.seal_id)))

    def _judged_approvals(self) -> tuple[Approval | Unusable, ...]:
        folder, known = self.path / "approvals", self._known()
        judged: tuple[Approval | Unusable, ...] = self._keep(
            ("approvals",), lambda: (mark_files(folder), known),
            lambda: self._approvals.judge(((path, mark_file(path)) for path in _files(folder, ".json")), known))
        return judged

    def _offices(self) -> tuple[Office, ...]:
        path = self.path / "approvers.json"
        offices: tuple[Office, ...] = self._keep(
            ("approvers",), lambda: mark_file(path),
            lambda: read_approvers(read_file(path, max_bytes=_MAX_SETTINGS)) if path.exists() else ())
        return offices

    def _known(self) -> Known:
        try:
            return load_known(self.path)
        except FileError:
            raise
        except EngineError as error:
            raise incomplete(self.path, "chain/") from error

    def kind_settings(self, code: str) -> Mapping[str, Any] | None:
        """Return what this deployment sets for a licence kind (``kinds/<code>.json``), None when nothing.

        Raises:
            HomeError: ``home.kind-settings``, the file is not a JSON object.
            FileError: the file cannot be read.
        """
        path = self.path / "kinds" / f"{code}.json"

        def read() -> Mapping[str, Any] | None:
            if not path.is_file():
                return None
            try:
                settings = json.loads(read_file(path, max_bytes=_MAX_SETTINGS))
            except (ValueError, RecursionError):
                settings = None
            if not isinstance(settings, dict):
                raise HomeError(
                    HomeCode.KIND_SETTINGS, f"{path} 不是 JSON 对象，请更正或移走",
                    f"{path} is not a JSON object; correct it or move it away", path=str(path))
            return settings

        settings: Mapping[str, Any] | None = self._keep(("kind", code), lambda: mark_files(path.parent), read)
        return settings

    def _keep(self, key: tuple[str, ...], mark: Callable[[], object], load: Callable[[], Any]) -> Any:
        """Return what ``load`` gave last time unless ``mark``, which tells of changed files, has changed since."""
        with self._lock, reported(self.path):
            now = mark()
            kept = self._kept.get(key)
            if kept is None or kept[0] != now:
                kept = (now, load())
                self._kept[key] = kept
            return kept[1]

    def _about(self, folder: Path) -> str:
        """Return the name in ``authority.json``."""
        name: str = self._keep(
            ("about", folder.name), lambda: mark_file(folder / "authority.json"), lambda: authority_name(folder))
        return name

    def _load(self, folder: Path, known: Known, code: str, name: str) -> Authority:
        signers = {role: self._signer(folder, role) for role in ROLES}
        seal: SealFile = _parse(folder / "seal.esl", SealFile.load, _MAX_SMALL)
        if seal.seal_id != folder.name:                     # then use.json speaks of another seal
            raise incomplete(folder, "seal.esl")
        chain = _above(signers["sealing"].certificate, known.certificates)
        pdf_chain = _above(signers["pdf"].certificate, known.certificates)
        return Authority(
            code=code, name=name, seal=seal, sealing_signer=signers["sealing"], data_signer=signers["data"],
            pdf_signer=signers["pdf"], chain=chain, pdf_chain=pdf_chain, known=known)

    def service_signer(self, role: str, *, unit: str | None = None) -> Signer | None:
        """Return a key that acts for the deployment as a whole: that of ``<role>/`` with its ``<role>.cer``.

        Args:
            role: of :data:`certs.csr.SERVICES`.
            unit: OU that its certificate must name; None for any.

        Returns:
            None where there is no such certificate.

        Raises:
            KeyStoreError, KeyReferenceError, HomeError, FileError, EngineError: the key or its certificate cannot be
                had.
        """
        folder = self.path / role
        try:
            certificate = Certificate.load(read_file(folder / f"{role}.cer", max_bytes=MAX_BYTES))
        except FileError as error:
            if error.code is FileCode.MISSING:
                return None
            raise
        if unit is not None and certificate.subject_attribute(_OU) != unit:
            return None
        return LocalSigner(certificate, open_key(folder, role, self.password))

    def _signer(self, folder: Path, role: str) -> Signer:
        certificate = _parse(folder / f"{role}.cer", Certificate.load, _MAX_SMALL)
        return LocalSigner(certificate, open_key(folder, role, self.password))


def _is_authority(folder: Path) -> bool:
    """Say whether more lies there than what is prepared for a seal to come."""
    return (folder / "authority.json").exists() or bool(seal_folders(folder))


def _files(folder: Path, ending: str) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.suffix == ending and not path.name.startswith("."))


def _parse(path: Path, parse: Callable[[bytes], Any], max_bytes: int) -> Any:
    """Read and parse one file; what is missing or damaged is ``home.incomplete``."""
    try:
        return parse(read_file(path, max_bytes=max_bytes))
    except FileError as error:
        if error.code is FileCode.MISSING:
            raise incomplete(path.parent, path.name) from None
        raise
    except EngineError as error:
        raise incomplete(path.parent, path.name) from error


def _above(leaf: Certificate, known: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return the certificates above ``leaf``, nearest first, as far as they are known."""
    pool, path = list(known), [leaf]
    while not path[-1].is_self_issued:
        issuer = next((ca for ca in pool if ca not in path and path[-1].issued_by(ca)), None)
        if issuer is None:
            break
        path.append(issuer)
    return tuple(path[1:])
