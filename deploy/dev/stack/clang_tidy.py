"""clang-tidy over C++ sources: side by side, each file once.

A file takes ten seconds and more. What passed is remembered by everything that could change the
verdict: the file and our headers it includes, its compile command, the configuration, the tool.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .process import StackError
from .state import ROOT

TOOL = "clang-tidy-19"
CONFIG = ROOT / ".clang-tidy"
PASSED = ROOT / ".tecnochat" / "clang-tidy"
FILE_SECONDS = 600
FORGOTTEN_SECONDS = 30 * 24 * 3600


class Outcome:
    """`unseen`: files that the time did not suffice for; `cached`: passed before, unchanged since."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self.cached = 0
        self.looked_at = 0
        self.unseen: list[str] = []


def run(
    build: Path, names: Sequence[str], seconds: float, progress: Callable[[str], None]
) -> Outcome:
    """Looks at those of `names` (relative to the checkout) that `build` compiles, and for each
    header among them at one source that includes it. No file is begun once `seconds` have passed.
    """
    commands = _commands(build)
    headers = _headers(build)
    outcome = Outcome()
    PASSED.mkdir(parents=True, exist_ok=True)
    _forget()
    work: list[tuple[str, Path]] = []
    for name in sources_of(names, headers):
        command = commands.get(str(ROOT / name))
        if command is None:
            continue
        mark = PASSED / _key(name, command, headers.get(name, []))
        if mark.exists():
            mark.touch()
            outcome.cached += 1
        else:
            work.append((name, mark))
    end = time.monotonic() + seconds

    def look(item: tuple[str, Path]) -> str | None:
        return None if time.monotonic() > end else _look(build, *item)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for number, ((name, _), found) in enumerate(zip(work, pool.map(look, work)), 1):
            if found is None:
                outcome.unseen.append(name)
            else:
                outcome.looked_at += 1
                outcome.findings += [found] if found else []
            progress(f"{number}/{len(work)}")
    return outcome


def sources_of(names: Sequence[str], headers: Mapping[str, Sequence[Path]]) -> list[str]:
    """`names` without repetition, and instead of a header one source that includes it: the one
    that is called as it is if there is one. A header that none includes is left out.
    """
    includers: dict[str, str] = {}
    for source, included in headers.items():
        for path in included:
            header = str(path.relative_to(ROOT))
            if header not in includers or Path(source).stem == path.stem:
                includers[header] = source
    chosen = (name if name.endswith(".cpp") else includers.get(name) for name in names)
    return list(dict.fromkeys(name for name in chosen if name))


def _look(build: Path, name: str, mark: Path) -> str:
    """What clang-tidy has to say; nothing means passed, and is remembered."""
    try:
        result = subprocess.run(
            [TOOL, "--quiet", "--warnings-as-errors=*", *_less(name), "-p", build, ROOT / name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=FILE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise StackError(f"{TOOL} is missing", "./tecnochat doctor") from error
    except subprocess.TimeoutExpired:
        return f"{name}: {TOOL} took over {FILE_SECONDS} s"
    if result.returncode != 0:
        said = (result.stdout + result.stderr).splitlines()
        # Those of other people's headers, which it counts and does not show.
        told = [line for line in said if not line.endswith("warnings generated.")]
        return "\n".join(told).strip() or f"{name}: {TOOL} failed"
    mark.touch()
    return ""


def _less(name: str) -> list[str]:
    """What a file is not asked for: that Catch2's REQUIRE ends a test is beyond the check."""
    is_test = "/tests/" in f"/{name}" and "/src/" not in name
    return ["--checks=-bugprone-unchecked-optional-access"] if is_test else []


def _commands(build: Path) -> dict[str, str]:
    database = json.loads((build / "compile_commands.json").read_text())
    return {
        str(Path(entry["directory"], entry["file"])): entry["command"].replace(str(ROOT), "")
        for entry in database
    }


def _headers(build: Path) -> dict[str, list[Path]]:
    """Of each source the files of this checkout that its last compilation read, as ninja noted
    them. Where it noted none (not built yet) the source stands for itself.
    """
    text = subprocess.run(
        ["ninja", "-C", build, "-t", "deps"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    ).stdout
    found: dict[str, list[Path]] = {}
    for block in text.split("\n\n"):
        # ccache makes them relative to the build folder.
        read = [Path(os.path.normpath(build / line.strip())) for line in block.splitlines()[1:]]
        ours = [path for path in read if path.is_relative_to(ROOT)]
        if ours and ours[0].suffix == ".cpp":
            found[str(ours[0].relative_to(ROOT))] = ours[1:]
    return found


def _key(name: str, command: str, headers: Sequence[Path]) -> str:
    total = hashlib.sha256(f"{TOOL}\0{name}\0{command}\0".encode())
    for path in (CONFIG, ROOT / name, *sorted(headers)):
        total.update(path.read_bytes() if path.exists() else b"gone")
        total.update(b"\0")
    return total.hexdigest()


def _forget() -> None:
    oldest = time.time() - FORGOTTEN_SECONDS
    for mark in PASSED.iterdir():
        if mark.stat().st_mtime < oldest:
            mark.unlink(missing_ok=True)
