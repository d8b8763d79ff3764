"""Detached processes of the development stack, known by pid *and* start time.

A pid alone proves nothing: after a reboot or a crash another program may carry it. Every function here
therefore takes a `Record`, and signals go through a pidfd, so that a stranger is never hit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02

# What this process itself spawned. Nobody waits for them, most outlive us; those that end are reaped in passing.
_children: set[subprocess.Popen[bytes]] = set()


class StackError(Exception):
    """A failure that a person can act on: one clear line, what to do about it, and the exit code."""

    def __init__(self, message: str, hint: str = "", exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


@dataclass(frozen=True)
class Record:
    """A process: `start_time` is field 22 of /proc/<pid>/stat, in clock ticks since boot."""

    pid: int
    start_time: int


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat after the command name (so [0] is the state); None when gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in parentheses and may itself hold spaces and parentheses.
    return text[text.rindex(")") + 2 :].split()


def record_of(pid: int) -> Record | None:
    """The record of a running process; None when there is none, or only its zombie."""
    fields = _stat_fields(pid)
    if fields is None or fields[0] in ("Z", "X"):
        return None
    return Record(pid, int(fields[19]))


def alive(record: Record) -> bool:
    """Whether that very process still runs. A zombie counts as dead."""
    return record_of(record.pid) == record


def spawn(
    argv: Sequence[str | Path],
    env: Mapping[str, str],
    log_path: Path,
    cwd: Path | None = None,
    user: str | None = None,
) -> Record:
    """Starts a program detached from this one: own session, no input, both outputs appended to the log.

    `env` is the whole environment. `user` drops to that user and its groups (needs root). Raises
    StackError when the program cannot be started; a program that starts and then dies is the caller's to see.
    """
    _reap()
    log_path.parent.mkdir(parents=True, exist_ok=True)
    identity = {} if user is None else {"user": user, "group": _group_of(user), "extra_groups": []}
    command = [str(part) for part in argv]
    with log_path.open("ab") as log:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                close_fds=True,
                start_new_session=True,
                **identity,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise StackError(f"cannot start {command[0]}: {error}", "./tecnochat doctor") from error
    fields = _stat_fields(child.pid)
    assert fields is not None, "a child that was not waited for keeps its /proc entry"
    _children.add(child)
    return Record(child.pid, int(fields[19]))


def _reap() -> None:
    for child in list(_children):
        if child.poll() is not None:
            _children.discard(child)


def _group_of(user: str) -> int:
    import pwd

    try:
        return pwd.getpwnam(user).pw_gid
    except KeyError as error:
        raise StackError(f"there is no user {user!r} on this machine", "./tecnochat doctor") from error


def send(record: Record, number: signal.Signals) -> None:
    """Sends a signal to exactly that process; nothing happens when it is gone."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        # Checked after the pidfd was taken: from here on it cannot mean anybody else.
        if alive(record):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def _gone_within(record: Record, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while alive(record):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    _reap()
    return True


def terminate(record: Record, timeout: float) -> bool:
    """SIGTERM, then SIGKILL after `timeout` seconds. True when it stopped by itself in time.

    Returns only when the process is gone; a process that is gone already counts as stopped.
    """
    send(record, signal.SIGTERM)
    if _gone_within(record, timeout):
        return True
    kill(record)
    return False


def kill(record: Record) -> None:
    """SIGKILL, and waits until the process is gone."""
    send(record, signal.SIGKILL)
    if not _gone_within(record, 10):
        raise StackError(f"process {record.pid} does not die", "it hangs in the kernel: look at its disk")


def wait_until(predicate: Callable[[], bool], timeout: float, what: str, hint: str = "") -> None:
    """Polls until the predicate holds; StackError "<what>: not within N s" otherwise."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() >= deadline:
            raise StackError(f"{what}: not within {timeout:g} s", hint or "./tecnochat logs shows why")
        time.sleep(POLL_SECONDS)
