"""What can be wrong with a token, told in our words: faults of PKCS#11 modules by what to do about them."""

from __future__ import annotations

import enum
from typing import Final

from certs.pin import PinCode, PinError
from codes.errors import EngineError

__all__ = ["TokenCode", "TokenError", "last_try", "locked", "not_there", "told"]


class TokenCode(enum.StrEnum):
    """Codes of :class:`TokenError`."""

    NO_LIBRARY = "token.no-library"
    NO_MODULE = "token.no-module"
    NOT_FOUND = "token.not-found"
    AMBIGUOUS = "token.ambiguous"
    REMOVED = "token.removed"
    FULL = "token.full"
    NO_SESSION = "token.no-session"
    WRITE_PROTECTED = "token.write-protected"
    NO_KEY = "token.no-key"
    TWO_KEYS = "token.two-keys"
    NO_PUBLIC_KEY = "token.no-public-key"
    LABEL_TAKEN = "token.label-taken"
    UNSUPPORTED = "token.unsupported"
    FAILED = "token.failed"


class TokenError(EngineError):
    """A token or its key cannot be used."""


_AWAY: Final = frozenset({
    "DeviceRemoved", "TokenNotPresent", "TokenNotRecognised", "SlotIDInvalid", "NoSuchToken"})
_FULL: Final = frozenset({"DeviceMemory"})
_SESSIONS: Final = frozenset({"SessionCount"})
_PROTECTED: Final = frozenset({"TokenWriteProtected", "SessionReadOnly"})
_UNSUPPORTED: Final = frozenset({
    "MechanismInvalid", "MechanismParamInvalid", "FunctionNotSupported", "KeyTypeInconsistent", "KeySizeRange",
    "DomainParamsInvalid"})


def told(error: Exception, token: str, *, away: bool) -> EngineError:
    """Return our error for one of python-pkcs11.

    Args:
        token: how the token is called; away: it was there before.
    """
    name = type(error).__name__
    if name in _AWAY:
        return not_there(token, away=away)
    if name == "PinLocked":
        return locked(token)
    if name in _FULL:
        return TokenError(
            TokenCode.FULL, f"令牌 {token} 空间已满，未生成密钥；请删除不再使用的密钥，或换用另一令牌",
            f"token {token} is full, no key was made: delete keys that are no longer used, or take another token",
            token=token)
    if name in _SESSIONS:
        return TokenError(
            TokenCode.NO_SESSION, f"令牌 {token} 的会话已用尽，未签名；请结束其他占用者，或减少同时运行的进程后重试",
            f"token {token} has no session left, nothing was signed: end others that use it, or run fewer processes, "
            "then repeat", token=token)
    if name in _PROTECTED:
        return TokenError(
            TokenCode.WRITE_PROTECTED, f"令牌 {token} 为只读，未生成密钥；请解除写保护或换用另一令牌",
            f"token {token} is write-protected, no key was made: lift the protection or take another token",
            token=token)
    if name in _UNSUPPORTED:
        return TokenError(
            TokenCode.UNSUPPORTED, f"令牌 {token} 不支持所需的算法或密钥（{name}），请换用支持 P-256 或 RSA 签名的令牌",
            f"token {token} does not support the algorithm or key ({name}): take one that signs with P-256 or RSA",
            token=token)
    return TokenError(
        TokenCode.FAILED, f"令牌 {token} 报告错误（{name}），操作未完成；请检查令牌与驱动后重试",
        f"token {token} reports a fault ({name}) and nothing was done: check token and driver, then repeat",
        token=token, fault=name)


def not_there(token: str, *, away: bool) -> TokenError:
    """Make the refusal of a token that is not there; ``away``: it was before."""
    if away:
        return TokenError(
            TokenCode.REMOVED, f"令牌 {token} 已拔出或失去连接，操作未完成；请重新插入后重试",
            f"token {token} was removed or is out of reach, and nothing was done: put it back and repeat", token=token)
    return TokenError(
        TokenCode.NOT_FOUND,
        f"找不到令牌 {token}；请插入令牌，或用 zhengyin certs keys list 查看现有令牌并更正密钥引用",
        f"token {token} is not there: put it in, or see with `zhengyin certs keys list` which are and correct the key "
        "reference", token=token)


def locked(token: str) -> PinError:
    """Make the refusal of a token whose PIN is locked."""
    return PinError(
        PinCode.LOCKED, f"令牌 {token} 的口令已被锁定，请由令牌管理员解锁",
        f"the PIN of token {token} is locked: have the token's security officer unlock it", token=token)


def last_try(token: str) -> PinError:
    """Make the refusal of a token whose PIN may be tried once more before it locks: that try is a person's."""
    return PinError(
        PinCode.LAST_TRY, f"令牌 {token} 只剩最后一次口令尝试机会，程序不会使用；请人工用正确口令登录一次后重试",
        f"token {token} has one try of its PIN left, which is not spent here: log in once by hand with the right PIN, "
        "then repeat", token=token)
