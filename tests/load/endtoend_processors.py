"""Processor time of every stage of the running stack, from /proc. PostgreSQL's is split by whose sessions used it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# In the order of a message's way.
STAGES = (
    "webhook-ingress",
    "message-router",
    "ai-reply",
    "whatsapp-connector",
    "kafka",
    "postgres for message-router",
    "postgres for whatsapp-connector",
    "postgres for ai-reply",
    "postgres itself",
    "redis",
    "meta-simulator",
)
_SESSION = re.compile(r"postgres: (\S+) \S+ [\d.]+\(\d+\)")


def used(pids: Mapping[str, int]) -> Counter[str]:
    """Seconds by stage since the processes began; only differences mean something."""
    seconds: Counter[str] = Counter()
    for name, pid in pids.items():
        if name != "postgres":
            seconds[name] = _ticks(pid, (11, 12))
    server = pids["postgres"]
    # Of children that have gone, too (cutime, cstime).
    seconds["postgres itself"] = _ticks(server, (11, 12, 13, 14))
    for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
        session = _SESSION.match(_command_line(child))
        owner = f"postgres for {session.group(1)}" if session else "postgres itself"
        seconds[owner if owner in STAGES else "postgres itself"] += _ticks(int(child), (11, 12))
    return Counter({name: value / TICKS for name, value in seconds.items()})


def of_machine() -> float:
    """Seconds all processors were busy."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICKS


def _ticks(pid: int, places: tuple[int, ...]) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0
    fields = text.rpartition(")")[2].split()
    return sum(int(fields[place]) for place in places)


def _command_line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""
