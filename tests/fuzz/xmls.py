"""XML with elements, attributes, texts and name spaces exchanged: mostly well-formed still."""

from __future__ import annotations

import random
import re

from tests.fuzz.raw import damage

__all__ = ["mutate"]

_TOKEN = re.compile(rb"<[^>]*>|[^<]+")
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")
_VALUES = (b"", b"0", b"-1", b"1e400", b"NaN", b"Infinity", b"99999999999999999999", b"0 0 210 297", b"0 0 0 0",
           b"1e308 1e308 1e308 1e308", b"/", b"../../etc/passwd", b"Doc_0/Document.xml", b"/OFD.xml", b"\\\\host\\a",
           b"http://a.example/", b"&amp;", b"&#x10FFFF;", b"&#0;", b"&lt;", "\u202e".encode(), "\ufeff".encode(),
           b"g 9999999 1", b"M 0 0 L 1 1 C", b"Q Q Q", b"%s%n", b"a" * 5000, b"true", b"2026-13-45", b"1 " * 3000)
_INSERTS = (b"<!-- -->", b"<?a b?>", b"<![CDATA[x]]>", b"<a/>", b"<ofd:Page/>", b"&a;", b"<a xmlns='urn:x'/>", b"\n\n",
            b"</ofd:Layer>", b"<ofd:Actions><ofd:Action Event='DO'><ofd:URI URI='a'/></ofd:Action></ofd:Actions>",
            b"<ofd:PageBlock>" * 300 + b"</ofd:PageBlock>" * 300, "\u3000".encode(), b"<a>" * 3000 + b"</a>" * 3000)
_HEADS = (b'<!DOCTYPE a [<!ENTITY a "bbbbbbbb"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>', b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
          b"\xef\xbb\xbf", b"<?xml version='1.1'?>", b"<?xml version='1.0' encoding='GBK'?>", b" ",
          b"<?xml version='1.0' encoding='nowhere'?>", b"<?xml-stylesheet href='a'?>")


def mutate(data: bytes, dice: random.Random, other: bytes = b"") -> bytes:
    """One change; ``other`` is XML that pieces may come from."""
    tokens = _TOKEN.findall(data[:400_000])
    if len(tokens) < 2:
        return damage(data, dice, other)
    rest = data[400_000:]
    place = dice.randrange(len(tokens))
    kind = dice.randrange(13)
    if kind == 0:
        del tokens[place]
    elif kind == 1:
        tokens.insert(dice.randrange(len(tokens)), tokens[place])
    elif kind == 2:
        swap = dice.randrange(len(tokens))
        tokens[place], tokens[swap] = tokens[swap], tokens[place]
    elif kind in (3, 4, 5):
        _attribute(tokens, dice)
    elif kind in (6, 7):
        begin, end = _element(tokens, place)
        piece = tokens[begin:end]
        if dice.random() < 0.5:
            del tokens[begin:end]
        if dice.random() < 0.7 and len(piece) < 2000:
            where = dice.randrange(len(tokens) + 1)
            tokens[where:where] = piece * dice.choice((1, 1, 2, 20))
    elif kind == 8:
        tokens.insert(place, dice.choice(_INSERTS))
    elif kind == 9:
        return _head(data, dice)
    elif kind == 10:
        texts = [number for number, token in enumerate(tokens) if not token.startswith(b"<") and token.strip()]
        if texts:
            tokens[dice.choice(texts)] = dice.choice(_VALUES)
    elif kind == 11:
        old = dice.choice((b"ofd:", b'xmlns:ofd="', b"http://www.ofdspec.org/2016", b"UTF-8"))
        return data.replace(old, dice.choice((b"", b"a:", b'xmlns="', b"http://www.ofdspec.org/2018", b"utf-16")),
                            dice.choice((1, 1, -1)))
    else:
        pieces = _TOKEN.findall(other[:100_000]) or tokens
        begin, end = _element(pieces, dice.randrange(len(pieces)))
        tokens[place:place + dice.randrange(2)] = pieces[begin:end][:500]
    return b"".join(tokens) + rest


def _attribute(tokens: list[bytes], dice: random.Random) -> None:
    """Give one attribute another value, another name, or a twin."""
    marked = [number for number, token in enumerate(tokens) if b"=" in token and token.startswith(b"<")]
    if not marked:
        return
    place = dice.choice(marked)
    found = list(_ATTRIBUTE.finditer(tokens[place]))
    if not found:
        return
    one, token = dice.choice(found), tokens[place]
    from_elsewhere = _ATTRIBUTE.search(tokens[dice.choice(marked)])
    value = dice.choice((*_VALUES, from_elsewhere[2][1:-1] if from_elsewhere else b"7", damage(one[2][1:-1], dice)))
    kind = dice.randrange(4)
    if kind < 2:
        tokens[place] = token[:one.start(2)] + b'"' + value + b'"' + token[one.end(2):]
    elif kind == 2:
        tokens[place] = token[:one.start()] + token[one.end():]
    else:
        name = from_elsewhere[1] if from_elsewhere else b"ID"
        tokens[place] = token[:one.start()] + name + b'="' + value + b'" ' + token[one.start():]


def _element(tokens: list[bytes], place: int) -> tuple[int, int]:
    """The element that begins at or behind ``place``, as a range of tokens."""
    while place < len(tokens) - 1 and (not tokens[place].startswith(b"<") or tokens[place].startswith((b"</", b"<?"))):
        place += 1
    depth = 0
    for number in range(place, len(tokens)):
        token = tokens[number]
        if token.startswith(b"</"):
            depth -= 1
        elif token.startswith(b"<") and not token.endswith(b"/>"):
            depth += 1
        if depth <= 0:
            return place, number + 1
    return place, place + 1


def _head(data: bytes, dice: random.Random) -> bytes:
    """Another beginning, or another encoding."""
    kind = dice.randrange(4)
    if kind == 0:
        declared = re.match(rb"<\?xml[^>]*\?>", data)
        return dice.choice(_HEADS) + data[declared.end() if declared else 0:]
    if kind == 1:
        declared = re.match(rb"<\?xml[^>]*\?>\s*", data)
        end = declared.end() if declared else 0
        return data[:end] + dice.choice(_HEADS) + data[end:]
    text = data.decode("utf-8", "replace")
    if kind == 2:
        return text.encode(dice.choice(("utf-16", "utf-16-be", "utf-32", "gb18030", "utf-7")), "replace")
    return data + dice.choice((b"<a/>", b"\0", b"<!-- -->", data))
