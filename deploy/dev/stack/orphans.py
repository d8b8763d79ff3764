"""Ends servers of this stack whose record was lost (an `up` that was killed at the wrong moment)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .postgres import data_folder
from .process import record_of, terminate
from .services import INFRASTRUCTURE
from .state import State

STOP_SECONDS = 20


def end_orphans(state: State, names: Sequence[str] = INFRASTRUCTURE) -> None:
    """Services are written down before they run; Kafka, PostgreSQL and Redis only when they are
    ready.

    Each has a path of the state folder as an argument, which no other process has. The caller holds
    the lock
    of these names (or the whole stack's): a server that is just being started would look like an
    orphan.
    """
    paths = {
        "kafka": state.kafka / "server.properties",
        "postgres": data_folder(state),
        "redis": state.redis / "redis.conf",
    }
    wanted = {str(paths[name]).encode(): state.running(name) for name in names}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        for marker, running in wanted.items():
            record = record_of(int(entry.name)) if marker in arguments else None
            if record and (running is None or running.record != record):
                terminate(record, STOP_SECONDS)
