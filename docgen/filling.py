"""Filling in a template: from its source and the printed values to text, by Jinja2.

A template is a program, and whatever it raises is its own fault: every exception becomes one error with a line of the
source. How long a template runs and how much memory it takes is bounded by :mod:`docgen.apart`, not here.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from types import CodeType

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from docgen.template_errors import TemplateErrorCode
from docgen.template_marks import marked
from layouts.kind_faults import safe

__all__ = ["MAX_OUTPUT", "Filler", "FillingError"]

MAX_OUTPUT = 1_000_000
"""Characters of a filled template at most."""

_LONGEST = 200                          # characters of what Python says that are told
_DEBUG = re.compile(r"^debug_info = '([0-9=&]*)'", re.MULTILINE)


class FillingError(Exception):
    """A template that cannot be filled in.

    ``line`` is the line of its source; ``code`` says whether it is no template, failed while it was carried out, or
    came to a limit.
    """

    def __init__(self, line: int, zh: str, en: str, code: TemplateErrorCode = TemplateErrorCode.MALFORMED) -> None:
        super().__init__(en)
        self.line, self.zh, self.en, self.code = line, zh, en, code


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox; what Python refuses of the code made of a template is told with the template's line."""

    def _compile(self, source: str, filename: str) -> CodeType:
        try:
            return super()._compile(source, filename)
        except SyntaxError as error:
            raise FillingError(_source_line(source, error.lineno or 1), f"模板嵌套过深（{error.msg}）",
                               f"the template is nested too deeply ({error.msg})") from error


class Filler:
    """A template, compiled once and filled in for each licence.

    Raises:
        FillingError: it is no template.
    """

    def __init__(self, text: str) -> None:
        environment = _Environment(autoescape=True, undefined=StrictUndefined)
        tree = _tree(environment, marked(text))
        try:
            self._jinja = environment.from_string(tree)
        except FillingError:
            raise
        except TemplateSyntaxError as error:
            raise _syntax(error) from error
        except RecursionError as error:
            raise _too_deep(_node_line(error, tree)) from error
        except Exception as error:                          # constants are reckoned with while a template is compiled
            raise _of_python(_node_line(error, tree), error) from error

    def fill(self, kind: str, values: Mapping[str, str]) -> str:
        """The text that the template makes of these values.

        Args:
            kind: the kind's code.
            values: label → printed text of every field of the kind.

        Raises:
            FillingError: what went wrong, with the line in which it did.
        """
        pieces, size = [], 0
        try:
            for piece in self._jinja.generate(kind=kind, values=values):
                size += len(piece)
                if size > MAX_OUTPUT:
                    raise FillingError(1, f"填充后超过 {MAX_OUTPUT} 个字符",
                                       f"the filled template is longer than {MAX_OUTPUT} characters")
                pieces.append(piece)
        except FillingError:
            raise
        except Exception as error:
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
                     if frame.filename == "<template>"]
            raise _of_python((lines[-1] if lines else None) or 1, error, TemplateErrorCode.FILLING) from error
        return "".join(pieces)


def _tree(environment: _Environment, source: str) -> nodes.Template:
    parser = None
    try:
        parser = Parser(environment, source)
        return parser.parse()
    except TemplateSyntaxError as error:
        raise _syntax(error) from error
    except Exception as error:                              # a number too long, expressions nested too deeply
        line = parser.stream.current.lineno if parser is not None else 1
        if isinstance(error, RecursionError):
            raise _too_deep(line) from error
        raise _of_python(line, error) from error


def _syntax(error: TemplateSyntaxError) -> FillingError:
    words = _told(error.message or "")
    return FillingError(error.lineno, f"Jinja2 语法有误（{words}）", f"the Jinja2 syntax is wrong ({words})")


def _too_deep(line: int) -> FillingError:
    return FillingError(line, "模板嵌套过深", "the template is nested too deeply")


def _of_python(line: int, error: Exception, code: TemplateErrorCode = TemplateErrorCode.MALFORMED) -> FillingError:
    if isinstance(error, MemoryError):
        return FillingError(line, "内存不足，已停止；请检查此处的循环和文字",
                            "out of memory and stopped; look at the loops and texts here", TemplateErrorCode.LIMIT)
    words = _told(str(error) or type(error).__name__)
    return FillingError(line, f"填充失败（{words}）", f"filling in failed ({words})", code)


def _told(words: str) -> str:
    """What a program said, fit for a message."""
    return safe(words if len(words) <= _LONGEST else words[:_LONGEST - 1] + "…")


def _source_line(code: str, line: int) -> int:
    """The template's line behind a line of the code that was made of it."""
    found = _DEBUG.search(code)
    pairs = [pair.split("=") for pair in found[1].split("&") if pair] if found else []
    before = [int(source) for source, made in pairs if int(made) <= line]
    return before[-1] if before else 1


def _node_line(error: Exception, tree: nodes.Template) -> int:
    """The line of the node that the compiler was at; where Python's own compiler gave up, that of the deepest one."""
    line, trace = None, error.__traceback__
    while trace is not None:
        node = trace.tb_frame.f_locals.get("node")
        if isinstance(node, nodes.Node) and not isinstance(node, nodes.Template):
            line = node.lineno
        trace = trace.tb_next
    return _deepest_line(tree) if line is None else line


def _deepest_line(tree: nodes.Node) -> int:
    """The line of what is nested most deeply; without recursion, which has just failed on this tree."""
    waiting: list[tuple[int, nodes.Node]] = [(0, tree)]
    deepest, line = -1, 1
    while waiting:
        depth, node = waiting.pop()
        if depth > deepest:
            deepest, line = depth, node.lineno
        waiting += [(depth + 1, child) for child in node.iter_child_nodes()]
    return line
