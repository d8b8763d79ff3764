"""Settings that pass from the caller's environment to the programs, and what each program takes.

A program's own --help is the one list of its settings; a variable that it does not know would stop
its start.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .process import StackError

PREFIXES = ("TECNOCHAT_", "META_", "GOOGLE_", "AI_", "PUBLIC_", "SIMULATOR_")
# What TECNOCHAT_ variables mean to this driver and to tests, or what it decides itself.
_NOT_SETTINGS = re.compile(
    r"TECNOCHAT_(TEST_.*|CLI|STATE_DIR|PORT_BASE|KAFKA_BROKERS|POSTGRES_URL|REDIS_URL|TLS_.*|.*_LISTEN)"
)
# Understood by every binary of ours. An armed failpoint is for one run only, never remembered.
FAILPOINTS = ("TECNOCHAT_FAILPOINTS", "TECNOCHAT_ALLOW_FAILPOINTS")
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
HELP_SECONDS = 10


def set_in(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings among the caller's variables; files by their whole path (programs run elsewhere)."""
    return {
        name: os.path.abspath(value) if value and name.endswith("_FILE") else value
        for name, value in environment.items()
        if name.startswith(PREFIXES) and not _NOT_SETTINGS.fullmatch(name)
    }


def without_one_run(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in FAILPOINTS}


@functools.cache
def declared_settings(binary: Path) -> frozenset[str]:
    """The variables that the binary's --help names, and the failpoints' ones."""
    try:
        said = subprocess.run(
            [binary, "--help"],
            env={"LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HELP_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise StackError(
            f"{binary} is not built", "run ./tecnochat up without --no-build"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"{binary} --help does not work: {error}", "build it anew") from error
    if said.returncode != 0:
        raise StackError(
            f"{binary} --help failed: {(said.stderr or said.stdout).strip()[-300:]}",
            "build it anew",
        )
    return frozenset(_VARIABLE.findall(said.stdout)) | frozenset(FAILPOINTS)
