"""SM2 arithmetic in plain Python integers: parameters, point checks, verification.

Not constant time, therefore never used with a private key. It verifies anywhere, and judges libcrypto's
known answers. Curve and formulas: GB/T 32918.2-2016, GB/T 32918.5-2017.
"""

from __future__ import annotations

import functools
from typing import Final

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

_Jacobian = tuple[int, int, int]
_INFINITY: Final[_Jacobian] = (1, 1, 0)
_WINDOW: Final = 4


def point_from_bytes(public: bytes) -> tuple[int, int] | None:
    """The affine point of an uncompressed public key, or None if it is not one on the curve.

    Exactly 65 bytes ``04 || x || y`` with both coordinates below p; the point at infinity has no such form.
    """
    if len(public) != 65 or public[0] != 4:
        return None
    x, y = int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big")
    if x >= P or y >= P or (y * y - (x * x * x + A * x + B)) % P:
        return None
    return x, y


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z or not y:
        return _INFINITY
    yy, zz = y * y % P, z * z % P
    s = 4 * x * yy % P
    m = 3 * (x - zz) * (x + zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(left: _Jacobian, right: _Jacobian) -> _Jacobian:
    x1, y1, z1 = left
    x2, y2, z2 = right
    if not z1:
        return right
    if not z2:
        return left
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    if u1 == u2:
        return _double(left) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


@functools.lru_cache(maxsize=256)
def _table(x: int, y: int) -> tuple[_Jacobian, ...]:
    """0 to 15 times a point."""
    base: _Jacobian = (x, y, 1)
    table = [_INFINITY, base]
    for _ in range((1 << _WINDOW) - 2):
        table.append(_add(table[-1], base))
    return tuple(table)


def double_multiply(s: int, t: int, point: tuple[int, int]) -> tuple[int, int] | None:
    """``s*G + t*point`` in affine coordinates, None at infinity."""
    base, other = _table(GX, GY), _table(*point)
    total = _INFINITY
    for shift in range(252, -1, -_WINDOW):
        if total[2]:
            for _ in range(_WINDOW):
                total = _double(total)
        digit_s, digit_t = s >> shift & 15, t >> shift & 15
        if digit_s:
            total = _add(total, base[digit_s])
        if digit_t:
            total = _add(total, other[digit_t])
    x, y, z = total
    if not z:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def verify_digest(point: tuple[int, int], digest: bytes, r: int, s: int) -> bool:
    """GB/T 32918.2 clause 7.1, steps B1 to B7, on ``digest`` = SM3(Z || M)."""
    if not (0 < r < N and 0 < s < N):
        return False
    t = (r + s) % N
    if not t:
        return False
    total = double_multiply(s, t, point)
    return total is not None and (int.from_bytes(digest, "big") + total[0] - r) % N == 0
