"""Making a home for demonstration: ``zhengyin certs demo``.

The home gets its own small PKI (:mod:`certs.demo_pki`), a registry, and demo persons who take each authority's seal
through all its acts (:mod:`registry.demo_office`); then the trust folder for verifiers with the status list. Every
step is complete or absent, so that a killed run is taken up by the next one; what exists is kept, the CRLs and the
status list are renewed each time. A home that this module did not make is never touched.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from certs.config import Config, load_config, read_password, store_config
from certs.csr import MAX_NAME, CertificateRequest
from certs.demo_pki import RESPONDERS, TREES, certify_request, make_responder
from certs.files import locked, make_folder, reported, sweep
from certs.home import Home
from certs.keystore import ScryptCost
from certs.picture import check_picture
from certs.plain_text import no_name
from certs.revocation_settings import RevocationSettings
from certs.seal_folder import seal_folders
from certs.trial import TrialAuthority
from certs.x509 import Certificate
from codes.errors import EngineError
from codes.uscc import is_uscc
from registry.database import Registry
from registry.demo_files import CA_ROLES, CRL_DAYS, DemoFiles, find_password
from registry.demo_office import DemoOffice, open_registry, seals_of
from registry.deploy import settle
from registry.publication import LONGEST, publish, status_signer
from registry.tables import Organisation

__all__ = [
    "CRL_DAYS", "DEFAULT_AUTHORITIES", "DEMO_LOOKUP_HOST", "LOWER_LINE", "DemoAuthority", "DemoCode",
    "DemoError", "certify", "make_demo", "revoke", "trial_authority",
]

DEMO_LOOKUP_HOST: Final = "lookup.example.invalid"
LOWER_LINE: Final = "测试专用"


class DemoCode(enum.StrEnum):
    """Codes of :class:`DemoError`."""

    NOT_DEMO = "demo.not-a-demo-home"
    OLDER = "demo.older-home"
    IN_USE = "demo.folder-in-use"
    NAME = "demo.bad-name"
    USCC = "demo.bad-uscc"
    TWICE = "demo.authority-twice"
    OTHER_NAME = "demo.other-name"
    OTHER_IMPRINT = "demo.other-imprint"
    OTHER_SERVICES = "demo.other-services"
    NO_SERVICES = "demo.no-services"


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


def make_demo(
    home: Path, authorities: Sequence[DemoAuthority] = DEFAULT_AUTHORITIES, *, now: datetime,
    environ: Mapping[str, str], draw: Callable[[str, int], bytes], kinds: Sequence[str],
    lookup_hosts: Sequence[str] = (DEMO_LOOKUP_HOST,), services: str = "", cost: ScryptCost | None = None,
    tell: Callable[[str, str], None] | None = None,
) -> None:
    """Make a demo home, or complete and freshen one that an earlier call made.

    What exists is kept: CAs, keys, persons, the registry, seals, approvals, settings. Authorities not there yet are
    added, the CRLs and the status list are made anew, and the trust folder is brought up to date.

    Args:
        now: aware moment of making; certificates begin at its midnight in China.
        environ: where a password of one's own is looked for; without one, ``H/password`` is made.
        draw: (name, diameter in mm) → PNG of a demo imprint that says 测试专用.
        kinds: codes of the licence kinds that the standing approvals cover.
        lookup_hosts: hosts of QR addresses, for a new home.
        services: URL, without a slash at its end, at which the home's services will run (:mod:`certs.trial`), for a
            new home: its certificates name it for revocation lists and status. "" lets them name nothing.
        cost: of the keys' encryption.
        tell: called with each step done, in Chinese and English.

    Raises:
        DemoError: the folder is not a demo home, or an authority cannot be made as asked.
        HomeError, KeyStoreError: the password is missing or wrong.
        PictureError, ImprintError: an imprint cannot become a seal.
        RegistryError: the registry cannot be used, or refuses an act.
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
            asked = (services.removeprefix("http://"),) if services else ()
            store_config(home, Config(name="证印演示", demo=True, lookup_hosts=tuple(lookup_hosts),
                                      revocation=RevocationSettings(hosts=asked)))
        for folder in ("authorities", "actors", "chain", "crls", "approvals", "trust"):
            make_folder(home / folder)
        for own in (home, home / "actors", home / "chain", home / "crls", home / "trust"):
            sweep(own)
        files = DemoFiles(home=home, now=now, password=find_password(home, environ), cost=cost, told=tell,
                          services=services)
        files.make_cas()
        _check_services(files)
        files.renew_crls()
        files.make_services()
        files.write_trust()                         # a seal is taken only from a maker whom verifiers trust
        with open_registry(files) as registry:
            _check_kept(registry, authorities)
            _settle(registry)
            _make_seals(DemoOffice(files=files, registry=registry), authorities, imprints, tuple(kinds))
            files.write_trust()
            publish(registry, signer=status_signer(Home.open(home, environ=environ)), valid_for=LONGEST)
        files.tell(f"已更新信任目录 {home / 'trust'}", f"brought the trust folder {home / 'trust'} up to date")


def _check_services(files: DemoFiles) -> None:
    """Refuse another URL than the one that the certificates of the home name."""
    named = files.named_services()
    if files.services not in ("", named):
        zh, en = (f"已写定服务地址“{named}”", f"the services at {named}") if named else (
            "没有写服务地址", "no services")
        raise DemoError(
            DemoCode.OTHER_SERVICES,
            f"{files.home} 的证书{zh}，签发后不能改为“{files.services}”；请另建一个目录",
            f"the certificates of {files.home} name {en}, which is not turned into {files.services} once they are "
            "issued; make another home", path=str(files.home))


def _settle(registry: Registry) -> None:
    """Finish what killed runs and commands have left."""
    settle(registry, everything=True)
    with registry.transaction():                    # whoever writes there holds the registry's lock
        for folder in (registry.home / "authorities").iterdir():
            sweep(folder)


def _make_seals(
    office: DemoOffice, authorities: Sequence[DemoAuthority], imprints: Mapping[str, bytes], kinds: tuple[str, ...],
) -> None:
    office.staff({one.code: one.name for one in authorities})
    for one in authorities:
        if one.code in imprints:
            office.bring_into_use(one.code, one.name, imprint=imprints[one.code], diameter_mm=one.diameter_mm)
        else:
            office.files.tell(f"保留已有的“{one.name}”", f"kept {one.name}")
    for code, _ in Home.open(office.files.home, environ={}).authorities():
        office.approve(code, kinds)


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
        files = DemoFiles(home=home, now=now, password=read_password(home, environ))
        role = next((role for role in CA_ROLES if certificate.issued_by(files.ca(role).certificate)), None)
        if role is None:
            raise _not_demo(home)
        files.revoke(role, certificate.serial, reason)
        files.renew_crls()
        files.write_trust()


def trial_authority(home: Path, *, clock: Callable[[], datetime], environ: Mapping[str, str],
                    timestamps_last: timedelta | None = None) -> TrialAuthority:
    """Return the services of a demo home; what is revoked later is told as revoked.

    Args:
        clock: the present, aware.
        timestamps_last: gives the timestamp services new keys for this run alone, whose certificates end so soon.

    Raises:
        DemoError: ``demo.not-a-demo-home``; ``demo.no-services`` where an earlier version made the home.
        HomeError, KeyStoreError, FileError: as :func:`make_demo`.
    """
    with reported(home):
        _claim(home)
        if not (home / "ca").is_dir():
            raise _not_demo(home)
        if not (home / "responders").is_dir():
            raise DemoError(
                DemoCode.NO_SERVICES, f"{home} 还没有时间戳与证书状态的密钥，请先再执行一次 certs demo --home {home}",
                f"{home} has no keys for timestamps and certificate status yet: run certs demo --home {home} again",
                path=str(home))
        files = DemoFiles(home=home, now=clock(), password=read_password(home, environ))
        cas = {role: files.ca(role) for role in CA_ROLES}
        responders = {role: files.responder(role) for role in RESPONDERS}
    if timestamps_last is not None:
        now = clock().replace(microsecond=0)
        responders |= {f"tsa-{tree}": make_responder(
            f"tsa-{tree}", issuer=cas[f"{tree}-issuing"], now=now, until=now + timestamps_last) for tree in TREES}
    return TrialAuthority(cas=cas, responders=responders, revoked=files.revoked, clock=clock)


def certify(
    home: Path, request: CertificateRequest, *, now: datetime, environ: Mapping[str, str],
) -> Certificate:
    """Certify a request with the demo CA for keys of its kind.

    Raises:
        DemoError: ``demo.not-a-demo-home``.
        HomeError, KeyStoreError, FileError: as :func:`make_demo`.
    """
    with reported(home):
        _claim(home)
        if not (home / "ca").is_dir():
            raise _not_demo(home)
    files = DemoFiles(home=home, now=now, password=read_password(home, environ))
    issuer = files.ca("sm2-issuing" if request.public_key.kind == "sm2" else "p256-issuing")
    return certify_request(request, issuer=issuer, now=now)


def _not_demo(home: Path) -> DemoError:
    return DemoError(
        DemoCode.NOT_DEMO, f"{home} 不是由 certs demo 建立的演示目录，不作任何改动；请另选一个目录",
        f"{home} was not made by `certs demo` and is left alone; choose another folder", path=str(home))


def _claim(home: Path) -> None:
    """Refuse a folder that somebody else uses; one that is not there yet is free."""
    if (home / "config.toml").is_file():
        if not load_config(home).demo:
            raise _not_demo(home)
        if any((home / "authorities").glob("*/seal.esl")):
            raise DemoError(
                DemoCode.OLDER, f"{home} 是旧版本建立的演示目录，没有印章登记库；请删除它，或另选一个目录",
                f"{home} was made by an earlier version and has no registry of seals; remove it or choose another "
                "folder", path=str(home))
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
        if no_name(name) or len(name) > MAX_NAME:
            raise DemoError(
                DemoCode.NAME, f"机构名称“{name!r}”为空、超过 {MAX_NAME} 字，或含空白、控制字符，请更正",
                f"the organisation's name {name!r} is empty, longer than {MAX_NAME}, or has white space or "
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


def _check_kept(registry: Registry, authorities: Sequence[DemoAuthority]) -> None:
    """Refuse to turn an authority into another one: that is cancelling and making a new seal."""
    with registry.reading() as session:
        for authority in authorities:
            owner = session.get(Organisation, authority.code)
            if owner is None:
                continue
            if owner.name != authority.name:
                raise DemoError(
                    DemoCode.OTHER_NAME,
                    f"{authority.code} 在此目录中是“{owner.name}”，不能改为“{authority.name}”；"
                    "更名须注销旧章、另制新章（请用新目录）",
                    f"{authority.code} is {owner.name} in this home and is not turned into {authority.name}; "
                    "a new name needs a new seal (use a new folder)", authority=authority.code)
            if authority.imprint is not None and all(
                    authority.imprint != seal.imprint for seal in seals_of(session, authority.code)):
                raise DemoError(
                    DemoCode.OTHER_IMPRINT,
                    f"“{owner.name}”已有印章，印模不能更换；须注销旧章、另制新章（请用新目录）",
                    f"{owner.name} has a seal already, and an imprint is never exchanged; "
                    "make a new seal (use a new folder)", authority=authority.code)
