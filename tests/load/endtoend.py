"""Bench `endtoend`: a customer's message in, the business' answer out, through every service.

    ./tecnochat bench endtoend [--against DIR]
    /usr/bin/python3 tests/load/endtoend.py --build build/release --endpoints .tecnochat/endpoints.json

16 tenants with 4 numbers each answer 10,000 customers, rate limits on. The generator posts signed webhooks on a fixed schedule (open
loop); latency counts from the scheduled post to the reply's arrival at the simulated Graph API. First every customer writes once, then come
rounds at 50 messages/s, a minute at 400/s, and higher rates until one is not kept up with. Every message must have got exactly its own
answer, and the books of both databases must agree.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import endtoend_pairs as pairs  # noqa: E402
import endtoend_processors as processors  # noqa: E402  (siblings; the bench runner loads this file by its path)
import endtoend_world as actors  # noqa: E402
import report  # noqa: E402
from contenders import BenchError  # noqa: E402
from endtoend_books import Books, wrong  # noqa: E402
from endtoend_phase import Load, Phase  # noqa: E402
from endtoend_simulator import Simulator  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
P50_MS, P99_MS = 30.0, 100.0
QUIET_RATE = 50
SUSTAINED_RATE, SUSTAINED_SECONDS = 400, 60
GOAL = 1500  # messages/s, beyond this bench's targets
# Every customer writes once; the JVM compiles as it runs, so the first come slowly.
WARM_UP_RATES = (150, 250, 350)
# A rate is kept up with when replies do not fall behind: at the latest a second after their question.
KEPT_UP_P99_MS = 1000.0
SEARCH_STEP = 1.25
SEARCH_SECONDS = 12
SEARCH_STEPS = 5
# Nobody consumes it yet, and an administrator may write to it: fit for measuring a hop.
FLOOR_TOPIC = "whatsapp.account"
# Kafka hops and commits that a reply waits for, one after the other: inbound, request, reply, outbound; router's two, claim, wire.
HOPS, COMMITS = 4, 5


@dataclass(frozen=True)
class Length:
    rounds: int = 5
    round_seconds: int = 20
    sustained_seconds: int = SUSTAINED_SECONDS
    search_steps: int = SEARCH_STEPS


@dataclass
class Results:
    floor: dict[str, float]
    rounds: list[Phase] = field(default_factory=list)
    sustained: Phase | None = None
    search: list[Phase] = field(default_factory=list)
    messages: int = 0
    books: dict[str, int] = field(default_factory=dict)

    def median(self, of: Callable[[Phase], float]) -> float:
        return statistics.median(of(phase) for phase in self.rounds)

    @property
    def highest(self) -> float:
        """The highest rate that was kept up with."""
        phases = [phase for phase in (self.sustained, *self.search) if phase and kept_up(phase)]
        return max((phase.rate for phase in phases), default=0.0)


def kept_up(phase: Phase) -> bool:
    return phase.exact and phase.quantile(0.99) <= KEPT_UP_P99_MS


def floor(binaries: Path, endpoints: dict[str, Any]) -> dict[str, float]:
    """What a hop and a commit cost at least, on this machine and in this run."""
    certificates = Path(endpoints["tls"]["directory"])
    command = [str(binaries / "endtoend-floor"), "--brokers", endpoints["kafka"], "--topic", FLOOR_TOPIC]
    command += ["--tls-ca", endpoints["tls"]["ca"], "--tls-cert", str(certificates / "admin.crt")]
    command += ["--tls-key", str(certificates / "admin.key")]
    environment = {"TECNOCHAT_POSTGRES_URL": endpoints["postgres"]}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise BenchError(done.stderr.strip())
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(binaries: Path, endpoints: dict[str, Any], length: Length) -> Results:
    simulator = Simulator(endpoints["meta_simulator"])
    numbers = actors.make_numbers()
    began = time.monotonic()
    actors.seed(numbers, binaries, endpoints, simulator)
    _tell(f"{len(numbers)} numbers of {actors.TENANTS} tenants seeded in {time.monotonic() - began:.0f} s")
    books = Books(binaries, endpoints)
    load = Load(binaries, endpoints, actors.World(numbers), simulator)
    for rate in WARM_UP_RATES:
        rate_share = actors.CUSTOMERS * rate // sum(WARM_UP_RATES) + 1
        _tell_phase("warm-up", load.phase(rate, rate_share))
    results = Results(floor(binaries, endpoints))
    _tell(f"floor: {results.floor}")
    for number in range(length.rounds):
        results.rounds.append(load.phase(QUIET_RATE, QUIET_RATE * length.round_seconds))
        _tell_phase(f"round {number + 1}", results.rounds[-1])
    results.sustained = load.phase(SUSTAINED_RATE, SUSTAINED_RATE * length.sustained_seconds)
    _tell_phase("sustained", results.sustained)
    rate = float(SUSTAINED_RATE)
    for _ in range(length.search_steps):
        rate = round(rate * SEARCH_STEP)
        results.search.append(load.phase(rate, int(rate * SEARCH_SECONDS)))
        _tell_phase("search", results.search[-1])
        if not kept_up(results.search[-1]):
            break
    results.messages = load.messages
    results.books = books.settled(load.messages)
    return results


def _tell(text: str) -> None:
    print(f"  {text}", flush=True)


def _tell_phase(name: str, phase: Phase) -> None:
    total = sum(phase.cpu_seconds.values()) / phase.messages * 1e6
    refused = f"  refused {dict(phase.refused)}" if phase.refused else ""
    _tell(
        f"{name:10} {phase.rate:5.0f}/s  p50 {phase.quantile(0.5):7.1f}  p99 {phase.quantile(0.99):7.1f} ms"
        f"  unanswered {phase.unanswered}  strange {phase.strange}  {total:5.0f} us/message"
        f"  other cores {phase.other_cores:.2f}{refused}"
    )


def latency_table(results: Results) -> str:
    rows = []
    for name, phases in (
        (f"{QUIET_RATE}/s, {len(results.rounds)} rounds (medians)", results.rounds),
        *((f"{phase.rate:.0f}/s, {phase.messages / phase.rate:.0f} s", [phase]) for phase in _heavy(results)),
    ):
        middle = lambda of, phases=phases: statistics.median(of(phase) for phase in phases)  # noqa: E731
        rows.append(
            [
                name,
                f"{sum(phase.messages for phase in phases):,}",
                f"{middle(lambda phase: phase.ack_p50_ms):.1f}",
                *(f"{middle(lambda phase, q=q: phase.quantile(q)):.1f}" for q in (0.5, 0.9, 0.99, 1.0)),
                f"{middle(lambda phase: phase.messages / phase.seconds):.0f}",
                f"{sum(phase.unanswered for phase in phases)}",
                f"{sum(phase.strange for phase in phases)}",
                f"{middle(lambda phase: phase.other_cores):.2f}",
            ]
        )
    header = ["load", "messages", "200 p50 ms", "reply p50 ms", "p90 ms", "p99 ms", "max ms", "replies/s", "lost",
              "doubled or wrong", "cores of others"]  # fmt: skip
    return report.table(header, rows)


def _heavy(results: Results) -> list[Phase]:
    return [phase for phase in (results.sustained, *results.search) if phase]


def processor_table(results: Results) -> str:
    assert results.sustained, "measured before it is shown"
    stages = (*processors.STAGES, "load generator")
    sustained = {stage: results.sustained.micros(stage) for stage in stages}
    whole = sum(sustained.values())
    rows = [
        [
            stage,
            f"{results.median(lambda phase, stage=stage: phase.micros(stage)):.0f}",
            f"{sustained[stage]:.0f}",
            f"{sustained[stage] / whole * 100:.0f} %",
        ]
        for stage in stages
    ]
    quiet_whole = results.median(lambda phase: sum(phase.cpu_seconds.values()) / phase.messages * 1e6)
    rows.append(["**all**", f"{quiet_whole:.0f}", f"{whole:.0f}", "100 %"])
    header = ["stage", f"us/message at {QUIET_RATE}/s", f"us/message at {SUSTAINED_RATE}/s", "share"]
    return report.table(header, rows)


def volume_table(results: Results) -> str:
    assert results.sustained, "measured before it is shown"
    sustained = results.sustained
    rows = [
        [
            entry,
            f"{results.median(lambda phase, entry=entry: phase.volume[entry] / phase.messages):.2f}",
            f"{count / sustained.messages:.2f}",
        ]
        for entry, count in sustained.volume.items()
    ]
    return report.table(["per message", f"at {QUIET_RATE}/s", f"at {SUSTAINED_RATE}/s"], rows)


def verdicts(results: Results) -> list[tuple[bool, str]]:
    assert results.sustained, "measured before it is judged"
    p50 = results.median(lambda phase: phase.quantile(0.5))
    p99 = results.median(lambda phase: phase.quantile(0.99))
    strange = [phase for phase in (*results.rounds, results.sustained) if not phase.exact]
    seconds = results.sustained.messages / SUSTAINED_RATE
    wrongs = wrong(results.books, results.messages)
    return [
        (p50 <= P50_MS, f"p50 <= {P50_MS:.0f} ms at {QUIET_RATE}/s: {p50:.1f} ms"),
        (p99 <= P99_MS, f"p99 <= {P99_MS:.0f} ms at {QUIET_RATE}/s: {p99:.1f} ms"),
        (
            kept_up(results.sustained),
            f"{SUSTAINED_RATE}/s kept up with for {seconds:.0f} s (p99 <= {KEPT_UP_P99_MS:.0f} ms): "
            f"p99 {results.sustained.quantile(0.99):.0f} ms",
        ),
        (not strange, "every message of these answered once, with its own answer"),
        (
            not wrongs,
            f"books of {results.messages:,} messages: " + ("; ".join(wrongs) or "each stored once, one reply each, each sent, no dead letters"),
        ),
    ]  # fmt: skip


def text_of(results: Results, checked: Sequence[tuple[bool, str]]) -> str:
    least = HOPS * results.floor["hop_p50_ms"] + COMMITS * results.floor["commit_p50_ms"]
    p50 = results.median(lambda phase: phase.quantile(0.5))
    lines = [
        "## endtoend: a message in, an answer out",
        f"{report.machine()}; everything, the generator and the simulated Meta too, on these processors. {len(actors.make_numbers())} numbers, "
        f"{actors.TENANTS} tenants, {actors.CUSTOMERS:,} customers who all wrote before, limits on. Open loop: latency from the scheduled "
        "post of the signed webhook to the reply's arrival at the Graph API (rounded up to whole ms).",
        latency_table(results),
        f"Baseline of the same run: a Kafka hop (TLS, acks=all, produce to consume) takes {results.floor['hop_p50_ms']:.2f} ms (p99 "
        f"{results.floor['hop_p99_ms']:.2f}), a commit of one row {results.floor['commit_p50_ms']:.2f} ms (p99 {results.floor['commit_p99_ms']:.2f}). "
        f"A reply waits for {HOPS} hops and {COMMITS} commits one after the other, {least:.1f} ms; it takes {p50 / least:.1f} times as long.",
        f"Processor time per message, statuses included (each message brings two more webhooks and a read receipt with typing). "
        f"Highest rate kept up with: {results.highest:.0f}/s; the goal is {GOAL:,}/s.",
        processor_table(results),
        "What the servers were asked for (the busier, the more a transaction carries):",
        volume_table(results),
        report.targets(checked),
    ]
    return "\n\n".join(lines)


def bench(binaries: Path, endpoints: dict[str, Any], length: Length, document: bool) -> int:
    """0 when every target was reached, 1 otherwise."""
    results = measure(binaries, endpoints, length)
    checked = verdicts(results)
    text = text_of(results, checked)
    print("\n" + text)
    if document:
        print(f"\nwritten to {report.write_section(ROOT, 'endtoend', text)}")
    return 0 if all(good for good, _ in checked) else 1


def run(context: Any) -> int:
    """For `./tecnochat bench endtoend`: on a stack of its own."""
    if context.against:
        return pairs.compare(context, context.against)
    with context.stack() as stack:
        # Every request of the longest phase must still be in the simulator's log when it is read.
        stack.bring_up(whole=True, settings={"SIMULATOR_LOG_ENTRIES": "200000"})
        endpoints = json.loads(stack.state.endpoints.read_text())
        return bench(context.binaries, endpoints, Length(), document=True)


def main() -> int:
    options = argparse.ArgumentParser(description="Bench of the whole way on a running stack (SIMULATOR_LOG_ENTRIES=200000).")
    options.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    options.add_argument("--endpoints", type=Path, default=ROOT / ".tecnochat" / "endpoints.json")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--round-seconds", type=int, default=20)
    options.add_argument("--sustained-seconds", type=int, default=SUSTAINED_SECONDS)
    options.add_argument("--search-steps", type=int, default=SEARCH_STEPS)
    options.add_argument("--document", action="store_true", help="write docs/benchmarks.md")
    given = options.parse_args()
    endpoints = json.loads(given.endpoints.read_text())
    length = Length(given.rounds, given.round_seconds, given.sustained_seconds, given.search_steps)
    try:
        return bench((given.build / "bin").resolve(), endpoints, length, given.document)
    except BenchError as error:
        print(f"bench endtoend: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
