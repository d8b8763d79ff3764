"""Compiling with CMake and Ninja, with the count of steps on the screen and the errors readable."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .machine import available_memory_mb
from .process import StackError
from .progress import Step
from .state import ROOT, State

CONFIGURE_SECONDS = 300
ERROR_LINES = 40
LINE_MAX = 300
JOB_MB = 900  # what the heaviest file takes (Beast)
_COUNT = re.compile(r"^\[(\d+/\d+)\]")


def folder(preset: str) -> Path:
    """CMakePresets.json puts every preset's build there."""
    return ROOT / "build" / preset


def release(state: State, targets: Sequence[str] = ()) -> None:
    build("release", state, targets)


def build(preset: str, state: State, targets: Sequence[str] = (), root: Path = ROOT) -> None:
    """Configures where needed and builds the targets, all of them by default. Does little when
    nothing changed.
    """
    state.prepare()
    log = state.log("build")
    binary = root / "build" / preset
    if binary.exists() and not os.access(binary, os.W_OK):
        raise StackError(
            f"{binary} belongs to another user", "build as that user, or use --no-build"
        )
    with _alone(binary):
        if not (binary / "build.ninja").exists():
            with Step(f"configuring ({preset})"):
                _configure(preset, root, log)
        with Step(f"compiling ({preset})") as step:
            _ninja(binary, targets, log, step)


@contextmanager
def _alone(binary: Path) -> Iterator[None]:
    """Two Ninjas in one folder spoil its records: a second `up` or `test` waits for the first to
    compile.
    """
    binary.mkdir(parents=True, exist_ok=True)
    with (binary / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _jobs() -> int:
    """As many compilers as there are cores, but only as many as find room in memory."""
    return max(1, min(os.cpu_count() or 1, available_memory_mb() // JOB_MB))


def _configure(preset: str, root: Path, log: Path) -> None:
    result = _run(["cmake", "--preset", preset], root)
    log.write_text(result.stdout, encoding="utf-8")
    if result.returncode != 0:
        lines = result.stdout.splitlines()
        first = next((number for number, line in enumerate(lines) if "CMake Error" in line), 0)
        print("\n" + "\n".join(lines[first : first + ERROR_LINES]))
        raise StackError(
            "CMake could not configure the build",
            f"./tecnochat doctor shows what is missing; the whole output is in {log}",
        )


def _run(command: Sequence[str], root: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=CONFIGURE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise StackError(f"{command[0]} is missing", "./tecnochat doctor", 3) from error


def _ninja(binary: Path, targets: Sequence[str], log: Path, step: Step) -> None:
    command = ["ninja", "-C", str(binary), "-j", str(_jobs()), *targets]
    said: list[str] = []
    compiled = 0
    with log.open("a", encoding="utf-8") as file, _start(command) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                file.write(line)
                count = _COUNT.match(line)
                if count:
                    compiled += 1
                    step.update(count.group(1))
                said.append(line)
        except BaseException:
            child.terminate()
            raise
    if child.returncode != 0:
        print("\n" + "".join(_failures(said)))
        raise StackError("the build failed", f"the errors are above, the whole output is in {log}")
    step.summary = f"{compiled} steps" if compiled else "up to date"


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    environment: Mapping[str, str] = os.environ | {"NINJA_STATUS": "[%f/%t] "}
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise StackError("ninja is missing", "./tecnochat doctor", 3) from error


def _failures(lines: Sequence[str]) -> list[str]:
    """From the first failed step on, without the steps that went well."""
    start = next(
        (number for number, line in enumerate(lines) if line.startswith("FAILED")),
        max(0, len(lines) - 5),
    )
    wanted = [line for line in lines[start:] if not _COUNT.match(line)][:ERROR_LINES]
    # The command that failed may be pages long; the log has it whole.
    return [line if len(line) <= LINE_MAX else line[:LINE_MAX] + " …\n" for line in wanted]
