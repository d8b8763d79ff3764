"""Planted faults: each patch in tests/planted breaks one promise, and the suite must notice.

A patch begins with a sentence on what breaks, and one block for each test that must turn red:

    Level: component
    Filter: outbox_component_test:an older unpublished row      (a regular expression; CTest's names)
    Says: flags\\(\\) ==                                          (optional: what the failed test prints)

The patch is applied to a copy of the checkout, which stays as it is; the test's program and what it
runs against are built there, and the test must fail: not the build, not the stack, not another one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import ctest
from .build import build
from .process import StackError
from .programs import KAFKA_LIBS
from .progress import Step
from .results import Case, Tally
from .services import BINARIES
from .state import ROOT, State

FOLDER = ROOT / "tests" / "planted"
LEVEL = "planted"
TEST_SECONDS = 1800
# A run that is told to end takes its stack down first.
END_SECONDS = 120
_BLOCK = re.compile(
    r"^Level: (?P<level>\w+)\nFilter: (?P<filter>(?P<target>\w+):.+)(?:\nSays: (?P<says>.+))?$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Expected:
    """A test that must turn red, and the test program it is in."""

    level: str
    name_filter: str
    target: str
    says: str

    @classmethod
    def of(cls, patch: Path) -> list[Expected]:
        header = patch.read_text(encoding="utf-8").split("\n--- ", 1)[0]
        found = [
            cls(block["level"], block["filter"], block["target"], block["says"] or "")
            for block in _BLOCK.finditer(header)
        ]
        if not found or len(found) != header.count("\nLevel:"):
            raise StackError(
                f"{patch.name} does not say which tests must turn red",
                "its header needs Level: and Filter: lines, see deploy/dev/stack/planted.py",
            )
        return found


def run(state: State, tally: Tally, name_filter: str | None = None) -> None:
    """One case for each fault and test; `name_filter` chooses among the cases' names."""
    copy = state.directory / "planted"
    results = state.directory / "test-results"
    results.mkdir(parents=True, exist_ok=True)
    for patch in sorted(FOLDER.glob("*.patch")):
        for case in _cases(patch, name_filter, copy, results, state):
            tally.add(case)
    if not tally.count("failed", LEVEL):
        shutil.rmtree(copy, ignore_errors=True)
    tally.require_cases(LEVEL)


def _cases(
    patch: Path, name_filter: str | None, copy: Path, results: Path, state: State
) -> Iterator[Case]:
    planted = False
    for expected in Expected.of(patch):
        name = f"planted fault {patch.stem} turns {expected.name_filter!r} red"
        if name_filter and not re.search(name_filter, name):
            continue
        started = time.monotonic()
        outcome, said = "passed", ""
        try:
            if not planted:
                _plant(patch, copy)
                planted = True
            # A fault that does not compile would look as if it was caught.
            build("release", state, [*BINARIES, expected.target], root=copy)
            with Step(f"{patch.stem}: {expected.level} must turn red"):
                log = results / f"planted-{patch.stem}-{expected.level}.log"
                _must_turn_red(expected, copy, log)
        except StackError as error:
            outcome, said = "failed", f"{error.message}\n{error.hint}"
        yield Case(LEVEL, name, outcome, time.monotonic() - started, said)


def _must_turn_red(expected: Expected, copy: Path, log: Path) -> None:
    junit = copy / ".tecnochat" / "test-results" / f"{expected.level}.xml"
    junit.unlink(missing_ok=True)
    command = [str(copy / "tecnochat"), "test", expected.level, "--no-install", "--no-build"]
    log.write_text(_output([*command, "--filter", f"^{expected.name_filter}"]), encoding="utf-8")
    cases = list(ctest.read(junit, expected.level))
    if not cases:
        raise StackError("its test did not run", f"what happened instead is in {log}")
    green = [case.name for case in cases if case.outcome != "failed"]
    if green:
        raise StackError(
            f"with the fault in, these stayed green: {'; '.join(green)}",
            "the suite does not see the fault: mend the test",
        )
    for case in cases:
        if not re.search(expected.says, case.output):
            raise StackError(
                f"{case.name} failed, but not for the fault: it never says {expected.says!r}",
                f"what it said is in {log}",
            )


def _output(command: list[str]) -> str:
    """Runs to the end, or tells the run to end and waits until it has cleaned up."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            return child.communicate(timeout=TEST_SECONDS)[0]
        except subprocess.TimeoutExpired as error:
            raise StackError(
                f"its test ran for more than {TEST_SECONDS} s", " ".join(command)
            ) from error
        finally:
            if child.poll() is None:
                child.terminate()
                child.communicate(timeout=END_SECONDS)


def _plant(patch: Path, copy: Path) -> None:
    _copy_checkout(copy)
    result = subprocess.run(
        ["patch", "-p1", "--forward", "--no-backup-if-mismatch", "-i", str(patch)],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise StackError(f"the patch does not apply: {result.stdout.strip()}", "renew it")


def _copy_checkout(copy: Path) -> None:
    """The files as they are in the checkout, new ones too. Same paths each time: the build folder
    and ccache are used again.
    """
    names = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"]
        + ["--cached", "--others", "--exclude-standard"],
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
        if copy in source.parents or not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copy(source, target)
