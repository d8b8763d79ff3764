"""Functions that are too long or take too much. A scanner that matches braces in formatted code, not a compiler: it sees
every function that has a body, in headers and sources; lambdas belong to the function around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .source import Source

LONGEST = 70  # lines, from the first of the signature to the closing brace
MOST_PARAMETERS = 6
# The constructors that wire a program take all that it is made of.
_ROOTS = re.compile(r"(^|/)src/(app|consumers)\.(cpp|hpp)$")
_SCOPE = re.compile(r"\b(namespace|class|struct|union|extern)\b")
_NOT_NAMES = {"decltype", "alignas", "noexcept", "explicit", "requires", "if", "for", "while", "switch", "catch", "return"}
_NAME = re.compile(r"((?:[\w:~]|<[^<>()]*>)*?(?:operator\s*(?:\(\)|\[\]|[^\w\s(]+|[\w:]+[&*\s]*)|[\w~]+))\s*$")


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int
    parameters: int
    is_constructor: bool


def check(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        if source.code.count("{") != source.code.count("}"):
            yield f"{source.name}:1: its braces do not match, so that its functions cannot be told apart"
            continue
        for function in functions(source.code):
            where = f"{source.name}:{function.line}: {function.name}()"
            if function.lines > LONGEST:
                yield f"{where} has {function.lines} lines, more than {LONGEST}"
            if function.parameters > MOST_PARAMETERS and not (function.is_constructor and _ROOTS.search(source.name)):
                yield f"{where} takes {function.parameters} parameters, more than {MOST_PARAMETERS}"


def functions(code: str) -> Iterator[Function]:
    yield from _scope(code, 0, len(code), "")


def _scope(code: str, begin: int, end: int, inside: str) -> Iterator[Function]:
    """The functions of a namespace or a class (`inside`), whose text is code[begin:end]."""
    head = at = begin
    depth = 0
    while at < end:
        char = code[at]
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == ";" and depth == 0:
            head = at + 1
        elif char == "{":
            close = _closing(code, at)
            words = _without_template(code[head:at])
            if depth > 0 or _is_value(words):
                at = close  # a default, an initializer, a member's value: still the same declaration
            elif _is_scope(words):
                yield from _scope(code, at + 1, close, _class_name(words))
                head = close + 1
                at = close
            else:
                if not re.search(r"\benum\b", words) and (function := _function(code, head, at, close, inside)):
                    yield function
                head = close + 1
                at = close
        at += 1


def _closing(code: str, opening: int) -> int:
    depth = 0
    for found in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return len(code) - 1


def _without_template(head: str) -> str:
    """Without `template <…>`, and access labels, before the declaration itself."""
    head = re.sub(r"^\s*(?:(?:public|private|protected)\s*:\s*)*", "", head)
    while found := re.match(r"\s*template\s*<", head):
        depth, at = 1, found.end()
        while at < len(head) and depth:
            depth += {"<": 1, ">": -1}.get(head[at], 0)
            at += 1
        head = head[at:]
    return head


def _before_parameters(words: str) -> str:
    return words.split("(", 1)[0]


def _is_scope(words: str) -> bool:
    return bool(_SCOPE.search(_before_parameters(words))) and not re.search(r"\benum\b", words)


def _is_value(words: str) -> bool:
    before = _before_parameters(words)
    if "=" in re.sub(r"operator\s*\S+", "", before):
        return True
    if re.search(r"\brequires\b[^{]*$", words) and "(" not in re.split(r"\brequires\b", words)[0]:
        return True  # template <class T> requires requires(T t) {…}
    if "(" not in words:
        return not _SCOPE.search(words) and not re.search(r"\benum\b", words)
    # Foo::Foo(int a) : a_{a} {…}: the first brace stands directly behind a member's name.
    rest = words[_parameters_end(words) :]
    return bool(re.search(r"(?<!:):(?!:)", rest)) and bool(re.search(r"[\w>]\s*$", rest))


def _class_name(words: str) -> str:
    found = re.search(r"\b(?:class|struct|union)\s+(?:\[\[\w+\]\]\s*)?(\w+)", words)
    return found[1] if found else ""


def _parameter_list(words: str) -> tuple[str, int, int] | None:
    """The function's name, and where its parameters begin and end."""
    at = 0
    while (at := words.find("(", at)) != -1:
        if re.search(r"\boperator\s*$", words[:at]) and words[at + 1 :].lstrip().startswith(")"):
            at = words.index(")", at) + 1
            continue
        depth = 0
        for end in range(at, len(words)):
            depth += {"(": 1, ")": -1}.get(words[end], 0)
            if depth == 0:
                break
        else:
            return None
        found = _NAME.search(words[:at])
        if found and found[1].strip() not in _NOT_NAMES:
            return found[1].strip(), at + 1, end
        at = end + 1
    return None


def _parameters_end(words: str) -> int:
    found = _parameter_list(words)
    return found[2] + 1 if found else len(words)


def _function(code: str, head: int, opening: int, close: int, inside: str) -> Function | None:
    words = _without_template(code[head:opening])
    found = _parameter_list(words)
    if not found:
        return None
    name, begin, end = found
    begin_of_words = opening - len(words.lstrip())
    first, last = code.count("\n", 0, begin_of_words) + 1, code.count("\n", 0, close) + 1
    parts = [part for part in re.sub(r"<[^<>]*>", "", name).split("::") if part]
    is_constructor = parts[-1] == (parts[-2] if len(parts) > 1 else inside)
    return Function(name, first, last - first + 1, _count(words[begin:end]), is_constructor)


def _count(parameters: str) -> int:
    if not parameters.strip() or parameters.strip() == "void":
        return 0
    depth, commas = 0, 0
    for char in parameters.replace("->", "  "):
        depth += {"(": 1, "<": 1, "[": 1, "{": 1, ")": -1, ">": -1, "]": -1, "}": -1}.get(char, 0)
        commas += char == "," and depth == 0
    return commas + 1
