"""Checks of the source itself, run with the unit tests: format, lint, hygiene. Each counts as one
test.
"""

from __future__ import annotations

import functools
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import clang_tidy as tidy
from .build import folder
from .process import StackError
from .progress import Step
from .results import Case
from .state import ROOT

LEVEL = "unit"
TOOLS = ROOT / "deploy" / "dev" / "tools"
_ARCHITECTURE = {"x86_64": "x64"}.get(platform.machine(), platform.machine())
BUF = TOOLS / "node_modules" / "@bufbuild" / f"buf-linux-{_ARCHITECTURE}" / "bin" / "buf"
CHECK_SECONDS = 1500
TIDY_SECONDS = 240
# Root may test a clone that another user made.
_GIT = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": str(ROOT),
}
CPP = ("*.cpp", "*.hpp")


def source_checks(everything: bool, install: bool) -> Iterator[Case]:
    """`everything`: clang-tidy on all files instead of on the changed ones."""
    yield _check("clang-format", clang_format)
    yield _check("buf lint", lambda _: buf_lint(install))
    yield _check("buf breaking", lambda _: buf_breaking(install))
    yield _check("clang-tidy", lambda step: clang_tidy(everything, step))
    for script in sorted((ROOT / "tests" / "tidy").glob("*.py")):
        yield _check(f"tidy: {script.stem}", functools.partial(_tidy_script, script))


def _check(name: str, work: Callable[[Step], str]) -> Case:
    """`work` returns a few words about what it looked at, or raises StackError."""
    started = time.monotonic()
    try:
        with Step(name) as step:
            step.summary = work(step)
    except StackError as error:
        return Case(
            LEVEL, name, "failed", time.monotonic() - started, f"{error.message}\n{error.hint}"
        )
    return Case(LEVEL, name, "passed", time.monotonic() - started)


def _tidy_script(script: Path, _: Step) -> str:
    _run([sys.executable, script])
    return "no finding"


def clang_format(_: Step) -> str:
    files = [name for name in _git("ls-files", "--", *CPP) if (ROOT / name).exists()]
    try:
        _run(["clang-format-19", "--dry-run", "-Werror", *files])
    except StackError as error:
        # Of each file the name is enough: how it should look, clang-format -i writes itself.
        names = re.findall(r"^(\S+):\d+:\d+: error", error.message, re.MULTILINE)
        wrong = "\n".join(dict.fromkeys(names)) or error.message
        raise StackError(wrong, "run clang-format-19 -i on these files") from error
    return f"{len(files)} files"


def buf_lint(install: bool) -> str:
    _require_buf(install)
    _run([BUF, "lint"], "mend the protos", ROOT / "proto")
    return "no finding"


def buf_breaking(install: bool, root: Path = ROOT) -> str:
    """The contracts against those of the commit in proto/baseline. Whatever keeps it from comparing
    is a failure: a check that skips would let everything through.
    """
    _require_buf(install)
    commit = _baseline(root)
    with tempfile.TemporaryDirectory() as folder:
        # Not buf's own git input: that clones, and does not know work trees.
        archive = Path(folder) / "baseline.tar"
        _git("archive", "--output", archive, commit, "proto", root=root)
        _run(["tar", "-xf", archive, "-C", folder])
        hint = "keep the old fields, or add a new version of the package (proto/README.md)"
        _run([BUF, "breaking", "--against", Path(folder) / "proto"], hint, root / "proto")
    return f"compatible with {commit[:10]}"


def _baseline(root: Path) -> str:
    file = root / "proto" / "baseline"
    hint = "proto/baseline is one line: the full hash of a commit that HEAD descends from"
    try:
        commit = file.read_text(encoding="ascii").removesuffix("\n")
    except (OSError, ValueError) as error:
        raise StackError(f"proto/baseline cannot be read: {error}", hint) from error
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise StackError(f"proto/baseline is not a commit's full hash: {commit[:80]!r}", hint)
    if _git("rev-parse", "--is-shallow-repository", root=root) != ["false"]:
        raise StackError(
            "this clone is shallow, the commit in proto/baseline may be missing",
            "git fetch --unshallow (in CI: check out with full history)",
        )
    try:
        _git("merge-base", "--is-ancestor", commit, "HEAD", root=root)
    except StackError as error:
        raise StackError(
            f"the commit in proto/baseline ({commit}) cannot be reached from HEAD", hint
        ) from error
    return commit


def _require_buf(install: bool) -> None:
    """buf comes from npm, pinned in deploy/dev/tools; `npm ci` runs again when the lock file
    changed.
    """
    stamp = TOOLS / "node_modules" / ".package-lock.json"
    lock = TOOLS / "package-lock.json"
    if install and (not BUF.exists() or stamp.stat().st_mtime < lock.stat().st_mtime):
        _run(
            ["npm", "ci", "--no-audit", "--no-fund", "--prefix", TOOLS],
            "look at the network, or npm's settings",
        )
        os.utime(stamp)
    if not BUF.exists():
        raise StackError("buf is not installed", "run without --no-install")


def clang_tidy(everything: bool, step: Step) -> str:
    """On what changed since the last tag, the newest first; without any tag that is everything.
    Then the time is bounded, and what it did not suffice for is said; the next run goes on there.
    """
    names = _git("ls-files", "--", "*.cpp") if everything else _changed()
    seconds = math.inf if everything else TIDY_SECONDS
    outcome = tidy.run(folder("release"), names, seconds, step.update)
    if outcome.findings:
        raise StackError(
            "\n".join(outcome.findings), "mend them; a NOLINT names the check and the reason"
        )
    seen = f"{outcome.looked_at + outcome.cached} files ({outcome.cached} as before)"
    if outcome.unseen:
        return f"{seen}, NOT LOOKED AT for want of time: {len(outcome.unseen)} (test deep does)"
    return seen


def _changed() -> list[str]:
    """Sources and headers: what is in the work tree only, then by commit. Deleted ones too."""
    tags = _git("tag", "--merged", "HEAD", "--sort=-creatordate")
    commits = [f"{tags[0]}..HEAD"] if tags else ["HEAD"]
    return [
        *_git("ls-files", "--others", "--exclude-standard", "--", *CPP),
        *_git("diff", "--name-only", "HEAD", "--", *CPP),
        *(name for name in _git("log", "--format=", "--name-only", *commits, "--", *CPP) if name),
    ]


def _git(*arguments: str | Path, root: Path = ROOT) -> list[str]:
    return _run(["git", *arguments], cwd=root).splitlines()


def _run(command: Sequence[str | Path], hint: str = "", cwd: Path = ROOT) -> str:
    """Standard output; StackError with everything said when it fails or is missing."""
    try:
        result = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | _GIT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHECK_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise StackError(f"{command[0]} is missing", "./tecnochat doctor") from error
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{command[0]} took over {CHECK_SECONDS} s", hint) from error
    if result.returncode != 0:
        raise StackError((result.stdout + result.stderr).strip() or f"{command[0]} failed", hint)
    return result.stdout
