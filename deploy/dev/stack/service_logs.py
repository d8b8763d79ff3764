"""What the services said while a level ran: what no test provokes on purpose fails it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .results import Case

# A broken invariant, on standard error and not in JSON: our own assertions, the C++ runtime, glibc,
# the sanitizers.
_BROKEN = re.compile(
    r"assertion failed:|Assertion `.*' failed|terminate called|pure virtual method called"
    r"|stack smashing detected|double free|free\(\): |malloc\(\): |corrupted|runtime error: "
    r"|(?:Address|Thread|Leak|UndefinedBehavior)Sanitizer"
)


class LogWatch:
    """Looks only at what is written to the services' logs from its making on."""

    def __init__(self, logs: Path, services: Iterable[str]) -> None:
        self._logs = {name: logs / f"{name}.log" for name in services}
        self._begin = {name: _size(path) for name, path in self._logs.items()}

    def cases(self, level: str, errors_expected: bool) -> Iterator[Case]:
        """One case per service. `errors_expected`: the level kills and cuts off, so that services
        have errors to report; invariants hold all the same.
        """
        what = "no broken invariants" if errors_expected else "no errors"
        for name, path in self._logs.items():
            bad = [line for line in self._lines(name, path) if _is_bad(line, errors_expected)]
            yield Case(
                level,
                f"log of {name} has {what}",
                "failed" if bad else "passed",
                output="\n".join(bad),
            )

    def _lines(self, name: str, path: Path) -> Iterator[str]:
        if not path.exists():
            return
        with path.open(encoding="utf-8", errors="replace") as file:
            # A log that is shorter than it was has been begun anew.
            if self._begin[name] <= _size(path):
                file.seek(self._begin[name])
            for line in file:
                yield line.rstrip("\n")


def _is_bad(line: str, errors_expected: bool) -> bool:
    if not line.startswith("{"):
        return _BROKEN.search(line) is not None
    try:
        level = json.loads(line).get("level")
    except ValueError:  # the last line of a process that was killed
        return False
    return not errors_expected and level in ("error", "critical")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
