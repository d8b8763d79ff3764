"""A bench's section in docs/benchmarks.md, between markers: no bench touches another's."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Sequence
from pathlib import Path

FILE = "docs/benchmarks.md"
HEAD = """# Benchmarks

Made by `./tecnochat bench [name]`; each section is replaced by the next run of its bench.
Everything of a run shares one machine: load generator, server and broker. Compare the ratios,
which are measured in the same run, not the absolutes.
"""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table; the first column is text, the others numbers."""
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def length(variable: str, usual: int) -> int:
    """How long or how often, from the environment: BENCH_PAIRS=1 BENCH_SECONDS=10 is a look, not a measurement."""
    return int(os.environ.get(variable, usual))


def targets(checked: Sequence[tuple[bool, str]]) -> str:
    return "Targets:\n\n" + "\n".join(f"- {'reached' if good else 'MISSED'}: {line}" for good, line in checked)


def machine() -> str:
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    name = model.group(1).strip() if model else "unknown processor"
    return f"{datetime.date.today().isoformat()}, {os.cpu_count()} x {name}"


def write_section(root: Path, name: str, text: str) -> Path:
    """Replaces, or appends, the section of this bench."""
    path = root / FILE
    content = path.read_text() if path.exists() else HEAD
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    before, found, rest = content.partition(begin)
    if found:
        content = before + section + rest.partition(end)[2]
    else:
        content = content.rstrip("\n") + "\n\n" + section + "\n"
    path.write_text(content)
    return path
