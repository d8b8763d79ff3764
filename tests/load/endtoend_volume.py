"""How much the stack's servers were asked for: transactions by database, records by topic. Only differences mean something."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contenders import BenchError

PSQL = "/usr/lib/postgresql/15/bin/psql"
SECONDS = 30
TOPICS = (
    "whatsapp.inbound", "ai.requests", "ai.replies", "whatsapp.outbound", "whatsapp.sent", "whatsapp.status",
)  # fmt: skip
TRANSACTIONS = "SELECT json_object_agg(datname, xact_commit + xact_rollback) FROM pg_stat_database WHERE datname IS NOT NULL"


class Volume:
    def __init__(self, binaries: Path, endpoints: Mapping[str, Any]) -> None:
        self._binaries = binaries
        self._endpoints = endpoints

    def read(self) -> Counter[str]:
        databases = json.loads(output([PSQL, "-XAtq", "-c", TRANSACTIONS, self._endpoints["postgres"]]))
        volume = Counter(
            {
                f"transactions of {service}": databases[name]
                for service, name in self._endpoints["databases"].items()
            }
        )
        volume.update({f"records in {topic}": n for topic, n in self.records(TOPICS).items()})
        return volume

    def records(self, topics: tuple[str, ...]) -> dict[str, int]:
        """Records ever written to each topic."""
        certificates = Path(self._endpoints["tls"]["directory"])
        command = [str(self._binaries / "topic-records"), "--brokers", self._endpoints["kafka"]]
        command += ["--tls-ca", self._endpoints["tls"]["ca"]]
        command += ["--tls-cert", str(certificates / "admin.crt"), "--tls-key", str(certificates / "admin.key")]
        counted: dict[str, int] = json.loads(output([*command, *topics]))
        return counted


def output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise BenchError(f"{Path(command[0]).name}: {done.stderr.strip()}")
    return done.stdout


def query(endpoints: Mapping[str, Any], service: str, sql: str) -> dict[str, int]:
    """The one JSON object that a statement gives in a service's database, as its administrator."""
    database = endpoints["databases"][service]
    url = endpoints["postgres"].replace("/postgres?", f"/{database}?")
    found: dict[str, int] = json.loads(output([PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url]))
    return found
