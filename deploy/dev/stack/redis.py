"""The stack's own Redis: loopback, password, nothing on disk (it only holds what may be lost)."""

from __future__ import annotations

import hashlib
import shutil
import socket
from pathlib import Path

from .process import Record, StackError, alive, kill, spawn, terminate, wait_until
from .state import write_atomically

START_SECONDS = 10
STOP_SECONDS = 10

_CONFIG = """# Written by ./tecnochat at every start: do not edit.
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
daemonize no
# The command line stays as it was given: see orphans.py.
set-proc-title no
dir {directory}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
"""


class Redis:
    """One redis-server on 127.0.0.1:`port`."""

    name = "redis"

    def __init__(self, directory: Path, port: int, password: str, log: Path) -> None:
        self._directory = directory
        self._port = port
        self._password = password
        self._log = log

    def fingerprint(self) -> str:
        return hashlib.sha256(self._config().encode()).hexdigest()

    def start(self) -> Record:
        """Returns when it answers PING."""
        binary = shutil.which("redis-server")
        if binary is None:
            raise StackError("redis-server is missing", "./tecnochat doctor", 3)
        config = self._directory / "redis.conf"
        write_atomically(config, self._config())
        record = spawn([binary, config], {"LANG": "C.UTF-8"}, self._log)
        wait_until(
            lambda: self._answers() or not alive(record),
            START_SECONDS,
            "Redis did not become ready",
        )
        if not alive(record):
            raise StackError("Redis stopped while starting", f"see {self._log}")
        return record

    def stop(self, record: Record) -> None:
        terminate(record, STOP_SECONDS)

    def kill(self, record: Record) -> None:
        kill(record)

    def is_ready(self) -> bool:
        return self._answers()

    def _config(self) -> str:
        return _CONFIG.format(port=self._port, password=self._password, directory=self._directory)

    def _answers(self) -> bool:
        command = f"AUTH {self._password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(command)
                answer = b""
                while b"PONG" not in answer:
                    chunk = connection.recv(64)
                    if not chunk:
                        return False
                    answer += chunk
        except OSError:
            return False
        return True
