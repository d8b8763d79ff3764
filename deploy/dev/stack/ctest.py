"""Runs CTest by label and reads its JUnit file: every Catch2 test case is one test there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .progress import Step
from .results import Case

_PROGRESS = re.compile(r"^\s*(\d+/\d+) Test +#\d+:")
_START = re.compile(r"^\s*Start +\d+: (.*)")
_OUTCOMES = {"run": "passed", "fail": "failed", "notrun": "failed", "disabled": "skipped"}


@dataclass(frozen=True)
class Run:
    """What to run: the tests of `label` in a build folder, `jobs` at a time."""

    build: Path
    label: str
    jobs: int
    environment: Mapping[str, str]
    results: Path
    name_filter: str | None = None


def run(run_: Run, level: str) -> Iterator[Case]:
    """The cases in CTest's order. A CTest that itself fails gives one failed case."""
    run_.results.parent.mkdir(parents=True, exist_ok=True)
    run_.results.unlink(missing_ok=True)
    command = [
        "ctest",
        "--test-dir",
        str(run_.build),
        "-L",
        f"^{run_.label}$",
        "-j",
        str(run_.jobs),
    ]
    command += [
        "--output-junit",
        str(run_.results),
        "--no-tests=ignore",
        "--test-output-size-failed",
        "2000000",
    ]
    if run_.name_filter:
        command += ["-R", run_.name_filter]
    said: list[str] = []
    done = ""
    with Step(f"{level} tests") as step:
        with subprocess.Popen(
            command,
            env=dict(run_.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as child:
            assert child.stdout is not None
            try:
                for line in child.stdout:
                    said.append(line)
                    if progress := _PROGRESS.match(line):
                        done = progress.group(1)
                    elif progress := _START.match(line):
                        # The test that runs now, for whoever wonders what takes so long.
                        step.update(f"{done} {progress.group(1)}")
            except BaseException:
                # CTest and the tests it runs: none may go on against a stack that is taken away.
                os.killpg(child.pid, signal.SIGKILL)
                raise
        cases = list(read(run_.results, level))
        failed = sum(1 for case in cases if case.outcome == "failed")
        step.summary = f"{len(cases)} run, {failed} failed"
    if child.returncode != 0 and not failed:
        cases.append(Case(level, "ctest", "failed", step.seconds, "".join(said)))
    yield from cases


def read(junit: Path, level: str) -> Iterator[Case]:
    """Nothing when CTest wrote no file, or was killed while it did."""
    try:
        root = ElementTree.parse(junit).getroot()
    except (FileNotFoundError, ElementTree.ParseError):
        return
    for element in root.iter("testcase"):
        outcome = _OUTCOMES.get(element.get("status", ""), "failed")
        said = element.findtext("system-out", "")
        failure = element.find("failure")
        if failure is not None and failure.get("message"):
            said = f"{said}\n{failure.get('message')}"
        name, seconds = element.get("name", "?"), float(element.get("time", "0"))
        yield Case(level, name, outcome, seconds, said)
