"""`up`: from a fresh clone, or from whatever was left, to a running stack; and `down`, the way
back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from . import build, certs, databases, demo, ports
from .environment import Settings
from .install import install
from .orphans import end_orphans
from .postgres import foreign_folder
from .process import StackError
from .programs import Program, ensure_running, stop_recorded
from .progress import Step, note
from .provision import provision
from .services import BINARIES, INFRASTRUCTURE, SIMULATOR, identities
from .stack import Stack
from .state import ROOT, State, write_atomically

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Options:
    install: bool = True
    build: bool = True
    demo: bool = True
    simulators: bool = True
    # Kafka, PostgreSQL and Redis only, ready for the services: what component tests need.
    infrastructure_only: bool = False


def up(state: State, options: Options, environment: Mapping[str, str] = os.environ) -> Stack:
    """Idempotent: every step looks first at what is there already."""
    if options.install:
        install(["build", "run"])
    if options.build:
        build.release(state, [name for name in BINARIES if options.simulators or name != SIMULATOR])
    state.prepare()
    with state.locked():
        # Before ports are looked at: an orphan would hold ours.
        end_orphans(state)
        settings = Settings.of_up(options.simulators, environment)
        stack = Stack(state, ports.choose(state, environment), settings)
        settings.save(state)
        with Step("certificates"):
            certs.ensure(state.certs, identities())
            write_atomically(state.graph_token, state.secrets()["graph_token"] + "\n")
        _bring_up(stack, options)
        stack.write_endpoints(
            demo=options.demo and not options.infrastructure_only and demo.available()
        )
    return stack


def _bring_up(stack: Stack, options: Options) -> None:
    state, environments = stack.state, stack.environments
    # The simulator after --no-simulators, our own server when an existing one is to be used.
    for name in set(state.all_running()) - set(stack.programs):
        stop_recorded(name, state)
    with Step("Kafka, PostgreSQL and Redis") as step:
        step.summary = _start_all(stack.infrastructure(), state)
    with Step("roles, databases, migrations"):
        databases.ensure_databases(environments, bool(stack.settings.postgres_url))
        for service in databases.with_database():
            databases.migrate(environments, service, state)
    with Step("topics and rights"):
        _topics(stack)
    stack.write_endpoints()
    if options.infrastructure_only:
        return
    with Step("services") as step:
        step.summary = _start_all(stack.suite(), state)
    if options.demo and demo.available():
        with Step("demo tenant"):
            demo.seed(environments, state)


def _topics(stack: Stack) -> None:
    arguments = ["topics", "--file", str(ROOT / "deploy" / "topics.yaml")]
    arguments += ["--brokers", stack.environments.address("kafka")]
    identity = stack.environments.identity("admin")
    provision(arguments, stack.state, "creating topics and rights", identity)


def _start_all(programs: Sequence[Program], state: State) -> str:
    """All at once, each waited for; the first failure is told when the others have come to an end."""
    outcomes = _in_parallel(
        programs, lambda program: ensure_running(program, state, restart_when_changed=True)
    )
    told = []
    for word in ("started", "restarted"):
        names = [program.name for program, outcome in zip(programs, outcomes) if outcome == word]
        told += [f"{word} {', '.join(names)}"] if names else []
    return "; ".join(told) or "already running"


def _in_parallel(items: Sequence[Item], work: Callable[[Item], Outcome]) -> list[Outcome]:
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        futures = [pool.submit(work, item) for item in items]
    return [future.result() for future in futures]


def greeting(stack: Stack, seconds: float) -> str:
    """Where to click."""
    lines = [f"TecnoChat is up ({seconds:.0f} s)."]
    if stack.settings.simulators:
        lines.append(
            f"  phone page   {stack.environments.url('phone')}   write to the demo business as a customer"
        )
    lines += [
        f"  webhook      {stack.environments.url('ingress', '/webhooks/whatsapp')}",
        f"  endpoints    {stack.state.endpoints}",
        "  ./tecnochat status | logs [service] | down",
    ]
    return "\n".join(lines)


def down(state: State, wipe: bool) -> None:
    """Stops what runs, services before what they need; `wipe` also forgets the data."""
    if not state.directory.is_dir():
        note(f"nothing to stop: there is no {state.directory}")
        return
    with state.locked():
        end_orphans(state)
        running = state.all_running()
        for group in ([name for name in running if name not in INFRASTRUCTURE], INFRASTRUCTURE):
            names = [name for name in group if name in running]
            if names:
                with Step("stopping " + ", ".join(names)):
                    _in_parallel(names, lambda name: stop_recorded(name, state))
        if not running:
            note("nothing runs")
        left = state.all_running()
        if left:
            raise StackError(f"still running: {', '.join(left)}", "run ./tecnochat down again")
        state.endpoints.unlink(missing_ok=True)
    if wipe:
        _wipe(state)


def _wipe(state: State) -> None:
    """Forgets data, secrets, certificates and logs."""
    try:
        foreign = foreign_folder(state)
        if foreign.exists():
            shutil.rmtree(foreign)
        shutil.rmtree(state.directory)
    except PermissionError as error:
        raise StackError(
            f"{error.filename} belongs to another user", "run ./tecnochat down --wipe as that user"
        ) from error
    note(f"forgot the data in {state.directory}")
