"""C++ as the rules look at it: a file with its comments and texts blanked, every line in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """`name` is the path inside the repository."""

    name: str
    text: str

    @property
    def code(self) -> str:
        """Without comments, directives and what stands in quotes; as many lines as before."""
        return _DIRECTIVE.sub(_blank, _TOKEN.sub(_blank, self.text))

    @property
    def uncommented(self) -> str:
        """Only the comments blanked."""
        return _TOKEN.sub(lambda found: _blank(found) if found[0].startswith("/") else found[0], self.text)

    @property
    def includes(self) -> list[tuple[int, str]]:
        return [(self.text.count("\n", 0, found.start(1)) + 1, found[1]) for found in _INCLUDE.finditer(self.text)]


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    if text[0] in "\"'R" and "\n" not in text:
        return '""' + " " * (len(text) - 2)
    return re.sub(r"[^\n]", " ", text)
