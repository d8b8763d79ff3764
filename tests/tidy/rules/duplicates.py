"""Code that two services share belongs to a library: no run of six lines occurs in the src/ of two."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from .source import Source

RUN = 6
_SERVICE = re.compile(r"services/([^/]+)/src/")
# Frame, not content: braces, includes, labels, closed namespaces, and single words such as `override`.
_TRIVIAL = re.compile(r"\W*|(#|using |namespace |public:|private:|protected:).*|(break|default:|override|return ok\(\)|const)\W*")


def check(sources: list[Source]) -> Iterator[str]:
    places: dict[tuple[str, ...], list[tuple[str, str, int]]] = defaultdict(list)
    runs: list[tuple[str, str, int, int, tuple[str, ...]]] = []
    for source in sources:
        if service := _SERVICE.match(source.name):
            kept = _lines(source)
            for first in range(len(kept) - RUN + 1):
                window = kept[first : first + RUN]
                key = tuple(text for _, text in window)
                places[key].append((service[1], source.name, window[0][0]))
                runs.append((service[1], source.name, first, window[0][0], key))
    previous: tuple[str, int, str] | None = None
    for service, name, first, line, key in runs:
        others = [place for place in places[key] if place[0] > service]
        if not others:
            continue
        other = others[0]
        if previous != (name, first - 1, other[1]):  # else the run before goes on
            yield f"{name}:{line}: {RUN} lines or more as in {other[1]}:{other[2]}"
        previous = (name, first, other[1])


def _lines(source: Source) -> list[tuple[int, str]]:
    kept = ((number, " ".join(line.split())) for number, line in enumerate(source.uncommented.splitlines(), 1))
    return [(number, line) for number, line in kept if not _TRIVIAL.fullmatch(line)]
