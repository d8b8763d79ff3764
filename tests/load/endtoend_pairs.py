"""Bench `endtoend --against DIR`: this build and that of another checkout in turn, on one machine.

Both stacks are up all the time; one is loaded, then the other, and every second pair begins with the other one. A pair gives one ratio
each for the processor time per message at 400/s and for the p50 at 50/s; the medians of the ratios are judged.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import endtoend_processors as processors  # noqa: E402  (siblings; the bench runner loads files by their path)
import endtoend_world as actors  # noqa: E402
import report  # noqa: E402
from contenders import BenchError  # noqa: E402
from endtoend_books import Books, wrong  # noqa: E402
from endtoend_phase import Load, Phase  # noqa: E402
from endtoend_simulator import Simulator  # noqa: E402

PAIRS = 5
QUIET_RATE, QUIET_SECONDS = 50, 15
SUSTAINED_RATE, SUSTAINED_SECONDS = 400, 20
WARM_UP_RATES = (150, 250, 350)
CPU_RATIO, P50_RATIO = 0.80, 1.05
# Beyond the blocks that `test` and `bench` choose from, below the ports that the kernel gives out.
PORT_BASE = 31500
SETTINGS = {"SIMULATOR_LOG_ENTRIES": "200000"}


@dataclass
class Build:
    """One of the two builds with its stack, and what was measured on it."""

    name: str
    load: Load
    books: Books
    quiet_seconds: int = QUIET_SECONDS
    sustained_seconds: int = SUSTAINED_SECONDS
    quiet: list[Phase] = field(default_factory=list)
    sustained: list[Phase] = field(default_factory=list)

    def measure(self) -> None:
        self.quiet.append(self.load.phase(QUIET_RATE, QUIET_RATE * self.quiet_seconds))
        self.sustained.append(self.load.phase(SUSTAINED_RATE, SUSTAINED_RATE * self.sustained_seconds))
        quiet, sustained = self.quiet[-1], self.sustained[-1]
        print(
            f"  {self.name:6} p50 at {QUIET_RATE}/s {quiet.quantile(0.5):6.2f} ms  "
            f"{micros(sustained):5.0f} us/message at {SUSTAINED_RATE}/s, p99 {sustained.quantile(0.99):.0f} ms",
            flush=True,
        )

    def faults(self) -> list[str]:
        phases = (*self.quiet, *self.sustained)
        faults = [f"{self.name}: {phase.unanswered} lost, {phase.strange} doubled or wrong" for phase in phases if not phase.exact]
        return faults + [f"{self.name}: {line}" for line in wrong(self.books.settled(self.load.messages), self.load.messages)]


def micros(phase: Phase) -> float:
    """Processor time of everything, per message."""
    return sum(phase.cpu_seconds.values()) / phase.messages * 1e6


@contextmanager
def other_stack(checkout: Path) -> Iterator[dict[str, Any]]:
    """The stack of another checkout, brought up by its own command."""
    state = checkout / ".tecnochat" / "pairs"
    command = [str(checkout / "tecnochat"), "--state-dir", str(state)]
    environment = os.environ | SETTINGS | {"TECNOCHAT_PORT_BASE": str(PORT_BASE)}
    if not (checkout / "build" / "release" / "bin" / "message-router").exists():
        raise BenchError(f"{checkout} is not built: run {checkout}/tecnochat up and down there first")
    subprocess.run([*command, "down", "--wipe"], env=environment, check=False, capture_output=True)
    subprocess.run([*command, "up", "--no-install", "--no-build", "--no-demo"], env=environment, check=True)
    try:
        yield json.loads((state / "endpoints.json").read_text())
    finally:
        subprocess.run([*command, "down", "--wipe"], env=environment, check=False)


def prepare(
    name: str, binaries: Path, endpoints: Mapping[str, Any], numbers: Sequence[actors.Number] | None = None
) -> Build:
    """Numbers, knowledge, and one message of every customer."""
    simulator = Simulator(endpoints["meta_simulator"])
    numbers = numbers or actors.make_numbers()
    actors.seed(numbers, binaries, endpoints, simulator)
    books = Books(binaries, endpoints)
    load = Load(binaries, endpoints, actors.World(numbers), simulator)
    for rate in WARM_UP_RATES:
        load.phase(rate, actors.CUSTOMERS * rate // sum(WARM_UP_RATES) + 1)
    return Build(name, load, books)


def verdicts(old: Build, new: Build) -> list[tuple[bool, str]]:
    cpu = statistics.median(micros(b) / micros(a) for a, b in zip(old.sustained, new.sustained))
    p50 = statistics.median(b.quantile(0.5) / a.quantile(0.5) for a, b in zip(old.quiet, new.quiet))
    faults = old.faults() + new.faults()
    return [
        (cpu <= CPU_RATIO, f"processor time per message at {SUSTAINED_RATE}/s <= {CPU_RATIO:.2f} of the old build's: {cpu:.3f}"),
        (p50 <= P50_RATIO, f"p50 at {QUIET_RATE}/s <= {P50_RATIO:.2f} of the old build's: {p50:.3f}"),
        (not faults, "0 lost, 0 doubled: " + ("; ".join(faults) or "every message answered once, the books agree")),
    ]


def stages(old: Build, new: Build) -> str:
    """Where the processor time of a message goes, medians of all pairs."""
    rows = []
    for stage in (*processors.STAGES, "load generator"):
        before, after = (statistics.median(phase.micros(stage) for phase in build.sustained) for build in (old, new))
        rows.append([stage, f"{before:.0f}", f"{after:.0f}", f"{after / before:.2f}" if before else ""])
    return report.table([f"us/message at {SUSTAINED_RATE}/s", "old", "new", "ratio"], rows)


def text_of(old: Build, new: Build, checked: list[tuple[bool, str]]) -> str:
    rows = [
        [
            str(number + 1),
            *(f"{micros(build.sustained[number]):.0f}" for build in (old, new)),
            f"{micros(new.sustained[number]) / micros(old.sustained[number]):.3f}",
            *(f"{build.quiet[number].quantile(0.5):.2f}" for build in (old, new)),
            f"{new.quiet[number].quantile(0.5) / old.quiet[number].quantile(0.5):.3f}",
        ]
        for number in range(len(new.quiet))
    ]
    header = ["pair", "old us/message", "new us/message", "ratio", "old p50 ms", "new p50 ms", "ratio"]
    return "\n\n".join(
        [
            "## endtoend-pairs: the old build and the new one in turn",
            f"{report.machine()}; {len(rows)} pairs, {SUSTAINED_SECONDS} s at {SUSTAINED_RATE}/s and {QUIET_SECONDS} s at {QUIET_RATE}/s each.",
            report.table(header, rows),
            stages(old, new),
            report.targets(checked),
        ]
    )


def compare(context: Any, against: Path, pairs: int = PAIRS) -> int:
    """0 when every target was reached, 1 otherwise."""
    with other_stack(against.resolve()) as old_endpoints, context.stack() as stack:
        stack.bring_up(whole=True, settings=SETTINGS)
        endpoints = json.loads(stack.state.endpoints.read_text())
        # One generator for both: it is a part of what is measured.
        old = prepare("old", context.binaries, old_endpoints)
        new = prepare("new", context.binaries, endpoints)
        for pair in range(pairs):
            for build in (old, new) if pair % 2 == 0 else (new, old):
                build.measure()
        checked = verdicts(old, new)
    text = text_of(old, new, checked)
    print("\n" + text)
    print(f"\nwritten to {report.write_section(context.root, 'endtoend-pairs', text)}")
    return 0 if all(good for good, _ in checked) else 1
