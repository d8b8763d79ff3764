"""`test`: which level needs what, in which order, and the closing line."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import build, ctest, install, planted, sanitizers
from .checks import source_checks
from .driver_tests import driver_tests
from .process import StackError
from .results import Case, Tally
from .service_logs import LogWatch
from .services import SERVICES
from .state import State
from .test_stack import TestStack

ALL = ("unit", "component", "contract", "functional", "crash")
SEEDS = (2, 3, 4)
SEED_VARIABLE = "TECNOCHAT_TEST_SEED"


@dataclass(frozen=True)
class Level:
    """`stack`: "" for none, "infrastructure" for Kafka, PostgreSQL and Redis, "whole" for
    everything. `errors_expected`: services have errors to log, for the level kills and cuts off.
    """

    name: str
    stack: str = ""
    parallel: bool = False
    errors_expected: bool = False


LEVELS = {
    level.name: level
    for level in (
        Level("unit", parallel=True),
        Level("component", stack="infrastructure", parallel=True),
        Level("contract", parallel=True),
        Level("functional", stack="whole"),
        Level("crash", stack="whole", errors_expected=True),
    )
}


def run(state: State, names: Sequence[str], options: argparse.Namespace) -> int:
    """Exit code 0 when every level ran tests and none failed."""
    deep = "deep" in names
    wanted = [name for name in LEVELS if name in names or ("all" in names or deep) and name in ALL]
    state.prepare()
    tally = Tally()
    with state.locked("tests"):
        try:
            _prepare(state, options, bool(wanted))
            runner = Runner(state, tally, options)
            with TestStack(
                state.directory / "test", runner.results / "logs", options.keep
            ) as stack:
                for name in wanted:
                    runner.level(LEVELS[name], stack, deep)
                if deep:
                    runner.seeds(stack)
            if deep:
                runner.sanitizers()
            if deep or planted.LEVEL in names:
                planted.run(state, tally, options.filter)
        except StackError as error:
            tally.add(
                Case(
                    "setup",
                    error.message.splitlines()[0],
                    "failed",
                    0,
                    f"{error.message}\n-> {error.hint}",
                )
            )
            tally.close()
            return error.exit_code
        return tally.close()


def _prepare(state: State, options: argparse.Namespace, own_build: bool) -> None:
    """`own_build`: whether any test runs from this checkout's build; planted faults have their own."""
    if options.install:
        install.install(["build", "run", "test"])
    if options.build and own_build:
        build.release(state)


class Runner:
    """Runs levels into a tally. Results and logs of the last run lie in <state>/test-results."""

    def __init__(self, state: State, tally: Tally, options: argparse.Namespace) -> None:
        self.results = state.directory / "test-results"
        self._state = state
        self._tally = tally
        self._options = options

    def level(self, level: Level, stack: TestStack, deep: bool) -> None:
        print(f"\n{level.name}", flush=True)
        if level.name == "unit" and not self._options.filter:
            for case in itertools.chain(source_checks(deep, self._options.install), driver_tests()):
                self._tally.add(case)
        self._level(level, level.name, stack, {})
        self._tally.require_cases(level.name)

    def seeds(self, stack: TestStack) -> None:
        """The levels with chance in them, again with other seeds."""
        for seed in SEEDS:
            for name in ("functional", "crash"):
                self._level(
                    LEVELS[name], f"{name} (seed {seed})", stack, {SEED_VARIABLE: str(seed)}
                )

    def sanitizers(self) -> None:
        """Unit and component tests again, built with AddressSanitizer + UBSan, then with
        ThreadSanitizer.
        """
        for preset, own in sanitizers.OPTIONS.items():
            build.build(preset, self._state)
            with TestStack(
                self._state.directory / "test", self.results / f"logs-{preset}"
            ) as stack:
                for name in ("unit", "component"):
                    self._level(
                        LEVELS[name], f"{name} ({preset})", stack, own, build.folder(preset)
                    )
                    self._tally.require_cases(f"{name} ({preset})")

    def _level(
        self,
        level: Level,
        title: str,
        stack: TestStack,
        more: Mapping[str, str],
        binary: Path | None = None,
    ) -> None:
        watch = LogWatch(stack.state.logs, (service.name for service in SERVICES))
        if level.stack:
            stack.bring_up(whole=level.stack == "whole")
        junit = self.results / f"{title.replace(' ', '-').strip('()')}.xml"
        jobs = (os.cpu_count() or 1) if level.parallel else 1
        environment = stack.environment() | dict(more)
        run_ = ctest.Run(
            binary or build.folder("release"),
            level.name,
            jobs,
            environment,
            junit,
            self._options.filter,
        )
        ran = False
        for case in ctest.run(run_, title):
            self._tally.add(case)
            ran = True
        if ran and level.stack == "whole":
            for case in watch.cases(title, level.errors_expected):
                self._tally.add(case)
