"""Bench `fairness`: does one number's backlog hold up everybody else?

    ./tecnochat bench fairness
    BENCH_PAIRS=1 BENCH_SECONDS=15 ./tecnochat bench fairness    a look, with a shorter backlog

64 numbers of 16 tenants. 63 of them are written to once a second each, by 20 customers in turn (one customer alone would meet Meta's
limit of a pair). In every second stretch the 64th has 3,000 replies queued, each to a customer of its own. They are queued the
services' own way: the customers ask by signed webhooks at 75/s, within what Meta lets a number do, router and ai-reply answer, and the
connector holds the answers back because the bench spends that number's rate in Redis, where all replicas keep it, and keeps spending it
until the last one is queued. Then it stops, and with the same second the stretch begins. A pair is one quiet stretch and one
loaded, and every second pair begins with the loaded one.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import endtoend_world as actors  # noqa: E402  (siblings; the bench runner loads this file by its path)
import report  # noqa: E402
from contenders import BenchError  # noqa: E402
from endtoend_books import Books, wrong  # noqa: E402
from endtoend_phase import Load, Phase  # noqa: E402
from endtoend_simulator import Simulator  # noqa: E402
from endtoend_volume import output, query  # noqa: E402

PAIRS = 5
SECONDS = 60
BACKLOG_OF_A_SECOND = 50  # 3,000 of a minute
CUSTOMERS_OF_A_NUMBER = 20
WARM_UP_RATES = (50, 100, 150)
ASK_RATE = 75
P99_RATIO = 1.5
LEAST_RATE = 70.0
QUEUE_SECONDS = 60
# The connector's own bucket (clients/buckets.hpp): what the number may send.
TOKENS_PER_SECOND = 76
# The debt that is renewed while the number is held: it ends so long after the last renewal.
HELD_SECONDS = 1.5
RENEW_SECONDS = 0.5
SPEND = """local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'tokens', ARGV[1], 'at', tostring(tonumber(t[1]) + tonumber(t[2]) / 1000000))
return redis.call('PEXPIRE', KEYS[1], 10000)"""


@dataclass
class Pair:
    quiet: Phase
    loaded: Phase

    @property
    def ratio(self) -> float:
        return self.loaded.quantile(0.99) / self.quiet.quantile(0.99)

    @property
    def rate(self) -> float:
        """Sends of the big number per second, from the first of its backlog to the last."""
        at = self.loaded.backlog_at
        return (len(at) - 1) / (at[-1] - at[0]) if len(at) > 1 and at[-1] > at[0] else 0.0


@dataclass
class Results:
    backlog: int
    pairs: list[Pair] = field(default_factory=list)
    messages: int = 0
    books: dict[str, int] = field(default_factory=dict)


class Hold:
    """Keeps a number from sending, as another replica that has used up its rate would, until `end`."""

    def __init__(self, endpoints: Mapping[str, Any], number: actors.Number) -> None:
        redis = urllib.parse.urlsplit(endpoints["redis"])
        # Not -u: with a password and no user in the address, redis-cli logs in as the user "".
        self._command = ["redis-cli", "-e", "--no-auth-warning", "-h", f"{redis.hostname}", "-p", f"{redis.port}"]
        self._command += ["-a", f"{redis.password}", "EVAL", SPEND, "1"]
        self._command += [f"limit:number:{number.phone_number_id}", str(-HELD_SECONDS * TOKENS_PER_SECOND)]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self._failed = ""

    def begin(self) -> None:
        output(self._command)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._failed:
            raise BenchError(f"the number could not be held: {self._failed}")

    def _keep(self) -> None:
        try:
            while not self._ended.wait(RENEW_SECONDS):
                output(self._command)
        except (BenchError, subprocess.TimeoutExpired) as error:
            self._failed = str(error)


@contextmanager
def held(endpoints: Mapping[str, Any], number: actors.Number) -> Iterator[Hold]:
    hold = Hold(endpoints, number)
    hold.begin()
    try:
        yield hold
    finally:
        hold.end()


class Bench:
    """One stack: the others' customers, and the big number's."""

    def __init__(self, binaries: Path, endpoints: Mapping[str, Any]) -> None:
        self._endpoints = endpoints
        self._simulator = Simulator(endpoints["meta_simulator"])
        numbers = actors.make_numbers()
        actors.seed(numbers, binaries, endpoints, self._simulator)
        self._big, self._others = numbers[0], numbers[1:]
        self._customers = CUSTOMERS_OF_A_NUMBER * len(self._others)
        self._crowd = actors.World([self._big], first=self._customers)
        self._small = actors.World(self._others, self._customers)
        self._books = Books(binaries, endpoints)
        self._load = Load(binaries, endpoints, self._small, self._simulator)
        for rate in WARM_UP_RATES:
            self._load.phase(rate, self._customers * 2 * rate // sum(WARM_UP_RATES) + 1)

    @property
    def rate(self) -> int:
        """Of all the others together: one a second each."""
        return len(self._others)

    def quiet(self, seconds: int) -> Phase:
        return self._load.phase(self.rate, self.rate * seconds)

    def loaded(self, seconds: int, backlog: int) -> Phase:
        waiting = self._crowd.questions(backlog)
        with held(self._endpoints, self._big) as hold:
            self._load.ask(waiting, ASK_RATE)
            self._wait_for_queue(backlog)
            return self._load.stretch(
                self._small.questions(self.rate * seconds), self.rate, waiting, begin=hold.end
            )

    def measure(self, pairs: int, seconds: int) -> Results:
        backlog = BACKLOG_OF_A_SECOND * seconds
        results = Results(backlog)
        for number in range(pairs):
            if number % 2 == 0:
                quiet = self.quiet(seconds)
                pair = Pair(quiet, self.loaded(seconds, backlog))
            else:
                loaded = self.loaded(seconds, backlog)
                pair = Pair(self.quiet(seconds), loaded)
            results.pairs.append(pair)
            print("  " + "  ".join(_row(number, pair)), flush=True)
        results.messages = self._load.messages
        results.books = self._books.settled(results.messages)
        return results

    def _wait_for_queue(self, count: int) -> None:
        """Until all of them are queued in the connector, and none has been sent."""
        until = time.monotonic() + QUEUE_SECONDS
        sql = f"""SELECT json_build_object('waiting', count(*)) FROM sends
            WHERE phone_number_id = '{self._big.phone_number_id}' AND state IN ('queued', 'claimed')"""
        while (waiting := query(self._endpoints, "whatsapp-connector", sql)["waiting"]) != count:
            if time.monotonic() > until:
                raise BenchError(f"{waiting} replies are queued, wanted are {count}")
            time.sleep(0.2)


def _row(number: int, pair: Pair) -> list[str]:
    phases = (pair.quiet, pair.loaded)
    return [
        str(number + 1),
        *(f"{phase.quantile(q):.1f}" for phase in phases for q in (0.5, 0.99, 1.0)),
        f"{pair.ratio:.2f}",
        f"{pair.rate:.1f}",
        str(sum(phase.unanswered for phase in phases)),
        str(sum(phase.strange for phase in phases)),
        str(sum(sum(phase.refused.values()) for phase in phases)),
        f"{max(phase.other_cores for phase in phases):.2f}",
    ]


def verdicts(results: Results) -> list[tuple[bool, str]]:
    ratio = statistics.median(pair.ratio for pair in results.pairs)
    rate = min(pair.rate for pair in results.pairs)
    strange = [pair for pair in results.pairs if not (pair.quiet.exact and pair.loaded.exact)]
    wrongs = wrong(results.books, results.messages)
    return [
        (ratio <= P99_RATIO, f"p99 of the others, loaded <= {P99_RATIO} x quiet (median of the pairs): {ratio:.2f}"),
        (rate >= LEAST_RATE, f"the big number keeps >= {LEAST_RATE:.0f} sends/s while it has a backlog: {rate:.1f} at least"),
        (not strange, "0 lost, 0 doubled: every message answered once, with its own answer"),
        (not wrongs, f"books of {results.messages:,} messages: {'; '.join(wrongs) or 'agree'}"),
    ]  # fmt: skip


def text_of(results: Results, seconds: int, checked: Sequence[tuple[bool, str]]) -> str:
    header = ["pair", "quiet p50 ms", "p99 ms", "max ms", "loaded p50 ms", "p99 ms", "max ms", "p99 ratio", "big number, sends/s", "lost",
              "doubled or wrong", "refused by Meta", "cores of others"]  # fmt: skip
    others = actors.TENANTS * actors.NUMBERS_OF_A_TENANT - 1
    return "\n\n".join(
        [
            "## fairness: one number's backlog beside everybody else",
            f"{report.machine()}; {others} numbers written to once a second each for {seconds} s, without and with {results.backlog:,} "
            "queued replies of another number, in turn. Latency of the others', from the scheduled post of the webhook to the reply "
            "at the Graph API. Limits on, the connector's is 76/s a number.",
            report.table(header, [_row(number, pair) for number, pair in enumerate(results.pairs)]),
            report.targets(checked),
        ]
    )


def run(context: Any) -> int:
    """For `./tecnochat bench fairness`: on a stack of its own. 0 when every target was reached, 1 otherwise."""
    pairs, seconds = report.length("BENCH_PAIRS", PAIRS), report.length("BENCH_SECONDS", SECONDS)
    with context.stack() as stack:
        stack.bring_up(whole=True, settings={"SIMULATOR_LOG_ENTRIES": "200000"})
        endpoints = json.loads(stack.state.endpoints.read_text())
        results = Bench(context.binaries, endpoints).measure(pairs, seconds)
    checked = verdicts(results)
    text = text_of(results, seconds, checked)
    print("\n" + text)
    print(f"\nwritten to {report.write_section(context.root, 'fairness', text)}")
    return 0 if all(good for good, _ in checked) else 1
