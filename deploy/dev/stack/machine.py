"""What this machine has to offer."""

from __future__ import annotations

from pathlib import Path


def available_memory_mb() -> int:
    """Memory that programs can get without swapping, the file cache counted as free."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) >> 10
    return 0
