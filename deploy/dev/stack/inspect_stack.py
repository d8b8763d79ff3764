"""`status`, `logs` and `doctor`: looking, never changing."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from . import packages
from .kafka_libs import find_java, jars_folder
from .machine import available_memory_mb
from .process import StackError
from .programs import KAFKA_LIBS, Program
from .stack import Stack
from .state import BIN, Running, State

MEMORY_MB_MIN = 3000
DISK_MB_MIN = 4000


def status(state: State) -> int:
    """One line per part. Exit code 0 when every part is ready, else 1."""
    stack = Stack.recorded(state)
    print(f"{'part':20} {'state':12} {'pid':>7} {'up for':>9} {'memory':>9}")
    ready = [_status_line(state, program) for program in stack.programs.values()]
    if all(ready):
        print(f"all ready; addresses and logins are in {state.endpoints}")
    else:
        print(
            "not all is well: ./tecnochat up starts what is missing, ./tecnochat logs SERVICE shows why it stopped"
        )
    return 0 if all(ready) else 1


def _status_line(state: State, program: Program) -> bool:
    running = state.running(program.name)
    if running is None:
        print(f"{program.name:20} stopped")
        return False
    ready = program.is_ready()
    pid = running.record.pid
    memory = f"{_resident_mb(pid)} MB"
    print(
        f"{program.name:20} {'ready' if ready else 'not ready':12} {pid:7} {_age(running):>9} {memory:>9}"
    )
    return ready


def _age(running: Running) -> str:
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    seconds = int(uptime - running.record.start_time / os.sysconf("SC_CLK_TCK"))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _resident_mb(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


# -- logs ------------------------------------------------------------------------------------------
# ------------


def logs(state: State, service: str | None, count: int, follow: bool) -> None:
    """The last lines of one log, or of all with their names in front; `follow` goes on until
    Ctrl-C.
    """
    files = sorted(state.logs.glob("*.log")) if state.logs.is_dir() else []
    if service:
        wanted = state.log(service)
        if wanted not in files:
            known = ", ".join(path.stem for path in files) or "none"
            raise StackError(f"there is no log of {service}", f"there are: {known}", 2)
        files = [wanted]
    prefix = max((len(path.stem) for path in files), default=0)
    for path in files:
        for line in _tail(path, count):
            _print_line(path, line, prefix, len(files))
    if follow:
        for path, line in _follow(files):
            _print_line(path, line, prefix, len(files))


def _print_line(path: Path, line: str, width: int, files: int) -> None:
    print(line if files == 1 else f"{path.stem:{width}} | {line}", flush=True)


def _tail(path: Path, count: int) -> list[str]:
    """Reads at most the last megabyte: enough for `count` lines, whatever the log's size."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - (1 << 20)))
        return file.read().decode(errors="replace").splitlines()[-count:] if count else []


def _follow(files: list[Path]) -> Iterator[tuple[Path, str]]:
    opened = [(path, path.open(encoding="utf-8", errors="replace")) for path in files]
    for _, file in opened:
        file.seek(0, os.SEEK_END)
    while True:
        quiet = True
        for path, file in opened:
            for line in file:
                quiet = False
                yield path, line.rstrip("\n")
        if quiet:
            time.sleep(0.2)


# -- doctor ----------------------------------------------------------------------------------------
# ------------


def doctor(state: State) -> int:
    """What is missing on this machine and how to get it. Exit code 0 when `up` and `test` can run."""
    problems = 0
    for title, groups in (
        ("compile", ["build"]),
        ("run", ["run"]),
        ("test", ["test"]),
        ("bench", ["bench"]),
    ):
        names = packages.missing(groups)
        problems += bool(names)
        _finding(
            not names,
            f"packages to {title}",
            f"missing: {' '.join(names)}" if names else "installed",
        )
    if problems:
        print(f"         get them all: {packages.install_command()}")
    problems += _java()
    jars = jars_folder(KAFKA_LIBS).exists()
    _finding(True, "Kafka's jars", "fetched" if jars else "not fetched yet: ./tecnochat up does it")
    built = (BIN / "message-router").exists()
    _finding(True, "binaries", "built" if built else "not built yet: ./tecnochat up does it")
    problems += _room(
        "memory",
        available_memory_mb(),
        MEMORY_MB_MIN,
        "close something, or compile with fewer jobs",
    )
    disk = shutil.disk_usage(_existing(state.directory)).free >> 20
    problems += _room("disk", disk, DISK_MB_MIN, "make room, or use --state-dir on another disk")
    running = state.all_running()
    _finding(True, "running", ", ".join(running) if running else "nothing")
    return 1 if problems else 0


def _finding(good: bool, what: str, text: str) -> None:
    print(f"{'ok' if good else 'MISSING':8} {what}: {text}")


def _java() -> bool:
    try:
        text, good = str(find_java()), True
    except StackError as error:
        text, good = f"{error.message}: {error.hint}", False
    _finding(good, "Java for Kafka", text)
    return not good


def _room(what: str, has_mb: int, wants_mb: int, advice: str) -> bool:
    good = has_mb >= wants_mb
    _finding(
        good, what, f"{has_mb} MB free" + ("" if good else f", wanted are {wants_mb} MB: {advice}")
    )
    return not good


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())
