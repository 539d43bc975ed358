"""The files of a demonstration home: its PKI, its revocation lists, the keys of its persons, and the trust folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from certs.config import HomeCode, HomeError, Password, load_config, read_password
from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl, Revocation, build_crl
from certs.demo_pki import (
    RESPONDERS,
    TREES,
    KeyPair,
    make_cas,
    make_person,
    make_responder,
    make_service,
    with_addresses,
)
from certs.files import make_folder, publish_folder, read_file, sweep, write_atomic
from certs.keystore import ScryptCost, load_key, seal_key
from certs.signer import LocalSigner
from certs.trust import key_id
from certs.x509 import MAX_BYTES, Certificate
from codes.errors import EngineError

__all__ = ["CA_ROLES", "CRL_DAYS", "DemoFiles", "find_password"]

CRL_DAYS: Final = 366
"""How long a demo CRL says it is good for; a real CA's is days."""
CA_ROLES: Final = tuple(f"{tree}-{place}" for tree in TREES for place in ("root", "issuing"))
_SERVICES: Final = "services.json"


def find_password(home: Path, environ: Mapping[str, str]) -> Password:
    """Return the password that the environment or the home holds; make one for a new home."""
    try:
        return read_password(home, environ)
    except HomeError as error:
        if error.code is not HomeCode.NO_PASSWORD or (home / "ca").exists():
            raise
    write_atomic(home / "password", (secrets.token_urlsafe(32) + "\n").encode(), mode=0o600)
    return read_password(home, environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFiles:
    """One run over the files of a home: ``now`` is aware, ``told`` is called with each step done; ``services`` is the
    URL of the services that certificates of a new home are to name, "" for none."""

    home: Path
    now: datetime
    password: Password
    cost: ScryptCost | None = None
    told: Callable[[str, str], None] | None = None
    services: str = ""
    pairs: dict[Path, KeyPair] = field(default_factory=dict, repr=False)

    def tell(self, zh: str, en: str) -> None:
        """Pass on what was done."""
        if self.told:
            self.told(zh, en)

    def pair(self, path: Path) -> KeyPair:
        """Return the key ``path`` with its certificate beside it, decrypted once a run."""
        if path not in self.pairs:
            self.pairs[path] = KeyPair(key=load_key(path, self.password),
                                       certificate=_certificate(path.with_suffix(".cer")))
        return self.pairs[path]

    def ca(self, role: str) -> KeyPair:
        """Return a CA or the seal maker."""
        return with_addresses(self.pair(self.home / "ca" / f"{role}.key"), role, self.named_services())

    def named_services(self) -> str:
        """Return the URL that the certificates of this home name for lists and answers; "" when they name none."""
        path = self.home / "ca" / _SERVICES
        return str(json.loads(read_file(path, max_bytes=1 << 16))["url"]) if path.is_file() else ""

    def responder(self, role: str) -> KeyPair:
        """Return one of :data:`certs.demo_pki.RESPONDERS`."""
        return self.pair(self.home / "responders" / f"{role}.key")

    def signer(self, person: str) -> LocalSigner:
        """Return the signer of a demo person, by the name of the folder in ``actors``."""
        pair = self.pair(self.home / "actors" / person / "actor.key")
        return LocalSigner(pair.certificate, pair.key)

    def encrypted(self, pair: KeyPair) -> tuple[Certificate, bytes]:
        """Return the certificate and the encrypted key file of a pair."""
        return pair.certificate, seal_key(pair.key, self.password, cost=self.cost)

    def make_cas(self) -> None:
        """See that there are CAs, and their certificates in ``chain/``."""
        folder = self.home / "ca"
        if folder.is_dir():
            self.ca("sm2-issuing")                  # the password is that of this home, or nothing is done
        else:
            extra = {_SERVICES: (json.dumps({"url": self.services}).encode(), 0o644)} if self.services else {}
            self._publish(folder, make_cas(self.now, self.services), extra)
            self.tell("已建立演示根证书、签发中心和制章中心", "made demo roots, issuing CAs and the seal maker")
        for path in sorted(folder.glob("*.cer")):
            _put(self.home / "chain" / path.name, path.read_bytes())

    def make_services(self) -> None:
        """See that there are keys for checkpoints of the audit log, for the status list, and for the services that
        stamp time and answer for certificates."""
        for role in ("audit", "status"):
            self._keep_pair(self.home / role, role,
                            partial(make_service, role, issuer=self.ca("sm2-issuing"), now=self.now))
        if not (self.home / "responders").is_dir():
            self._publish(self.home / "responders", {
                role: make_responder(role, issuer=self.ca(f"{role.rpartition('-')[2]}-issuing"), now=self.now)
                for role in RESPONDERS})

    def make_person(self, person: str, name: str, *, unit: str, code: str) -> Certificate:
        """See that a demo person has key and certificate in ``actors/<person>``; return the certificate."""
        folder = self.home / "actors" / person
        self._keep_pair(folder, "actor", partial(
            make_person, name, unit=unit, code=code, issuer=self.ca("sm2-issuing"), now=self.now))
        return _certificate(folder / "actor.cer")

    def _keep_pair(self, folder: Path, name: str, make: Callable[[], KeyPair]) -> None:
        """Make a folder with a key and its certificate appear, unless it is there."""
        if not folder.is_dir():
            self._publish(folder, {name: make()})

    def _publish(
        self, folder: Path, made: Mapping[str, KeyPair], extra: Mapping[str, tuple[bytes, int]] | None = None,
    ) -> None:
        """Make a folder with keys and their certificates appear, whole."""
        files = dict(extra or {})
        for name, pair in made.items():
            certificate, key = self.encrypted(pair)
            files |= {f"{name}.cer": (certificate.der, 0o644), f"{name}.key": (key, 0o600)}
        publish_folder(folder, files)
        self.pairs.update({folder / f"{name}.key": pair for name, pair in made.items()})

    def revoked(self) -> dict[str, dict[int, Revocation]]:
        """Return CA → serial number → revocation."""
        path = self.home / "ca" / "revoked.json"
        if not path.is_file():
            return {}
        content = json.loads(read_file(path, max_bytes=1 << 20))
        return {
            role: {int(serial, 16): Revocation(
                revoked_at=datetime.fromisoformat(entry["at"]), reason=entry["reason"])
                for serial, entry in entries.items()}
            for role, entries in content.items()}

    def revoke(self, role: str, serial: int, reason: str) -> None:
        """Note a revocation by the CA ``role``; the first one stands."""
        revoked = self.revoked()
        revoked.setdefault(role, {}).setdefault(
            serial, Revocation(revoked_at=self.now.replace(microsecond=0), reason=reason))
        content = {role: {f"{serial:x}": {"at": entry.revoked_at.isoformat(), "reason": entry.reason}
                          for serial, entry in entries.items()} for role, entries in revoked.items()}
        write_atomic(self.home / "ca" / "revoked.json", json.dumps(content, indent=2).encode())

    def renew_crls(self) -> None:
        """Make every CA's list anew, numbered one higher than the last."""
        revoked = self.revoked()
        for role in CA_ROLES:
            path, ca = self.home / "crls" / f"{role}.crl", self.ca(role)
            number = 1 + max(map(_number, (path, self.home / "trust" / "crls" / path.name)))
            crl = build_crl(
                issuer=ca.certificate, issuer_key=ca.key, this_update=self.now,
                next_update=self.now + timedelta(days=CRL_DAYS), number=number, revoked=revoked.get(role, {}),
                expired_since=ca.certificate.not_before)
            write_atomic(path, crl.der, mode=0o644)
        self.tell(f"已更新证书撤销列表（{CRL_DAYS} 天内有效）",
                  f"renewed the revocation lists (good for {CRL_DAYS} days)")

    def write_trust(self) -> None:
        """Bring the trust folder up to date, file by file."""
        home, trust, config = self.home, self.home / "trust", load_config(self.home)
        about = {"name": config.name, "lookup_hosts": list(config.lookup_hosts)}
        files = {"trust.json": json.dumps(about, ensure_ascii=False, indent=2).encode()}
        places = {"intermediates": ("sm2-issuing", "p256-issuing"), "seal-makers": ("seal-maker",),
                  "roots": ("sm2-root", "p256-root"), "tsa": ("sm2-root", "p256-root")}
        for folder, roles in places.items():
            files |= {f"{folder}/{role}.cer": _certificate(home / "ca" / f"{role}.cer").der for role in roles}
        status = _certificate(home / "status" / "status.cer")
        files[f"status-signers/{status.fingerprint[:16]}.cer"] = status.der
        for path in sorted((home / "authorities").glob("*/[!.]*/data.cer")):
            certificate = _certificate(path)
            files[f"data-signing/{key_id(certificate).hex()}.cer"] = certificate.der
        for path in sorted((home / "crls").glob("*.crl")):
            files[f"crls/{path.name}"] = path.read_bytes()
        for name, data in files.items():
            make_folder((trust / name).parent, mode=0o755)
            sweep((trust / name).parent)
            _put(trust / name, data)


def _put(path: Path, data: bytes) -> None:
    """Write what is not there already; public data, mode 0644."""
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data, mode=0o644)


def _number(path: Path) -> int:
    """Return the number of a revocation list; 0 where there is none, or a damaged one."""
    try:
        return Crl.load(read_file(path, max_bytes=MAX_CRL)).number or 0
    except EngineError:
        return 0


def _certificate(path: Path) -> Certificate:
    return Certificate.load(read_file(path, max_bytes=MAX_BYTES))
