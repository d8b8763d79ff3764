"""Planted faults: each patch in tests/planted breaks one promise, and the suite must notice.

A patch begins with lines `Level: functional` and `Filter: <regular expression of test names>`: the
tests that
must turn red. It is applied to a copy of the tracked files, so that the checkout stays as it is.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

from .build import build
from .process import StackError
from .programs import KAFKA_LIBS
from .progress import Step, note
from .results import Case, Tally
from .state import ROOT, State

FOLDER = ROOT / "tests" / "planted"
LEVEL = "planted"
TEST_SECONDS = 1800


def run(state: State, tally: Tally) -> None:
    copy = state.directory / "planted"
    for patch in sorted(FOLDER.glob("*.patch")):
        started = time.monotonic()
        try:
            caught = _is_caught(patch, copy, state)
        except StackError as error:
            outcome, said = "failed", f"{error.message}\n{error.hint}"
        else:
            outcome, said = (
                ("passed", "") if caught else ("failed", "the tests stayed green with the fault in")
            )
        tally.add(Case(LEVEL, f"{patch.stem} is caught", outcome, time.monotonic() - started, said))
    shutil.rmtree(copy, ignore_errors=True)
    tally.require_cases(LEVEL)


def _is_caught(patch: Path, copy: Path, state: State) -> bool:
    level, name_filter = _header(patch)
    _copy_tracked(copy)
    result = subprocess.run(
        ["patch", "-p1", "--forward", "-i", str(patch)],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise StackError(f"the patch does not apply: {result.stdout.strip()}", "renew it")
    # A fault that does not compile would look as if it was caught.
    build("release", state, root=copy)
    note(f"{patch.stem}: {level} tests matching {name_filter}")
    command = [str(copy / "tecnochat"), "test", level, "--filter", name_filter, "--no-install"]
    with Step(f"{patch.stem}: must turn red"):
        run_ = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TEST_SECONDS,
            check=False,
        )
    (state.directory / "test-results" / f"{patch.stem}.log").write_text(run_.stdout + run_.stderr)
    failed = re.search(r"^\d+ passed, (\d+) failed", run_.stdout, re.MULTILINE)
    if failed is None or "FAILED setup" in run_.stdout or "ran no test" in run_.stdout:
        raise StackError(f"its tests did not run: {run_.stdout[-500:]}", "see test-results")
    return int(failed.group(1)) > 0


def _header(patch: Path) -> tuple[str, str]:
    text = patch.read_text(encoding="utf-8")
    found = {
        name: re.search(rf"^{name}: (\S.*)$", text, re.MULTILINE) for name in ("Level", "Filter")
    }
    if not all(found.values()):
        raise StackError(
            f"{patch.name} has no Level: and Filter: lines", "see deploy/dev/stack/planted.py"
        )
    level, name_filter = (match.group(1).strip() for match in found.values() if match)
    return level, name_filter


def _copy_tracked(copy: Path) -> None:
    """Tracked files as they are in the checkout. Same paths each time: the build folder and ccache
    are used again.
    """
    names = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    jars = copy / KAFKA_LIBS.relative_to(ROOT)
    jars.parent.mkdir(parents=True, exist_ok=True)
    if not jars.exists():
        jars.symlink_to(KAFKA_LIBS)
    for name in filter(None, names):
        source, target = ROOT / name, copy / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copy(source, target)
