"""Runs the suite's own provisioning tool: topics, migrations, demo data (deploy/provision)."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from .process import StackError
from .state import BIN, State

TOOL = BIN / "tecnochat-provision"
SECONDS = 120


def provision(
    arguments: Sequence[str], state: State, what: str, env: Mapping[str, str] | None = None
) -> str:
    """Its standard output; a failure becomes one line with the end of the tool's output."""
    if not TOOL.exists():
        raise StackError(f"{TOOL} is missing", "run ./tecnochat up without --no-build")
    try:
        result = subprocess.run(
            [TOOL, *arguments],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | dict(env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(
            f"{what}: not done within {SECONDS} s", "see ./tecnochat status"
        ) from error
    with state.log("provision").open("a", encoding="utf-8") as log:
        log.write(f"== {what}\n{result.stdout}{result.stderr}")
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines() or ["no reason given"]
        raise StackError(f"{what}: {lines[-1]}", "see ./tecnochat logs provision")
    return result.stdout
