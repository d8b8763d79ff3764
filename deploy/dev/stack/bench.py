"""`bench`: finds tests/load/<name>.py, gives it a context, and runs its `run(context)`."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from . import build, install
from .process import StackError
from .state import BIN, ROOT, State
from .test_stack import TestStack

FOLDER = ROOT / "tests" / "load"


@dataclass(frozen=True)
class Context:
    """What a bench gets. `stack()` gives a TestStack: a whole stack of its own, gone at the end of
    its `with`.
    """

    root: Path
    binaries: Path
    tests: Path
    results: Path
    stack: Callable[[], AbstractContextManager[TestStack]]
    # Another checkout, built, to compare with; None: only this one is measured.
    against: Path | None = None


def run(state: State, name: str | None, options: argparse.Namespace) -> int:
    names = _names()
    if name and name not in names:
        raise StackError(
            f"there is no bench {name}", f"there are: {', '.join(names) or 'none yet'}", 2
        )
    if not names:
        raise StackError("there is no bench yet", "tests/load/<name>.py with run(context) is one")
    if options.against and name != "endtoend":
        raise StackError("--against compares endtoend only", "bench endtoend --against DIR", 2)
    if options.install:
        install.install(["build", "run", "bench"])
    build.release(state)
    results = state.directory / "bench-results"
    results.mkdir(exist_ok=True)
    context = Context(
        ROOT,
        BIN,
        build.folder("release") / "tests",
        results,
        lambda: TestStack(state.directory / "bench", results / "logs"),
        options.against,
    )
    with state.locked("benches"):
        codes = [_load(bench).run(context) for bench in ([name] if name else names)]
    return max(int(code or 0) for code in codes)


def _names() -> list[str]:
    """Every file in tests/load that has a run(context)."""
    files: Mapping[str, str] = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.py"))}
    return [stem for stem, text in files.items() if "\ndef run(" in text]


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"load_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader, "a .py file always has a loader"
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up there.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
