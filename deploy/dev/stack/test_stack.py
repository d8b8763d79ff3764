"""A whole stack of its own for tests and benches, beside whatever runs, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from . import ports
from .environment import Environments
from .passed import set_in
from .progress import note
from .stack import Stack
from .state import BIN, ROOT, State
from .up import Options, down, up

EXISTING_SERVERS = ("TECNOCHAT_KAFKA_BROKERS", "TECNOCHAT_POSTGRES_URL", "TECNOCHAT_REDIS_URL")


class TestStack:
    """`with TestStack(folder, logs)`: nothing runs until asked for; all is stopped and forgotten at
    the end.

    Logs are moved to `logs` when it ends, for whoever wants to know why a test failed.
    """

    def __init__(self, directory: Path, logs: Path, keep: bool = False) -> None:
        self.state = State(directory)
        self._logs = logs
        self._keep = keep
        self._environment = _clean(os.environ)
        self._stack: Stack | None = None
        self._whole = False

    def __enter__(self) -> TestStack:
        # A run that was killed may have left one.
        if self.state.directory.exists():
            down(self.state, wipe=True)
        shutil.rmtree(self._logs, ignore_errors=True)
        self._environment[ports.BASE_VARIABLE] = str(ports.free_base())
        return self

    def __exit__(self, *error: object) -> None:
        # Cleaning up takes seconds and must not be cut short by a second Ctrl-C.
        handlers = {
            number: signal.signal(number, signal.SIG_IGN)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            self._take_down()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _take_down(self) -> None:
        if self._keep and self._stack:
            note(
                f"the test stack still runs: ./tecnochat --state-dir {self.state.directory} status | down --wipe"
            )
            return
        if not self.state.directory.exists():
            return
        down(self.state, wipe=False)
        if self.state.logs.is_dir():
            shutil.copytree(self.state.logs, self._logs, dirs_exist_ok=True)
        down(self.state, wipe=True)

    def bring_up(self, whole: bool, settings: Mapping[str, str] | None = None) -> Stack:
        """Kafka, PostgreSQL and Redis, or `whole` with services, simulator and demo tenant.

        Called again it puts right what tests stopped or started with settings of their own.
        """
        options = Options(
            install=False, build=False, infrastructure_only=not whole and not self._whole
        )
        self._stack = up(self.state, options, self._environment | dict(settings or {}))
        self._whole = self._whole or whole
        return self._stack

    def environment(self) -> dict[str, str]:
        """What test programs are told: where the stack is, and how to drive it."""
        told = dict(self._environment)
        del told[ports.BASE_VARIABLE]
        told |= {
            "TECNOCHAT_CLI": str(ROOT / "tecnochat"),
            "TECNOCHAT_STATE_DIR": str(self.state.directory),
            "TECNOCHAT_TEST_BINARIES": str(BIN),
        }
        if self._stack:
            environments: Environments = self._stack.environments
            told |= {
                "TECNOCHAT_TEST_ENDPOINTS": str(self.state.endpoints),
                "TECNOCHAT_TEST_POSTGRES_URL": environments.postgres_admin_url,
                "TECNOCHAT_TEST_REDIS_URL": environments.redis_url,
                "TECNOCHAT_TEST_KAFKA_BROKERS": environments.address("kafka"),
            }
        return told


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the caller's settings: a test's result must not hang on them."""
    unwanted = set(set_in(environment)) | set(EXISTING_SERVERS)
    return {name: value for name, value in environment.items() if name not in unwanted}
