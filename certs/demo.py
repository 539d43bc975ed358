"""Making a home for demonstration: ``zhengyin certs demo``.

The home gets its own small PKI (:mod:`certs.demo_pki`), each authority a seal, certificates and a standing
approval by two demo persons, and the trust folder for verifiers. Every step is complete or absent, so that a
killed run is taken up by the next one; what exists is kept, and the CRLs are renewed each time. A home that
this module did not make is never touched.
"""

from __future__ import annotations

import enum
import json
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from certs.approval import Approval, Terms, confirm, give, load_approval
from certs.config import Config, HomeCode, HomeError, Password, load_config, read_password, store_config
from certs.crl import Crl, Revocation, build_crl
from certs.demo_pki import KeyPair, make_authority, make_cas, make_person, make_service, midnight
from certs.files import locked, make_folder, publish_folder, read_file, reported, sweep, write_atomic
from certs.keystore import ScryptCost, load_key, seal_key
from certs.moments import write_moment
from certs.picture import check_picture
from certs.seal import SealFile, make_seal
from certs.seal_folder import SealUse, UseState, authority_name, publish_seal_folder, seal_folders
from certs.signer import LocalSigner
from certs.trust import key_id
from certs.x509 import Certificate
from codes.errors import EngineError
from codes.uscc import is_uscc

__all__ = [
    "CRL_DAYS", "DEFAULT_AUTHORITIES", "DEMO_LOOKUP_HOST", "LOWER_LINE", "DemoAuthority", "DemoCode",
    "DemoError", "make_demo", "revoke",
]

CRL_DAYS: Final = 366
"""How long a demo CRL says it is good for; a real CA's is days."""
DEMO_LOOKUP_HOST: Final = "lookup.example.invalid"
LOWER_LINE: Final = "测试专用"
_APPROVERS: Final = {"first-approver": "演示审批人甲", "second-approver": "演示审批人乙"}
_USES: Final = 1_000_000
_MAX_NAME: Final = 64                               # RFC 5280 upper bound of CN and O
_NO_NAME: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"})     # controls, marks, blanks
_MAX_SEAL, _MAX_CERTIFICATE = 4 * 1024 * 1024, 64 * 1024
_CA_ROLES: Final = ("sm2-root", "sm2-issuing", "p256-root", "p256-issuing")


class DemoCode(enum.StrEnum):
    """Codes of :class:`DemoError`."""

    NOT_DEMO = "demo.not-a-demo-home"
    IN_USE = "demo.folder-in-use"
    NAME = "demo.bad-name"
    USCC = "demo.bad-uscc"
    TWICE = "demo.authority-twice"
    OTHER_NAME = "demo.other-name"
    OTHER_IMPRINT = "demo.other-imprint"


class DemoError(EngineError):
    """A demo home cannot be made as asked; what stood there is untouched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAuthority:
    """An issuing authority to equip.

    Attributes:
        name: its full name, kept character by character.
        code: its 统一社会信用代码.
        imprint: PNG of the real imprint; None lets one be drawn.
        diameter_mm: 42, 45 or 50.
    """

    name: str
    code: str
    imprint: bytes | None = None
    diameter_mm: int = 42


DEFAULT_AUTHORITIES: Final = (
    DemoAuthority(name="测试市应急管理局", code="11140100MB9TEX0180"),
    DemoAuthority(name="测试省应急管理厅", code="11140000MB9TEX018T"),
    DemoAuthority(name="测试市测试县应急管理局", code="11140121MB9TEX018D"),
)
"""The authorities of the worked examples: city, province, and the county that examines first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    """One run over one home."""

    home: Path
    now: datetime
    password: Password
    cost: ScryptCost | None
    imprints: Mapping[str, bytes]
    kinds: tuple[str, ...]
    told: Callable[[str, str], None] | None
    keys: dict[str, KeyPair] = field(default_factory=dict, repr=False)

    def tell(self, zh: str, en: str) -> None:
        """Pass on what was done."""
        if self.told:
            self.told(zh, en)

    def key(self, role: str) -> KeyPair:
        """Load a CA or the seal maker, once a run."""
        if role not in self.keys:
            self.keys[role] = KeyPair(
                key=load_key(self.home / "ca" / f"{role}.key", self.password),
                certificate=_certificate(self.home, role))
        return self.keys[role]


def make_demo(
    home: Path, authorities: Sequence[DemoAuthority] = DEFAULT_AUTHORITIES, *, now: datetime,
    environ: Mapping[str, str], draw: Callable[[str, int], bytes], kinds: Sequence[str],
    lookup_hosts: Sequence[str] = (DEMO_LOOKUP_HOST,), cost: ScryptCost | None = None,
    tell: Callable[[str, str], None] | None = None,
) -> None:
    """Make a demo home, or complete and freshen one that an earlier call made.

    What exists is kept: CAs, keys, authorities, seals, approvals, settings. Authorities not there yet are
    added, the CRLs are made anew, and the trust folder is brought up to date.

    Args:
        now: aware moment of making; certificates begin at its midnight in China.
        environ: where a password of one's own is looked for; without one, ``H/password`` is made.
        draw: (name, diameter in mm) → PNG of a demo imprint that says 测试专用.
        kinds: codes of the licence kinds that the standing approvals cover.
        lookup_hosts: hosts of QR addresses, for a new home.
        cost: of the keys' encryption.
        tell: called with each step done, in Chinese and English.

    Raises:
        DemoError: the folder is not a demo home, or an authority cannot be made as asked.
        HomeError, KeyStoreError: the password is missing or wrong.
        SealError, PictureError, ImprintError: an imprint cannot become a seal.
        FileError: something cannot be read or written.
    """
    _check_authorities(authorities)
    with reported(home):
        _claim(home)
        absent = [one for one in authorities if not seal_folders(home / "authorities" / one.code)]
    imprints = {one.code: _imprint(one, draw) for one in absent}
    make_folder(home)
    with locked(home / ".lock"), reported(home):
        if not (home / "config.toml").is_file():
            store_config(home, Config(name="证印演示", demo=True, lookup_hosts=tuple(lookup_hosts)))
        for folder in ("authorities", "actors", "chain", "crls", "approvals", "trust"):
            make_folder(home / folder)
            sweep(home / folder)
        for own in (home / "authorities").iterdir():
            sweep(own)
        sweep(home)
        run = _Demo(home=home, now=now, password=_password(home, environ), cost=cost,
                    imprints=imprints, kinds=tuple(kinds), told=tell)
        _make_cas(run)
        _renew_crls(run)
        for role in ("audit", "status"):
            _make_service(run, role)
        for authority in authorities:
            _make_authority(run, authority)
            _make_approvers(run, authority)
        _write_approvers(run)
        _make_approvals(run)
        _publish_trust(run)


def revoke(
    home: Path, certificate: Certificate, *, now: datetime, environ: Mapping[str, str],
    reason: str = "keyCompromise",
) -> None:
    """Revoke a certificate that the demo CAs issued, and renew the CRLs in the home and its trust folder.

    Raises:
        DemoError: ``demo.not-a-demo-home`` also when none of its CAs issued the certificate.
        HomeError, KeyStoreError, FileError: as :func:`make_demo`.
    """
    with reported(home):
        _claim(home)
    with locked(home / ".lock"), reported(home):
        run = _Demo(home=home, now=now, password=read_password(home, environ), cost=None,
                    imprints={}, kinds=(), told=None)
        role = next((role for role in _CA_ROLES if certificate.issued_by(_certificate(home, role))), None)
        if role is None:
            raise _not_demo(home)
        revoked = _revoked(home)
        revoked.setdefault(role, {}).setdefault(
            certificate.serial, Revocation(revoked_at=now.replace(microsecond=0), reason=reason))
        content = {role: {f"{serial:x}": {"at": entry.revoked_at.isoformat(), "reason": entry.reason}
                          for serial, entry in entries.items()} for role, entries in revoked.items()}
        write_atomic(home / "ca" / "revoked.json", json.dumps(content, indent=2).encode())
        _renew_crls(run)
        _publish_trust(run)


def _not_demo(home: Path) -> DemoError:
    return DemoError(
        DemoCode.NOT_DEMO, f"{home} 不是由 certs demo 建立的演示目录，不作任何改动；请另选一个目录",
        f"{home} was not made by `certs demo` and is left alone; choose another folder", path=str(home))


def _claim(home: Path) -> None:
    """Refuse a folder that somebody else uses; one that is not there yet is free."""
    if (home / "config.toml").is_file():
        if not load_config(home).demo:
            raise _not_demo(home)
    elif home.exists() and (not home.is_dir() or any(
            entry.name != ".lock" and ".tmp-" not in entry.name for entry in home.iterdir())):
        raise DemoError(
            DemoCode.IN_USE, f"{home} 已有别的内容，不作任何改动；请用空目录或新目录",
            f"{home} holds something else and is left alone; use an empty or a new folder", path=str(home))


def _check_authorities(authorities: Sequence[DemoAuthority]) -> None:
    """Refuse names and codes that no authority can have, before anything is made."""
    seen: set[str] = set()
    for authority in authorities:
        name, code = authority.name, authority.code
        odd = any(unicodedata.category(char) in _NO_NAME for char in name)
        if not name or len(name) > _MAX_NAME or odd:
            raise DemoError(
                DemoCode.NAME, f"机构名称“{name!r}”为空、超过 {_MAX_NAME} 字，或含空白、控制字符，请更正",
                f"the organisation's name {name!r} is empty, longer than {_MAX_NAME}, or has white space or "
                "control characters; correct it", authority=code)
        if not is_uscc(code) or not code[2:8].isdigit():
            raise DemoError(
                DemoCode.USCC, f"“{name}”的统一社会信用代码 {code} 校验不通过，请核对",
                f"the USCC {code} of {name} fails its check; compare it with the certificate", authority=code)
        if code in seen:
            raise DemoError(
                DemoCode.TWICE, f"统一社会信用代码 {code} 给了两次，请去掉一个",
                f"USCC {code} is given twice; drop one", authority=code)
        seen.add(code)


def _imprint(authority: DemoAuthority, draw: Callable[[str, int], bytes]) -> bytes:
    """Return the imprint, given or drawn, checked before anything is made."""
    imprint = authority.imprint or draw(authority.name, authority.diameter_mm)
    check_picture(imprint, diameter_mm=authority.diameter_mm)
    return imprint


def _password(home: Path, environ: Mapping[str, str]) -> Password:
    """Return the password that the environment or the home holds; make one for a new home."""
    try:
        return read_password(home, environ)
    except HomeError as error:
        if error.code is not HomeCode.NO_PASSWORD or (home / "ca").exists():
            raise
    write_atomic(home / "password", (secrets.token_urlsafe(32) + "\n").encode(), mode=0o600)
    return read_password(home, environ)


def _make_cas(run: _Demo) -> None:
    if (run.home / "ca").is_dir():
        run.key("sm2-issuing")                      # the password is that of this home, or nothing is done
    else:
        files: dict[str, tuple[bytes, int]] = {}
        for role, pair in make_cas(run.now).items():
            files[f"{role}.cer"] = (pair.certificate.der, 0o644)
            files[f"{role}.key"] = (seal_key(pair.key, run.password, cost=run.cost), 0o600)
        publish_folder(run.home / "ca", files)
        run.tell("已建立演示根证书、签发中心和制章中心", "made demo roots, issuing CAs and the seal maker")
    for path in sorted((run.home / "ca").glob("*.cer")):
        _put(run.home / "chain" / path.name, path.read_bytes())


def _put(path: Path, data: bytes) -> None:
    """Write what is not there already; public data, mode 0644."""
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data, mode=0o644)


def _certificate(home: Path, role: str) -> Certificate:
    return Certificate.load(read_file(home / "ca" / f"{role}.cer", max_bytes=_MAX_CERTIFICATE))


def _revoked(home: Path) -> dict[str, dict[int, Revocation]]:
    path = home / "ca" / "revoked.json"
    if not path.is_file():
        return {}
    content = json.loads(read_file(path, max_bytes=1 << 20))
    return {
        role: {int(serial, 16): Revocation(
            revoked_at=datetime.fromisoformat(entry["at"]), reason=entry["reason"])
            for serial, entry in entries.items()}
        for role, entries in content.items()}


def _renew_crls(run: _Demo) -> None:
    """Make every CA's list anew, numbered one higher than the last."""
    revoked = _revoked(run.home)
    for role in _CA_ROLES:
        path, ca, number = run.home / "crls" / f"{role}.crl", run.key(role), 1
        if path.is_file():
            number = (Crl.load(path.read_bytes()).number or 0) + 1
        crl = build_crl(
            issuer=ca.certificate, issuer_key=ca.key, this_update=run.now,
            next_update=run.now + timedelta(days=CRL_DAYS), number=number, revoked=revoked.get(role, {}))
        write_atomic(path, crl.der, mode=0o644)
    run.tell(f"已更新证书撤销列表（{CRL_DAYS} 天内有效）",
             f"renewed the revocation lists (good for {CRL_DAYS} days)")


def _make_authority(run: _Demo, authority: DemoAuthority) -> None:
    folder = run.home / "authorities" / authority.code
    if seal_folders(folder):
        _keep_authority(folder, authority)
        run.tell(f"保留已有的“{authority.name}”", f"kept {authority.name}")
        return
    pairs = make_authority(
        authority.name, authority.code, sm2_issuer=run.key("sm2-issuing"),
        p256_issuer=run.key("p256-issuing"), now=run.now)
    maker = run.key("seal-maker")
    crls = [Crl.load(path.read_bytes()) for path in sorted((run.home / "crls").glob("*.crl"))]
    seal = make_seal(
        name=authority.name, code=authority.code, certificate=pairs["sealing"].certificate,
        imprint=run.imprints[authority.code], diameter_mm=authority.diameter_mm,
        maker=LocalSigner(maker.certificate, maker.key),
        seal_id=f"{authority.code}-{secrets.token_hex(4).upper()}", created_at=run.now,
        intermediates=[_certificate(run.home, "sm2-issuing")], anchors=[_certificate(run.home, "sm2-root")],
        crls=crls)
    publish_seal_folder(
        run.home, name=authority.name, code=authority.code, seal=seal,
        keys={role: (pair.certificate, seal_key(pair.key, run.password, cost=run.cost))
              for role, pair in pairs.items()},
        use=SealUse(state=UseState.IN_USE, use_from=run.now.replace(microsecond=0)))
    run.tell(f"已为“{authority.name}”制章并签发证书",
             f"made the seal and the certificates of {authority.name}")


def _keep_authority(folder: Path, authority: DemoAuthority) -> None:
    """Refuse to turn an authority into another one: that is cancelling and making a new seal."""
    name = authority_name(folder)
    if name != authority.name:
        raise DemoError(
            DemoCode.OTHER_NAME,
            f"{authority.code} 在此目录中是“{name}”，不能改为“{authority.name}”；"
            "更名须注销旧章、另制新章（请用新目录）",
            f"{authority.code} is {name} in this home and is not turned into {authority.name}; "
            "a new name needs a new seal (use a new folder)", authority=authority.code)
    seals = _seals(folder)
    if authority.imprint is not None and all(authority.imprint != seal.imprint for seal in seals):
        raise DemoError(
            DemoCode.OTHER_IMPRINT,
            f"“{name}”已有印章，印模不能更换；须注销旧章、另制新章（请用新目录）",
            f"{name} has a seal already, and an imprint is never exchanged; "
            "make a new seal (use a new folder)", authority=authority.code)


def _keep_pair(run: _Demo, folder: Path, name: str, make: Callable[[], KeyPair]) -> None:
    """Make a folder with key and certificate appear, unless it is there."""
    if not folder.is_dir():
        pair = make()
        publish_folder(folder, {
            f"{name}.cer": (pair.certificate.der, 0o644),
            f"{name}.key": (seal_key(pair.key, run.password, cost=run.cost), 0o600)})


def _make_service(run: _Demo, role: str) -> None:
    _keep_pair(run, run.home / role, role, partial(make_service, role, issuer=run.key("sm2-issuing"), now=run.now))


def _make_approvers(run: _Demo, authority: DemoAuthority) -> None:
    for role, name in _APPROVERS.items():
        _keep_pair(run, run.home / "actors" / f"{authority.code}-{role}", "actor", partial(
            make_person, name, unit=authority.name, code=authority.code, issuer=run.key("sm2-issuing"), now=run.now))


def _write_approvers(run: _Demo) -> None:
    """Say who may approve: the two of each unit, since the day that their certificates begin."""
    people = [Certificate.load(read_file(path, max_bytes=_MAX_CERTIFICATE))
              for path in sorted((run.home / "actors").glob("*-approver/actor.cer"))]
    content = [{"certificate": one.fingerprint, "unit": one.uscc, "from": write_moment(one.not_before), "until": None}
               for one in people]
    data = (json.dumps(content, indent=2) + "\n").encode()
    path = run.home / "approvers.json"
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)


def _signer(run: _Demo, name: str) -> LocalSigner:
    folder = run.home / "actors" / name
    return LocalSigner(
        Certificate.load(read_file(folder / "actor.cer", max_bytes=_MAX_CERTIFICATE)),
        load_key(folder / "actor.key", run.password))


def _seals(folder: Path) -> list[SealFile]:
    return [SealFile.load(read_file(path / "seal.esl", max_bytes=_MAX_SEAL)) for path in seal_folders(folder)]


def _make_approvals(run: _Demo) -> None:
    """See that each seal has a standing approval for the kinds, given by one person, confirmed by another."""
    existing = [load_approval(path) for path in sorted((run.home / "approvals").glob("*.json"))]
    for code, seal in [(folder.name, seal) for folder in sorted((run.home / "authorities").iterdir())
                       for seal in _seals(folder)]:
        own = [one.terms for one in existing if one.terms.seal_id == seal.seal_id]
        if any(set(run.kinds) <= set(terms.kinds) and run.now <= terms.valid_to for terms in own):
            continue
        giver, confirmer = (_signer(run, f"{code}-{role}") for role in _APPROVERS)
        given = give(
            Terms(id=f"standing-{code}-{len(own) + 1:02d}", kinds=run.kinds, region=code[2:8], seal_id=seal.seal_id,
                  valid_from=midnight(run.now), valid_to=seal.valid_end, count=_USES), signer=giver, at=run.now)
        approval = Approval.join(given, confirm(given, signer=confirmer, at=run.now))
        write_atomic(run.home / "approvals" / f"{approval.id}.json", approval.to_json())
        run.tell(f"已登记用印审批 {approval.id}（两人）",
                 f"recorded the approval {approval.id} (two persons)")


def _publish_trust(run: _Demo) -> None:
    """Bring the trust folder up to date, file by file."""
    home, trust = run.home, run.home / "trust"
    config = load_config(home)
    about = {"name": config.name, "lookup_hosts": list(config.lookup_hosts)}
    files = {"trust.json": json.dumps(about, ensure_ascii=False, indent=2).encode()}
    for role in ("sm2", "p256"):
        files[f"roots/{role}-root.cer"] = _certificate(home, f"{role}-root").der
        files[f"intermediates/{role}-issuing.cer"] = _certificate(home, f"{role}-issuing").der
    files["seal-makers/seal-maker.cer"] = _certificate(home, "seal-maker").der
    status = Certificate.load(read_file(home / "status" / "status.cer", max_bytes=_MAX_CERTIFICATE))
    files[f"status-signers/{status.fingerprint[:16]}.cer"] = status.der
    for path in sorted((home / "authorities").glob("*/[!.]*/data.cer")):
        certificate = Certificate.load(path.read_bytes())
        files[f"data-signing/{key_id(certificate).hex()}.cer"] = certificate.der
    for path in sorted((home / "crls").glob("*.crl")):
        files[f"crls/{path.name}"] = path.read_bytes()
    for name, data in files.items():
        make_folder((trust / name).parent, mode=0o755)
        sweep((trust / name).parent)
        _put(trust / name, data)
    run.tell(f"已更新信任目录 {trust}", f"brought the trust folder {trust} up to date")
