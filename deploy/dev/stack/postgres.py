"""The stack's own PostgreSQL 15: TLS with the stack's CA, services log in by certificate, data of
its own.

PostgreSQL refuses to run as root, so as root it runs as Debian's user `postgres`; where that user
cannot enter
the state folder, the data lies in /var/lib/tecnochat-<hash of the state folder> instead.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from .environment import ADMINISTRATOR
from .process import Record, StackError, alive, kill, send, spawn, wait_until
from .state import State, write_atomically

BINARIES = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"
START_SECONDS = 60  # recovery after a power cut may take a while
STOP_SECONDS = 30

_CONFIG = """# Written by ./tecnochat at every start: do not edit.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = 128MB
fsync = on
synchronous_commit = on
ssl = on
ssl_ca_file = 'stack-ca.crt'
ssl_cert_file = 'stack.crt'
ssl_key_file = 'stack.key'
ssl_min_protocol_version = 'TLSv1.2'
password_encryption = 'scram-sha-256'
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
# A statement's values may be a customer's words: never into the log.
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
"""

_HBA = f"""# Written by ./tecnochat at every start: do not edit.
# The administrator by password, everyone else by a certificate whose common name is the role.
hostssl all {ADMINISTRATOR} 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 cert
"""


class Postgres:
    """One server on 127.0.0.1:`port`, made on first start."""

    name = "postgres"

    def __init__(self, state: State, port: int, password: str) -> None:
        self._state = state
        self._port = port
        self._password = password
        self._log = state.log(self.name)
        self._user = USER if os.geteuid() == 0 else None
        # Inside the state folder wherever the server's user can get there.
        self.data = data_folder(state)

    # -- life --------------------------------------------------------------------------------------
    # ----------

    def fingerprint(self) -> str:
        certificate = (self._state.certs / "postgres.crt").read_bytes()
        text = _CONFIG.format(port=self._port) + _HBA
        return hashlib.sha256(text.encode() + certificate).hexdigest()

    def start(self) -> Record:
        """Returns when it accepts connections."""
        if not (BINARIES / "postgres").exists():
            raise StackError("PostgreSQL 15 is missing", "./tecnochat doctor", 3)
        self._create()
        self._configure()
        self._remove_stale_pid_file()
        record = self._spawn_when_children_are_gone()
        wait_until(
            lambda: self.is_ready() or not alive(record),
            START_SECONDS,
            "PostgreSQL did not become ready",
            f"see {self._log}",
        )
        if not alive(record):
            raise StackError(
                f"PostgreSQL stopped while starting: {_reason(self._log)}", f"see {self._log}"
            )
        return record

    def stop(self, record: Record) -> None:
        shut_down(record)

    def kill(self, record: Record) -> None:
        kill(record)

    def is_ready(self) -> bool:
        """The server writes its state into line 8 of postmaster.pid (that is what pg_ctl waits for,
        too).
        """
        lines = _lines(self.data / "postmaster.pid")
        return (
            len(lines) >= 8 and lines[7].strip() == "ready" and lines[3].strip() == str(self._port)
        )

    # -- parts -------------------------------------------------------------------------------------
    # ----------

    def _create(self) -> None:
        """initdb into a scratch folder, renamed when complete: a cut run leaves nothing half made."""
        if (self.data / "PG_VERSION").exists():
            return
        parent, scratch = self.data.parent, self.data.with_name("postgres.new")
        if parent != self._state.directory:
            parent.mkdir(mode=0o711, exist_ok=True)
        for leftover in (scratch, self.data):
            shutil.rmtree(leftover, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        password_file = scratch.with_name("postgres.password")
        write_atomically(password_file, self._password)
        for path in (scratch, password_file):
            self._give(path)
        command: list[str | Path] = [
            BINARIES / "initdb",
            "-D",
            scratch,
            "-U",
            ADMINISTRATOR,
            "-E",
            "UTF8",
        ]
        command += [
            "--locale=C.UTF-8",
            "--auth=scram-sha-256",
            "--data-checksums",
            f"--pwfile={password_file}",
        ]
        result = subprocess.run(
            command,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **self._identity(),
        )
        password_file.unlink()
        if result.returncode != 0:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise StackError(
                f"PostgreSQL's data could not be made in {parent}: {reason}", "./tecnochat doctor"
            )
        scratch.rename(self.data)

    def _configure(self) -> None:
        certs = self._state.certs
        files = {
            "postgresql.conf": _CONFIG.format(port=self._port),
            "pg_hba.conf": _HBA,
            "stack-ca.crt": (certs / "ca.crt").read_text(),
            "stack.crt": (certs / "postgres.crt").read_text(),
            "stack.key": (certs / "postgres.key").read_text(),
        }
        for name, text in files.items():
            path = self.data / name
            write_atomically(path, text)
            self._give(path)

    def _spawn_when_children_are_gone(self) -> Record:
        """A kill -9 of the server leaves its children a moment to notice; until then a new one
        refuses to start.
        """
        deadline = time.monotonic() + 15
        command: list[str | Path] = [BINARIES / "postgres", "-D", self.data]
        while True:
            before = self._log.stat().st_size if self._log.exists() else 0
            record = spawn(
                command,
                {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
                self._log,
                Path("/"),
                self._user,
            )
            wait_until(
                lambda: self.is_ready() or not alive(record),
                START_SECONDS,
                "PostgreSQL did not become ready",
            )
            if alive(record):
                return record
            said = self._log.read_bytes()[before:]
            if b"shared memory block" not in said or time.monotonic() >= deadline:
                return record
            time.sleep(0.05)

    def _remove_stale_pid_file(self) -> None:
        """After a reboot its pid may belong to anybody, and PostgreSQL would refuse to start then."""
        path = self.data / "postmaster.pid"
        lines = _lines(path)
        if lines and str(self.data) not in _command_line(lines[0].strip()):
            path.unlink(missing_ok=True)

    def _give(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user, self._user)

    def _identity(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}


def shut_down(record: Record) -> None:
    """Fast shutdown: open transactions roll back, nothing committed is lost. SIGTERM would wait for
    every client.
    """
    send(record, signal.SIGINT)
    try:
        wait_until(lambda: not alive(record), STOP_SECONDS, "PostgreSQL did not stop")
    except StackError:
        kill(record)


def foreign_folder(state: State) -> Path:
    """Where the data goes when user `postgres` cannot enter the state folder."""
    digest = hashlib.sha256(str(state.directory).encode()).hexdigest()[:12]
    return Path(f"/var/lib/tecnochat-{digest}")


def data_folder(state: State) -> Path:
    """Where the data of this stack lies, or will lie."""
    if os.geteuid() == 0:
        foreign = foreign_folder(state)
        if foreign.exists() or not _can_enter(state.directory):
            return foreign / "postgres"
    return state.postgres


def _can_enter(directory: Path) -> bool:
    """Whether user `postgres` may pass through every folder on the way (asked of the kernel, as
    that user).
    """
    try:
        entry = pwd.getpwnam(USER)
    except KeyError as error:
        raise StackError(
            "PostgreSQL's user `postgres` is missing", "./tecnochat doctor", 3
        ) from error
    test = subprocess.run(
        ["/usr/bin/test", "-x", directory],
        user=USER,
        group=entry.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return test.returncode == 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _reason(log: Path) -> str:
    """Why it stopped: its last FATAL or PANIC line, which more lines about stopping follow."""
    lines = _lines(log)
    fatal = [line for line in lines if " FATAL: " in line or " PANIC: " in line]
    return (fatal or lines or ["its log is empty"])[-1]


def _command_line(pid: str) -> str:
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except (OSError, ValueError):
        return ""
