"""One stack's state folder: where everything lies, files that survive a power cut, and the locks.

`State` is the only place that knows the folder's layout:

    ca + certificates   certs/            settings of the last `up`   settings.json
    Kafka, Redis data   kafka/ redis/     random secrets              secrets.json
    PostgreSQL data     postgres/ (or a folder of its own, see postgres.py)
    running processes   run/<name>.json   what the world reads        endpoints.json
    logs                logs/<name>.log   ports in use                ports.json
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .process import Record, StackError, alive

ROOT = Path(__file__).resolve().parents[3]
RELEASE = ROOT / "build" / "release"
BIN = RELEASE / "bin"


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Puts the whole file in place at once, on disk before it gets its name: a power cut leaves old
    or new.
    """
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """The file's object; {} when it is missing or was left damaged (all such files can be made
    again).
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Running:
    """A started process: its record, and a fingerprint of the settings it was started with."""

    record: Record
    fingerprint: str


class State:
    """The folder of one stack. Creating the object touches nothing; `prepare` makes the folders."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.certs = self.directory / "certs"
        self.logs = self.directory / "logs"
        self.run = self.directory / "run"
        self.kafka = self.directory / "kafka"
        self.redis = self.directory / "redis"
        self.postgres = self.directory / "postgres"
        self.endpoints = self.directory / "endpoints.json"
        self.settings = self.directory / "settings.json"
        self.ports = self.directory / "ports.json"
        self.graph_token = self.directory / "graph-token"
        self._secrets = self.directory / "secrets.json"

    def prepare(self) -> None:
        """Makes the folders. The state folder may be entered by all (PostgreSQL's own user must
        pass), not listed.
        """
        try:
            for path in (self.directory, self.certs, self.logs, self.run, self.kafka, self.redis):
                path.mkdir(parents=True, exist_ok=True)
                path.chmod(0o711 if path == self.directory else 0o700)
            if not os.access(self.run, os.W_OK):
                raise PermissionError(f"{self.run} is not writable")
        except PermissionError as error:
            raise StackError(
                f"the state folder {self.directory} belongs to another user",
                "run as that user, or give this one its own folder: ./tecnochat --state-dir DIR …",
            ) from error

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    # -- secrets
    # ---------------------------------------------------------------------------------------------

    def secrets(self) -> dict[str, str]:
        """Random per state folder and kept: made once, 0600."""
        kept = read_json(self._secrets)
        wanted: dict[str, Callable[[], str]] = {
            "postgres_password": lambda: secrets.token_hex(16),
            "redis_password": lambda: secrets.token_hex(16),
            "ingest_key": lambda: secrets.token_hex(32),
            "app_id": lambda: str(10**14 + secrets.randbelow(9 * 10**14)),
            "app_secret": lambda: secrets.token_hex(16),
            "verify_token": lambda: secrets.token_urlsafe(16),
            "graph_token": lambda: "EAA" + secrets.token_hex(32),
        }
        missing = {name: make() for name, make in wanted.items() if name not in kept}
        if missing:
            kept |= missing
            write_json(self._secrets, kept)
        return kept

    # -- running processes
    # -----------------------------------------------------------------------------------

    def remember(self, name: str, running: Running) -> None:
        value = {"pid": running.record.pid, "start_time": running.record.start_time}
        write_json(self.run / f"{name}.json", value | {"fingerprint": running.fingerprint})

    def last(self, name: str) -> Running | None:
        """What was recorded last, running or not; a damaged record counts as none."""
        value = read_json(self.run / f"{name}.json")
        try:
            record = Record(int(value["pid"]), int(value["start_time"]))
        except (KeyError, TypeError, ValueError):
            return None
        return Running(record, str(value.get("fingerprint", "")))

    def running(self, name: str) -> Running | None:
        """The recorded process if it still is that one (a pid alone may be somebody else's by now)."""
        last = self.last(name)
        return last if last and alive(last.record) else None

    def all_running(self) -> dict[str, Running]:
        names = sorted(path.stem for path in self.run.glob("*.json")) if self.run.is_dir() else []
        found = {name: self.running(name) for name in names}
        return {name: running for name, running in found.items() if running is not None}

    # -- locks -------------------------------------------------------------------------------------
    # ----------

    @contextmanager
    def locked(self, name: str = "stack", shared: bool = False) -> Iterator[None]:
        """Holds lock `name`. `up` and `down` hold "stack" alone, `start|stop|kill` share it: they
        meet per service.
        """
        path = self.run / f".{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                print(
                    f"waiting for another ./tecnochat that works on {self.directory} …", flush=True
                )
                fcntl.flock(file, kind)
            yield
