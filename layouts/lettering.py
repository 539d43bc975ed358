"""One-stroke capitals for microtext: lines of letters too small to be copied. Lengths are mm."""

from __future__ import annotations

from layouts.engraving import polyline

_HEIGHT = 12        # of the grid that the letters stand on
_GAP = 4            # from the right of a letter to the left of the next
_SPACE = 8          # instead of a letter; a gap stands on either side

# The strokes of a letter, separated by spaces, as points "xy" in hexadecimal, y down; one that comes back to its
# beginning is closed. Each letter is as wide as its rightmost point. Corners that would be sharp are cut flat:
# mitred they would reach over the line, or be cut by one program and not by another.
_LETTERS = {
    "A": "0c,30,50,8c 18,78", "B": "06,66,84,82,60,00,0c,6c,8a,88,66", "C": "80,00,0c,8c", "D": "00,50,84,88,5c,0c,00",
    "E": "80,00,0c,8c 06,66", "F": "80,00,0c 06,66", "G": "80,00,0c,8c,86,46", "H": "00,0c 80,8c 06,86", "I": "00,0c",
    "J": "80,8c,0c,08", "K": "00,0c 80,16,8c", "L": "00,0c,8c", "M": "0c,00,10,47,57,80,90,9c",
    "N": "0c,00,10,7c,8c,80", "O": "00,0c,8c,80,00", "P": "0c,00,80,86,06", "Q": "00,0c,8c,80,00 58,8c",
    "S": "80,00,06,86,8c,0c", "T": "00,80 40,4c", "U": "00,0c,8c,80", "W": "00,1c,2c,54,64,9c,ac,b0",
    "X": "00,8c 80,0c", "Y": "00,46,80 46,4c", "Z": "00,80,82,0a,0c,8c",
}


def _strokes(letter: str) -> list[list[tuple[int, int]]]:
    return [[(int(xy[0], 16), int(xy[1], 16)) for xy in one.split(",")] for one in _LETTERS[letter].split()]


def _breadth(letter: str) -> int:
    return _SPACE if letter == " " else max(x for one in _strokes(letter) for x, _ in one)


def microtext_width(text: str, height: float) -> float:
    """How long a line of capitals and spaces is, from the first letter's left to the last one's right."""
    return (sum(map(_breadth, text)) + _GAP * (len(text) - 1)) * height / _HEIGHT


def microtext(x: float, y: float, height: float, text: str) -> str:
    """A line of tiny capitals and spaces from x, all of them equally far apart; y is the top."""
    unit, out = height / _HEIGHT, list[str]()
    for letter in text:
        for one in _strokes(letter) if letter != " " else ():
            closed = one[0] == one[-1]
            out.append(polyline([(x + right * unit, y + down * unit) for right, down in one[:-1 if closed else None]],
                                closed=closed))
        x += (_breadth(letter) + _GAP) * unit
    return "".join(out)
