"""One question to a signer, answered: known, in order, allowed, counted, signed; in this order, and told in a log.

Nothing of a message is logged but its SM3. What was refused is logged too.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from certs.approval import ApprovalCode
from certs.canonical_json import JSON
from certs.home import Home
from certs.remote_wire import RemoteCode, RemoteError, malformed
from certs.seal import SealCode
from certs.sm3 import sm3
from codes.errors import EngineError
from signer.counts import Counts, Use
from signer.leave import Leaves
from signer.purpose import require_purpose
from signer.room import HeldKey, KeyRoom, no_key
from signer.settings import Client, Peer, Settings, SettingsFile

__all__ = ["Answer", "Desk", "refusal"]

Answer = tuple[Mapping[str, JSON], bytes]
Log = Callable[[str, Mapping[str, JSON]], None]
_LONGEST_NAME: Final = 128
_LONGEST: Final = 1000
_TOLD: Final = 100
_TELLING_S: Final = 5.0
_MINUTE: Final = timedelta(minutes=1)
_NOTED_A_MINUTE: Final = 60
_FACTS: Final = frozenset({"approval", "seal", "key", "chain"})
_MEMBERS: Final = {
    "key": frozenset({"op", "key"}), "sign": frozenset({"op", "key", "approval"}),
    "health": frozenset({"op", "after"})}


class Desk:
    """Answers for one home; safe to share between threads."""

    def __init__(self, home: Home, counts: Counts, *, log: Log) -> None:
        """Take over a home's keys.

        Args:
            log: takes an event (``signed``, ``refused``) and its facts.
        """
        self._home, self._counts, self._log = home, counts, log
        self._settings = SettingsFile(home.path)
        self._room, self._leaves = KeyRoom(home), Leaves(home)
        self._lock = threading.Lock()
        self._noted: dict[str, tuple[datetime, int]] = {}

    def require_settings(self) -> None:
        """Refuse to begin with settings that are not right.

        Raises:
            RemoteError: ``signer.settings``.
            FileError: there are none.
        """
        self._settings.read()

    def names(self) -> list[str]:
        """Return the names of the keys that a client may use.

        Raises:
            RemoteError: ``signer.settings``.
            FileError: settings or home cannot be read.
        """
        clients = self._settings.read().clients
        return [name for name in self._room.names() if any(client.may_use(name) for client in clients)]

    def open(self, name: str) -> EngineError | None:
        """Open a key; returns what is wrong with it, None for nothing."""
        try:
            self._room.get(name)
        except EngineError as error:
            return error
        except Exception as error:
            return _internal(error)
        return None

    def client(self, peer: Peer) -> Client:
        """Return who that is, by the settings of this moment.

        Raises:
            RemoteError: ``signer.stranger``, ``signer.settings``.
        """
        client = self._settings.read().client(peer)
        if client is None:
            raise RemoteError(
                RemoteCode.STRANGER, f"签名进程不认识 {peer}，请在 signer.toml 中登记该客户端",
                f"the signer does not know {peer}: enter this client in signer.toml")
        return client

    def answer(self, peer: Peer, head: Mapping[str, JSON], body: bytes) -> Answer:
        """Answer a question; whatever goes wrong is an answer too."""
        facts: dict[str, JSON] = {"peer": str(peer), "op": _shown(head.get("op")), "key": _shown(head.get("key"))}
        if head.get("op") == "sign":
            facts |= {"approval": _shown(head.get("approval")), "message": sm3(body).hex()}
        try:
            settings, client = self._settings.read(), self.client(peer)
            facts["client"] = client.name
            return self._answer(settings, client, head, body, facts)
        except EngineError as error:
            self._log("refused", {**facts, "code": error.code.value, "reason": error.en})
            self._note(facts, error)
            return refusal(error)
        except Exception as error:
            self._log("failed", {**facts, "error": type(error).__name__})
            return refusal(_internal(error))

    def _note(self, facts: Mapping[str, JSON], error: EngineError) -> None:
        """Keep a refused signature in the audit log; of one client so many a minute, so that none fills the disk."""
        client, now = facts.get("client"), self._home.clock()
        if not isinstance(client, str) or facts["op"] != "sign":
            return
        with self._lock:
            minute, noted = self._noted.get(client, (now, 0))
            if abs(now - minute) >= _MINUTE:
                minute, noted = now, 0
            self._noted[client] = (minute, noted + 1)
        if noted < _NOTED_A_MINUTE:
            with contextlib.suppress(EngineError):          # the refusal stands, logged or not
                self._counts.note_refusal(
                    {"client": client, "code": error.code.value,
                     **{key: facts[key] for key in ("key", "approval", "message")}}, at=now)

    def _answer(
        self, settings: Settings, client: Client, head: Mapping[str, JSON], body: bytes, facts: dict[str, JSON],
    ) -> Answer:
        op, key = head.get("op"), head.get("key", "")
        members = _MEMBERS.get(op) if isinstance(op, str) else None
        if members is None or members != set(head) or not isinstance(key, str) or (body and op != "sign"):
            raise malformed("不是规定的请求", "asks nothing that is known")
        if op == "health":
            return self._health(client, head["after"])
        if len(key) > _LONGEST_NAME or not client.may_use(key):
            raise no_key(_shown(key))
        held = self._room.get(key)
        if op == "key":
            return {"ok": True, "algorithm": held.key.algorithm}, held.key.spki
        approval = head["approval"]
        if not isinstance(approval, str) or len(approval) > _LONGEST_NAME:
            raise malformed("中的用印审批编号不对", "names no approval")
        return self._sign(settings, client, held, approval, body, facts)

    def _sign(
        self, settings: Settings, client: Client, held: HeldKey, approval: str, message: bytes, facts: dict[str, JSON],
    ) -> Answer:
        now = self._home.clock()
        at = require_purpose(held, message, now=now)
        self._room.require_usable(held, at=at, now=now)
        use = Use(
            approval=approval if held.seal else "", role=held.role, key=held.name, message=sm3(message),
            client=client.name, at=now, limits={f"client {client.name}": client.limits} | (
                {f"seal {held.seal_id}": settings.seals[held.seal_id]} if held.seal_id in settings.seals else {}))
        leave = self._leaves.find(approval, held) if held.seal else None

        def require(used: Mapping[str, int]) -> None:
            if leave is not None:
                leave.require(held, at=at, now=now, used=used)

        counted = self._counts.count(use, require)
        try:
            signature = held.key.sign(message)
        except Exception:
            if counted:
                with contextlib.suppress(EngineError):      # then it stays counted
                    self._counts.give_back(use)
            raise
        self._log("signed", {**facts, "counted": counted})
        return {"ok": True, "message": use.message.hex()}, signature

    def _health(self, client: Client, after: JSON) -> Answer:
        """Prove the keys that the client may use, in the order of their names, and say what is wrong with each.

        Args:
            after: of the key that was told last; "" to begin. One answer has a hundred keys at most, and fewer where
                they take long; whether there are ``more`` it says.
        """
        if not isinstance(after, str) or len(after) > _LONGEST_NAME:
            raise malformed("中的 after 不对", "has no name in after")
        self._counts.keep()
        keys: dict[str, JSON] = {}
        end = time.monotonic() + _TELLING_S
        for name in sorted(filter(client.may_use, self._room.names())):
            if name <= after:
                continue
            if len(keys) == _TOLD or (keys and time.monotonic() >= end):
                return {"ok": True, "ready": True, "keys": keys, "more": True}, b""
            keys[name] = self._proven(name)
        return {"ok": True, "ready": True, "keys": keys, "more": False}, b""

    def _proven(self, name: str) -> str:
        """Return what is wrong with a key; "" where it may sign now, and has signed a trial text."""
        now = self._home.clock()
        try:
            held = self._room.get(name)
            self._room.require_usable(held, at=now, now=now)
            self._room.prove(held)
        except EngineError as error:
            return error.code.value
        return ""


def refusal(error: EngineError) -> Answer:
    """Make the answer that an error is; of what is amiss inside the signer's home a client is told the code alone."""
    if error.code not in {*RemoteCode, *ApprovalCode, *SealCode}:
        error = RemoteError(
            RemoteCode.KEY_FAILED, f"签名进程自身有问题（{error.code.value}），没有签名；详见其日志",
            f"something is amiss at the signer ({error.code.value}), so nothing is signed: see its log")
    facts: dict[str, JSON] = {key: value[:_LONGEST_NAME] for key, value in error.facts.items() if key in _FACTS}
    return {"ok": False, "code": error.code.value, "zh": error.zh[:_LONGEST], "en": error.en[:_LONGEST],
            "facts": facts}, b""


def _internal(error: Exception) -> RemoteError:
    return RemoteError(
        RemoteCode.INTERNAL, f"签名进程内部错误（{type(error).__name__}），没有签名，请报告",
        f"an internal error of the signer ({type(error).__name__}), nothing is signed: please report it")


def _shown(value: JSON) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""
