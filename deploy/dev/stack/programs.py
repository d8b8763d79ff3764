"""Everything that can run, behind one interface, so that `up`, `start`, `stop` and `kill` treat all
alike.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from .environment import Environments, Settings
from .kafka import Kafka
from .orphans import end_orphans
from .postgres import Postgres, shut_down
from .process import Record, StackError, alive, kill, spawn, terminate, wait_until
from .redis import Redis
from .services import INFRASTRUCTURE, SERVICES, SIMULATOR
from .state import BIN, ROOT, Running, State

KAFKA_LIBS = ROOT / "build" / "kafka-libs"
READY_SECONDS = 30
STOP_SECONDS = 20
LOG_BYTES_MAX = 64 << 20


class Program(Protocol):
    """`start` returns when ready; `fingerprint` changes with whatever makes a restart necessary."""

    name: str

    def fingerprint(self) -> str: ...
    def start(self) -> Record: ...
    def stop(self, record: Record) -> object: ...
    def kill(self, record: Record) -> None: ...
    def is_ready(self) -> bool: ...


class Broker:
    """Kafka as a Program."""

    name = "kafka"

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    def fingerprint(self) -> str:
        files = [
            self._kafka.certs / "broker.crt",
            *sorted((ROOT / "deploy" / "dev" / "kafka").iterdir()),
        ]
        ports = (self._kafka.port, self._kafka.controller_port)
        return _digest(ports, *[path.read_bytes() for path in files if path.is_file()])

    def start(self) -> Record:
        return self._kafka.start()

    def stop(self, record: Record) -> object:
        return self._kafka.stop(record)

    def kill(self, record: Record) -> None:
        self._kafka.kill(record)

    def is_ready(self) -> bool:
        return self._kafka.is_serving()


class Binary:
    """One of our own binaries: settings by environment, readiness at `ready` (host:port, path)."""

    def __init__(
        self,
        name: str,
        environment: Callable[[], dict[str, str]],
        ready: tuple[str, str],
        state: State,
    ) -> None:
        self.name = name
        self._path = BIN / name
        self._environment = environment
        self._ready = ready
        self._state = state

    def fingerprint(self) -> str:
        environment = self._environment()
        file, certificate = self._path.stat(), Path(environment["TECNOCHAT_TLS_CERT"]).stat()
        return _digest(
            file.st_mtime_ns, file.st_size, certificate.st_mtime_ns, sorted(environment.items())
        )

    def start(self) -> Record:
        log = self._state.log(self.name)
        before = log.stat().st_size if log.exists() else 0
        record = spawn([self._path], self._environment(), log, ROOT)
        # Written down before it is ready: an interrupted `up` must still know what it started.
        self._state.remember(self.name, Running(record, self.fingerprint()))
        wait_until(
            lambda: self.is_ready() or not alive(record),
            READY_SECONDS,
            f"{self.name} did not become ready",
            f"./tecnochat logs {self.name}",
        )
        if not alive(record):
            said = log.read_bytes()[before:].decode(errors="replace").strip().splitlines()
            raise StackError(
                f"{self.name} stopped while starting: {(said or ['it wrote nothing'])[-1][:300]}",
                f"./tecnochat logs {self.name}",
            )
        return record

    def stop(self, record: Record) -> object:
        return terminate(record, STOP_SECONDS)

    def kill(self, record: Record) -> None:
        kill(record)

    def is_ready(self) -> bool:
        return answers(*self._ready)


def answers(address: str, path: str) -> bool:
    """Whether GET of that path gives 200."""
    connection = http.client.HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def all_programs(
    state: State, ports: Mapping[str, int], settings: Settings, environments: Environments
) -> dict[str, Program]:
    """Every program this stack runs, by name, in start order."""
    programs: list[Program] = [
        Broker(
            Kafka(state.kafka, ports["kafka"], ports["kafka-controller"], state.certs, KAFKA_LIBS)
        )
    ]
    secrets = state.secrets()
    if not settings.postgres_url:
        programs.append(Postgres(state, ports["postgres"], secrets["postgres_password"]))
    if not settings.redis_url:
        programs.append(
            Redis(state.redis, ports["redis"], secrets["redis_password"], state.log("redis"))
        )
    if settings.simulators:
        ready = (environments.address(SIMULATOR), "/readyz")
        programs.append(Binary(SIMULATOR, environments.of_simulator, ready, state))
    for service in SERVICES:
        ready = (environments.address(f"{service.name}.admin"), "/readyz")
        environment = functools.partial(environments.of_service, service)
        programs.append(Binary(service.name, environment, ready, state))
    return {program.name: program for program in programs}


def ensure_running(program: Program, state: State, restart_when_changed: bool) -> str:
    """Starts it unless it runs: "started", "restarted" or "kept". Safe against the same call
    elsewhere.
    """
    with state.locked(program.name):
        running = state.running(program.name)
        if running and not (restart_when_changed and running.fingerprint != program.fingerprint()):
            return "kept"
        if running:
            program.stop(running.record)
        if program.name in INFRASTRUCTURE:
            end_orphans(state, [program.name])
        _turn_log(state.log(program.name))
        record = program.start()
        state.remember(program.name, Running(record, program.fingerprint()))
        return "restarted" if running else "started"


def end(program: Program, state: State, hard: bool) -> bool:
    """Stops or kills it; False when it did not run."""
    with state.locked(program.name):
        running = state.running(program.name)
        if running:
            (program.kill if hard else program.stop)(running.record)
        return running is not None


def stop_recorded(name: str, state: State) -> None:
    """Stops a program by its record alone, whatever became of the settings it was started with."""
    with state.locked(name):
        running = state.running(name)
        if running and name == Postgres.name:
            shut_down(running.record)
        elif running:
            terminate(running.record, STOP_SECONDS)


def _turn_log(path: Path) -> None:
    """Keeps one old log besides the present one, so that logs stay bounded."""
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        os.replace(path, path.with_suffix(".old.log"))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps([repr(part) for part in parts]).encode()).hexdigest()
