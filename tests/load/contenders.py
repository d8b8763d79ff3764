"""What the ingress bench compares: server processes, each with its broker, ready to take load."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOPIC = "whatsapp.inbound"
READY_SECONDS = 30
# Only the ports differ from what runs beside the bench: taken free from the system.
HOST = "127.0.0.1"


class BenchError(Exception):
    """The bench cannot go on; the message says why."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_ok(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise BenchError(f"it ended with code {process.returncode}: see {log}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except urllib.error.HTTPError as error:
            if error.code not in (502, 503):
                return  # it answers: 404 and 401 are answers too
        except OSError:
            pass
        time.sleep(0.05)
    raise BenchError(f"{url} is not ready after {READY_SECONDS} s: see {log}")


@dataclass
class Broker:
    """Where records are counted, and whose processor time is shown."""

    name: str
    brokers: str
    pid: int
    environment: Mapping[str, str]
    tls: Mapping[str, str] = field(default_factory=dict)  # of whoever may describe topics

    def records(self, binaries: Path) -> int:
        command = [str(binaries / "topic-records"), "--brokers", self.brokers]
        if self.tls:
            command += ["--tls-ca", self.tls["ca"], "--tls-cert", self.tls["cert"]]
            command += ["--tls-key", self.tls["key"]]
        done = subprocess.run(
            [*command, TOPIC], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise BenchError(f"records of {self.name} cannot be counted: {done.stderr.strip()}")
        return int(json.loads(done.stdout)[TOPIC])


@dataclass
class Contender:
    key: str
    title: str
    url: str
    pids: list[int]
    broker: Broker | None = None


class Contenders:
    """Starts the servers, and ends all of them when its `with` ends."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.secret = secrets.token_hex(16)

    def __enter__(self) -> Contenders:
        return self

    def __exit__(self, *error: object) -> None:
        for process in reversed(self._processes):
            if process.stdin:
                process.stdin.close()
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(
        self, name: str, command: list[str], environment: Mapping[str, str] | None = None
    ) -> tuple[subprocess.Popen[bytes], Path]:
        log = self._folder / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if name == "mock-broker" else file,
                stderr=file,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | dict(environment or {}),
            )
        self._processes.append(process)
        return process, log

    def nginx(self) -> Contender:
        """`return 200` by two workers, with a configuration and folders of its own."""
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        folder = self._folder / "nginx"
        folder.mkdir()
        port = free_port()
        paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in paths)
        (folder / "nginx.conf").write_text(
            f"worker_processes 2; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ access_log off; keepalive_requests 1000000000; {temporary}\n"
            f"  server {{ listen {HOST}:{port}; location / {{ return 200; }} }} }}\n"
        )
        process, log = self._start(
            "nginx", [program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        )
        wait_until_ok(f"http://{HOST}:{port}/", process, log)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        url = f"http://{HOST}:{port}/webhooks/whatsapp"
        workers = [int(pid) for pid in children]
        return Contender("nginx", "nginx `return 200`, 2 workers", url, workers)

    def node(self) -> Contender:
        port = free_port()
        process, log = self._start(
            "node",
            ["node", str(HERE / "node_baseline.js"), f"{HOST}:{port}"],
            {"META_APP_SECRET": self.secret},
        )
        wait_until_ok(f"http://{HOST}:{port}/", process, log)
        title = f"Node.js {node_version()}, signature and JSON only"
        return Contender("node", title, f"http://{HOST}:{port}/webhooks/whatsapp", [process.pid])

    def mock_broker(self) -> Broker:
        process, log = self._start("mock-broker", [str(self._binaries / "mock-broker")])
        assert process.stdout, "the broker's addresses come on its stdout"
        brokers = process.stdout.readline().decode().strip()
        if not brokers:
            raise BenchError(f"the mock broker does not start: see {log}")
        environment = {"TECNOCHAT_KAFKA_SECURITY": "plaintext"}
        # Required settings, not used without TLS.
        environment |= {f"TECNOCHAT_TLS_{name}": os.devnull for name in ("CA", "CERT", "KEY")}
        return Broker("mock", brokers, process.pid, environment)

    def ingress(self, title: str, broker: Broker) -> Contender:
        port = free_port()
        environment = {
            "META_APP_SECRET": self.secret,
            "META_VERIFY_TOKEN": secrets.token_hex(16),
            "TECNOCHAT_INGEST_KEY": secrets.token_hex(16),
            "TECNOCHAT_KAFKA_BROKERS": broker.brokers,
            "TECNOCHAT_HTTP_LISTEN": f"{HOST}:{port}",
            "TECNOCHAT_ADMIN_LISTEN": f"{HOST}:0",
        }
        name = f"ingress-{broker.name}"
        program = str(self._binaries / "webhook-ingress")
        process, log = self._start(name, [program], environment | dict(broker.environment))
        wait_until_ok(f"http://{HOST}:{port}/readyz", process, log)
        url = f"http://{HOST}:{port}/webhooks/whatsapp"
        return Contender(name, title, url, [process.pid], broker)


def real_broker(endpoints: Mapping[str, object]) -> Broker:
    """The Kafka of a running stack, used with webhook-ingress' own identity."""
    tls, pids = endpoints["tls"], endpoints["pids"]
    assert isinstance(tls, dict) and isinstance(pids, dict)

    def identity(name: str) -> dict[str, str]:
        stem = f"{tls['directory']}/{name}"
        return {"ca": tls["ca"], "cert": f"{stem}.crt", "key": f"{stem}.key"}

    own = identity("webhook-ingress")
    environment = {f"TECNOCHAT_TLS_{name.upper()}": file for name, file in own.items()}
    brokers = str(endpoints["kafka"])
    return Broker("kafka", brokers, int(pids["kafka"]), environment, identity("admin"))


def node_version() -> str:
    return subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
