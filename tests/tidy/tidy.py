#!/usr/bin/python3
"""Repository hygiene as a test: prints every violation, exit code 1 if there is any. RULES take files, SOURCE_RULES C++ sources."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rules import duplicates, functions, layers
from rules.source import Source

ROOT = Path(__file__).resolve().parents[2]
CPP = (".cpp", ".hpp")
LONGEST_FILE = 600


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    except UnicodeDecodeError:
        return


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def long_files(files: list[Path]) -> Iterator[str]:
    for path in files:
        if path.suffix in CPP and sum(1 for _ in lines(path)) > LONGEST_FILE:
            yield f"{name(path)}: longer than {LONGEST_FILE} lines; would two files be clearer?"


def todos_without_issue(files: list[Path]) -> Iterator[str]:
    word = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\(#\d+\))")
    for path in files:
        if path.suffix in (*CPP, ".py", ".proto", ".yaml", ".js", ".sql"):
            for number, line in lines(path):
                if word.search(line):
                    yield f"{name(path)}:{number}: a note without an issue number"


def impure_domain(files: list[Path]) -> Iterator[str]:
    foreign = re.compile(r'#include\s+[<"](grpc|google/protobuf|librdkafka|libpq|httplib|hiredis|boost|sys/socket|.*\.pb\.h|tecnochat/(?!core/))')
    for path in files:
        if path.suffix in CPP and re.match(r"services/[^/]+/src/domain/", name(path)):
            for number, line in lines(path):
                if foreign.search(line):
                    yield f"{name(path)}:{number}: domain code is pure and uses only libs/core: {line.strip()}"


def crossing_services(files: list[Path]) -> Iterator[str]:
    for path in files:
        match = re.match(r"services/([^/]+)/", name(path))
        if not match or path.name != "CMakeLists.txt":
            continue
        for number, line in lines(path):
            for other in re.findall(r"tecnochat::([a-z-]+)_objs", line):
                if other != match.group(1):
                    yield f"{name(path)}:{number}: services never link each other ({other})"


def missing_readmes(files: list[Path]) -> Iterator[str]:
    known = {name(path) for path in files}
    for folder in ("libs", "services"):
        for child in sorted({name(path).split("/")[1] for path in files if name(path).startswith(folder + "/") and name(path).count("/") > 1}):
            if f"{folder}/{child}/README.md" not in known:
                yield f"{folder}/{child}: has no README.md"


def sleeping_tests(files: list[Path]) -> Iterator[str]:
    sleep = re.compile(r"(sleep_for|sleep_until|usleep|time\.sleep)\(")
    for path in files:
        if path.suffix in CPP and re.search(r"(^|/)tests/(?!simulators/[^/]+/src|load/)", name(path)):
            for number, line in lines(path):
                if sleep.search(line):
                    yield f"{name(path)}:{number}: tests wait for a condition, not for time"


def skipped_tests(files: list[Path]) -> Iterator[str]:
    skipped = re.compile(r"\[!mayfail\]|\[!shouldfail\]|\[\.\]|\[\.[a-z]+\]")
    for path in files:
        if path.suffix == ".cpp" and "/tests/" in "/" + name(path):
            for number, line in lines(path):
                if skipped.search(line):
                    yield f"{name(path)}:{number}: a test that does not count"


def stale_documents(_: list[Path]) -> Iterator[str]:
    generated = subprocess.run([sys.executable, "docs/tools/generate_events.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    if generated.returncode != 0:
        yield generated.stderr.strip()


def unknown_planted_faults(files: list[Path]) -> Iterator[str]:
    """A planted fault that no longer applies proves nothing."""
    for path in files:
        if name(path).startswith("tests/planted/") and path.suffix == ".patch":
            applied = subprocess.run(["git", "apply", "--check", str(path)], cwd=ROOT, capture_output=True, text=True)
            if applied.returncode != 0:
                yield f"{name(path)}: does not apply any more: {applied.stderr.strip().splitlines()[0]}"


RULES = (
    long_files,
    todos_without_issue,
    impure_domain,
    crossing_services,
    missing_readmes,
    sleeping_tests,
    skipped_tests,
    stale_documents,
    unknown_planted_faults,
)
SOURCE_RULES = (layers.check, functions.check, duplicates.check)


def main() -> int:
    argparse.ArgumentParser(description="Repository hygiene as a test.").parse_args()
    files = tracked()
    sources = [Source(name(path), path.read_text(encoding="utf-8")) for path in files if path.suffix in CPP]
    found = [violation for rule in RULES for violation in rule(files)]
    found += [violation for rule in SOURCE_RULES for violation in rule(sources)]
    for violation in found:
        print(violation)
    print(f"{len(RULES) + len(SOURCE_RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
