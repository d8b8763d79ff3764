"""Finds processes of this stack whose record was lost (an `up` that was killed at the wrong moment)."""

from __future__ import annotations

from pathlib import Path

from .process import record_of, terminate


def end_orphan(marker: Path, timeout: float) -> None:
    """Ends whatever carries that file of the state folder as an argument: only this stack's process does."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(marker).encode() in arguments and (record := record_of(int(entry.name))):
            terminate(record, timeout)
