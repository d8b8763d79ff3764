"""The driver's own unit tests (deploy/dev/tests), run with the suite's unit tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from .progress import Step
from .results import Case
from .state import ROOT

FOLDER = ROOT / "deploy" / "dev" / "tests"
LEVEL = "unit"
SECONDS = 120
_LINE = re.compile(r"^(test_\w+) \(.*\.\.\. (ok|FAIL|ERROR|skipped)", re.MULTILINE)
_OUTCOMES = {"ok": "passed", "skipped": "skipped"}


def driver_tests() -> Iterator[Case]:
    command = [sys.executable, "-m", "unittest", "discover", "-v", "-s", str(FOLDER)]
    with Step("driver tests") as step:
        result = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        found = _LINE.findall(result.stderr)
        step.summary = f"{len(found)} run"
    outcomes = [(name, _OUTCOMES.get(word, "failed")) for name, word in found]
    for name, outcome in outcomes:
        said = result.stderr if outcome == "failed" else ""
        yield Case(LEVEL, f"driver: {name}", outcome, 0.0, said)
    if result.returncode != 0 and all(outcome != "failed" for _, outcome in outcomes):
        yield Case(LEVEL, "driver tests", "failed", step.seconds, result.stderr)
