"""One real Kafka broker for the development stack: TLS and ACLs on, small, and its data kept.

    Kafka.install(libs, print)
    kafka = Kafka(state / "kafka", 19092, 19093, state / "certs", libs)
    record = kafka.start()
    kafka.stop(record)          # or kafka.kill(record), then start() again

Why these jars and these settings: docs/adr/0001-kafka-without-docker.md.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import socket
import string
import subprocess
from collections.abc import Callable
from pathlib import Path

from . import certs, kafka_libs, kafka_probe, process
from .process import Record, StackError

BROKER = "broker"
ADMIN = "admin"
START_SECONDS = 60
STOP_SECONDS = 20
FORMAT_SECONDS = 60

_CONFIG = Path(__file__).resolve().parent.parent / "kafka"
_JVM_OPTIONS = (
    "-Xms128m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    # hsperfdata is a memory-mapped file in /tmp: its write-back stalls the process now and then.
    "-XX:+PerfDisableSharedMem",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
)


class Kafka:
    """A broker whose data and configuration lie in `directory` (<state>/kafka).

    `port` is the TLS listener of the clients, `controller_port` that of KRaft, both on 127.0.0.1. `certs` is
    the folder that certs.ensure fills; the principals BROKER and ADMIN in it are the super users. `libs` is
    the folder given to `install`. Data survives kill -9 and a change of ports, not `directory`'s removal.
    """

    def __init__(
        self,
        directory: Path,
        port: int,
        controller_port: int,
        certs: Path,
        libs: Path,
        log_path: Path | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.port = port
        self.controller_port = controller_port
        self.certs = certs.absolute()
        self.libs = libs.absolute()
        self.data = self.directory / "data"
        self.properties = self.directory / "server.properties"
        self.log_path = (log_path or directory.parent / "logs" / "kafka.log").absolute()

    @property
    def brokers(self) -> str:
        """What clients take as their bootstrap servers."""
        return f"127.0.0.1:{self.port}"

    @staticmethod
    def install(libs_dir: Path, progress: Callable[[str], None]) -> None:
        """Fetches Kafka's jars with Maven; does nothing when those of the present pom are there."""
        kafka_libs.install(libs_dir, progress)

    def start(self) -> Record:
        """Starts the broker, formatting its folder the first time; returns once it serves the administrator.

        Raises StackError when a port is taken, Java or the jars are missing, or the broker does not come up;
        a broker that did not come up is not left behind.
        """
        certs.ensure(self.certs, [BROKER, ADMIN])
        for port in (self.port, self.controller_port):
            _require_free(port)
        java = kafka_libs.find_java()
        self._configure()
        if not (self.data / "meta.properties").exists():
            self._format(java)
        log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        record = process.spawn(
            self._command(java, "kafka.Kafka", self.properties), _environment(), self.log_path, self.directory
        )
        try:
            process.wait_until(lambda: self._is_up(record), START_SECONDS, "Kafka's start")
        except BaseException as error:
            process.kill(record)
            if not isinstance(error, StackError):
                raise
            cause = _cause(self._log_since(log_start))
            raise StackError(f"{error.message}: {cause}", f"see {self.log_path}") from error
        return record

    def is_serving(self) -> bool:
        """Whether the TLS listener answers the administrator and the broker counts as alive."""
        return kafka_probe.is_serving(
            self.port,
            self.certs / "ca.crt",
            self.certs / f"{ADMIN}.crt",
            self.certs / f"{ADMIN}.key",
        )

    def stop(self, record: Record) -> bool:
        """SIGTERM and wait; SIGKILL after STOP_SECONDS. True when it closed its logs in time."""
        return process.terminate(record, STOP_SECONDS)

    def kill(self, record: Record) -> None:
        """SIGKILL, as a crash test wants it."""
        process.kill(record)

    def _is_up(self, record: Record) -> bool:
        if not process.alive(record):
            raise StackError("Kafka ended while starting")
        return self.is_serving()

    def _configure(self) -> None:
        """Renders the configuration anew: ports and folders may have changed since the last start."""
        self.directory.mkdir(parents=True, exist_ok=True)
        template = (_CONFIG / "server.properties.template").read_text(encoding="utf-8")
        text = string.Template(template).substitute(
            port=self.port,
            controller_port=self.controller_port,
            data=_escaped(self.data),
            certs=_escaped(self.certs),
            broker=BROKER,
            admin=ADMIN,
        )
        self.properties.write_text(text, encoding="ascii")

    def _format(self, java: Path) -> None:
        # --ignore-formatted: a format that was cut short is carried through by the next.
        argv = self._command(
            java, "kafka.tools.StorageTool", "format", "--ignore-formatted",
            "-t", _new_cluster_id(), "-c", self.properties,
        )
        try:
            result = subprocess.run(
                argv, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=FORMAT_SECONDS, check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StackError(f"formatting {self.data} took over {FORMAT_SECONDS} s", "is the disk full?") from error
        if result.returncode != 0:
            reason = _cause(result.stdout + result.stderr)
            raise StackError(f"Kafka could not format {self.data}: {reason}", "./tecnochat down --wipe starts anew")

    def _command(self, java: Path, main_class: str, *arguments: str | Path) -> list[str]:
        jars = kafka_libs.jars_folder(self.libs)
        if not jars.exists():
            raise StackError("Kafka is not installed", "./tecnochat up installs it")
        logging = f"-Dlog4j.configuration=file:{_CONFIG / 'log4j.properties'}"
        return [str(java), *_JVM_OPTIONS, logging, "-cp", f"{jars}/*", main_class, *map(str, arguments)]

    def _log_since(self, offset: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(offset)
            return log.read(1 << 20).decode("utf-8", "replace")


def _cause(output: str) -> str:
    """Why Java gave up: the first exception that it wrote, else the first error, else its last line."""
    lines = output.strip().splitlines()
    for pattern in (r"^(Caused by: )?[\w.$]+(Exception|Error): ", r"\b(ERROR|FATAL|Error|Exception)\b"):
        for line in lines:
            if re.search(pattern, line):
                return line[:300]
    return lines[-1][:300] if lines else "it wrote nothing"


def _escaped(path: Path) -> str:
    """A path as Java's properties files want it: they are read as Latin-1, whatever the machine's language."""
    units = str(path).encode("utf-16-be")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(code) if 0x20 <= code < 0x7F and code != 0x5C else f"\\u{code:04x}" for code in codes)


def _environment() -> dict[str, str]:
    """Little is passed on: KAFKA_* or CLASSPATH of the caller must not change the broker."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}


def _new_cluster_id() -> str:
    """A random Kafka Uuid (22 characters of base64url). A leading '-' would look like a flag."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode("ascii")
        if not text.startswith("-"):
            return text


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the broker does: a port that only waits in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StackError(
                f"Kafka's port {port} is taken by another program",
                "TECNOCHAT_PORT_BASE moves every port",
            ) from error
