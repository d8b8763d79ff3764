"""Where Kafka's jars and a fitting Java come from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from .process import StackError

POM = Path(__file__).resolve().parent.parent / "kafka" / "pom.xml"
# Kafka 3.9 needs 17 here (its tools) and still uses the SecurityManager API, gone with Java 24.
JAVA_MIN, JAVA_MAX = 17, 23
DOWNLOAD_SECONDS = 900


def jars_folder(libs_dir: Path) -> Path:
    """The folder of the jars that the present pom asks for, below the clone's shared `libs_dir`.

    One folder per version of the pom: a broker that runs opens its jars when it first needs them, so they
    must never be replaced under it.
    """
    return libs_dir / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]


def install(libs_dir: Path, progress: Callable[[str], None]) -> Path:
    """Fetches Kafka with Maven unless it is there; returns the folder of its jars. Safe to run at once twice."""
    folder = jars_folder(libs_dir)
    libs_dir.mkdir(parents=True, exist_ok=True)
    with (libs_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(folder, progress)
    return folder


def _fetch(folder: Path, progress: Callable[[str], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError("Maven is missing, it fetches Kafka", "apt-get install -y maven", 3)
    progress("Kafka: asking Maven for the broker (45 MB the first time)")
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder.parent) as scratch:
        jars = Path(scratch) / "jars"
        _run_maven(maven, jars, progress)
        if not list(jars.glob("kafka_*.jar")):
            raise StackError("Maven ended well but brought no Kafka", f"mvn -f {POM} dependency:tree")
        os.rename(jars, folder)
    progress(f"Kafka: {len(list(folder.iterdir()))} jars in place")


def _run_maven(maven: str, jars: Path, progress: Callable[[str], None]) -> None:
    # The plugin by its full name: by its short one, Maven's error without a network names the wrong cause.
    goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
    argv = [maven, "-B", "-f", str(POM), goal, f"-DoutputDirectory={jars}"]
    environment = {**os.environ, "JAVA_HOME": str(find_java().parent.parent)}
    errors: list[str] = []
    fetched = 0
    with subprocess.Popen(
        argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    ) as child:
        limit = threading.Timer(DOWNLOAD_SECONDS, child.kill)
        limit.start()
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("[ERROR]"):
                errors.append(line.removeprefix("[ERROR]").strip())
            elif "Downloaded from" in line and ".jar " in line:
                fetched += 1
                if fetched % 10 == 0:
                    progress(f"Kafka: {fetched} files fetched")
        limit.cancel()
    if child.returncode != 0:
        reason = next(filter(None, errors), f"no answer within {DOWNLOAD_SECONDS} s")
        raise StackError(
            f"Maven could not fetch Kafka: {reason[:300]}",
            "check the network (or the proxy or mirror in ~/.m2/settings.xml) and run the same command again",
        )


def find_java() -> Path:
    """The first Java that Kafka 3.9 runs on: JAVA_HOME, then PATH, then /usr/lib/jvm, lowest version first."""
    for candidate in _java_candidates():
        if JAVA_MIN <= _java_version(candidate) <= JAVA_MAX:
            return candidate.resolve()
    raise StackError(
        f"no Java {JAVA_MIN} to {JAVA_MAX} found, Kafka needs it", "apt-get install -y openjdk-17-jre-headless", 3
    )


def _java_candidates() -> Iterator[Path]:
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))


def _java_version(java: Path) -> int:
    """The major version; 0 when it is no working Java."""
    try:
        result = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', result.stderr)
    return int(found.group(1)) if found else 0
