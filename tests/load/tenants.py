"""Bench `tenants`: what do 10,000 registered tenants cost, of whom 64 are active?

    ./tecnochat bench tenants
    BENCH_PAIRS=1 BENCH_SECONDS=5 ./tecnochat bench tenants    a look

Two stacks of this build, up all the time: in one 64 tenants with a number each are registered, in the other 10,000, the first 64 the
same. Those have knowledge and customers; the rest is entered by the connector's own RegisterChannel, eight calls at once
(endtoend-register), so that every row and every channel event is the service's own. A pair begins with the idle processor time of
both at once; then one stack is loaded, then the other, and every second pair begins with the other one.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import endtoend_pairs as pairs  # noqa: E402  (siblings; the bench runner loads this file by its path)
import endtoend_processors as processors  # noqa: E402
import endtoend_world as actors  # noqa: E402
import report  # noqa: E402
from endtoend_pairs import QUIET_RATE, SUSTAINED_RATE, Build, micros  # noqa: E402

REGISTERED, ACTIVE = 10_000, 64
PAIRS = 5
SECONDS = 20
RATIO = 1.10
# For so long every replica reads again what has just been registered (libs/channels, overlap).
FRESH_SECONDS = 35
# After a load, until what it left behind is done.
QUIETENING_SECONDS = 5


@dataclass
class Side:
    """One of the two stacks, and what each stage of it used while nobody wrote, in cores."""

    build: Build
    rests: list[dict[str, float]] = field(default_factory=list)

    @property
    def idle(self) -> list[float]:
        """Without the simulated Meta, which is not ours."""
        return [sum(cores for stage, cores in rest.items() if stage != "meta-simulator") for rest in self.rests]


def rest(sides: Sequence[Side], seconds: int) -> None:
    """Of all at the same time, and some seconds after the last load: neither is nearer to its own than the other."""
    time.sleep(QUIETENING_SECONDS)
    with ThreadPoolExecutor(len(sides)) as pool:
        for side, cores in zip(sides, pool.map(lambda side: side.build.load.idle_cores(seconds), sides)):
            side.rests.append(cores)
            print(f"  {side.build.name:6} idle {side.idle[-1]:.3f} cores", flush=True)


@dataclass(frozen=True)
class Measured:
    """A figure of both sides, pair by pair."""

    name: str
    few: list[float]
    many: list[float]
    form: str

    @property
    def ratio(self) -> float:
        return statistics.median(many / few for few, many in zip(self.few, self.many))


def figures(few: Side, many: Side) -> list[Measured]:
    def of(name: str, take: Callable[[Side], list[float]], form: str) -> Measured:
        return Measured(name, take(few), take(many), form)

    return [
        of(f"us/message at {QUIET_RATE}/s", lambda side: [micros(phase) for phase in side.build.quiet], ".0f"),
        of(f"us/message at {SUSTAINED_RATE}/s", lambda side: [micros(phase) for phase in side.build.sustained], ".0f"),
        of("idle cores", lambda side: side.idle, ".3f"),
    ]  # fmt: skip


def prepare(context: Any, endpoints: dict[str, Any], registered: int, seconds: int) -> Side:
    active = actors.make_numbers(ACTIVE, 1)
    began = time.monotonic()
    if registered > ACTIVE:
        actors.register(actors.make_numbers(registered - ACTIVE, 1, first=ACTIVE), context.binaries, endpoints)
        print(f"  {registered - ACTIVE:,} numbers registered in {time.monotonic() - began:.0f} s", flush=True)
        began = time.monotonic()
    build = pairs.prepare(f"{registered:,}", context.binaries, endpoints, active)
    build.quiet_seconds = build.sustained_seconds = seconds
    time.sleep(max(0.0, FRESH_SECONDS - (time.monotonic() - began)))
    return Side(build)


def verdicts(few: Side, many: Side) -> list[tuple[bool, str]]:
    faults = few.build.faults() + many.build.faults()
    return [
        *(
            (figure.ratio <= RATIO, f"{figure.name} <= {RATIO:.2f} x with {ACTIVE} registered: {figure.ratio:.3f}")
            for figure in figures(few, many)
        ),
        (not faults, "0 lost, 0 doubled: " + ("; ".join(faults) or "every message answered once, the books agree")),
    ]  # fmt: skip


def pairs_table(few: Side, many: Side) -> str:
    shown = figures(few, many)
    header = ["pair"]
    for figure in shown:
        header += [f"{figure.name}, {few.build.name}", many.build.name, "ratio"]
    rows = [
        [
            str(number + 1),
            *(
                cell
                for figure in shown
                for cell in (
                    format(figure.few[number], figure.form),
                    format(figure.many[number], figure.form),
                    f"{figure.many[number] / figure.few[number]:.3f}",
                )
            ),
        ]
        for number in range(len(few.idle))
    ]
    return report.table(header, rows)


def stages_table(few: Side, many: Side) -> str:
    """Where the processor time goes, medians of all pairs."""
    columns = [few.build.quiet, many.build.quiet, few.build.sustained, many.build.sustained]
    rows = [
        [
            stage,
            *(f"{statistics.median(phase.micros(stage) for phase in phases):.0f}" for phases in columns),
            *(f"{statistics.median(rest.get(stage, 0.0) for rest in side.rests) * 1000:.1f}" for side in (few, many)),
        ]
        for stage in (*processors.STAGES, "load generator")
    ]
    header = ["us/message", *(f"{side.build.name} at {rate}/s" for rate in (QUIET_RATE, SUSTAINED_RATE) for side in (few, many))]  # fmt: skip
    header += [f"idle, {side.build.name}: cores / 1000" for side in (few, many)]
    return report.table(header, rows)


def text_of(few: Side, many: Side, seconds: int, checked: Sequence[tuple[bool, str]]) -> str:
    return "\n\n".join(
        [
            f"## tenants: {REGISTERED:,} registered, {ACTIVE} of them active",
            f"{report.machine()}; two stacks in turn, {len(few.idle)} pairs, {seconds} s each of nothing, of {QUIET_RATE}/s and of "
            f"{SUSTAINED_RATE}/s. Idle cores without the simulated Meta.",
            pairs_table(few, many),
            stages_table(few, many),
            report.targets(checked),
        ]
    )


def run(context: Any) -> int:
    """For `./tecnochat bench tenants`: on two stacks of its own. 0 when every target was reached, 1 otherwise."""
    count, seconds = report.length("BENCH_PAIRS", PAIRS), report.length("BENCH_SECONDS", SECONDS)
    with pairs.other_stack(context.root) as few_endpoints, context.stack() as stack:
        stack.bring_up(whole=True, settings=pairs.SETTINGS)
        endpoints = json.loads(stack.state.endpoints.read_text())
        many = prepare(context, endpoints, REGISTERED, seconds)
        few = prepare(context, few_endpoints, ACTIVE, seconds)
        for pair in range(count):
            rest((few, many), seconds)
            for side in (few, many) if pair % 2 == 0 else (many, few):
                side.build.measure()
        checked = verdicts(few, many)
    text = text_of(few, many, seconds, checked)
    print("\n" + text)
    print(f"\nwritten to {report.write_section(context.root, 'tenants', text)}")
    return 0 if all(good for good, _ in checked) else 1
