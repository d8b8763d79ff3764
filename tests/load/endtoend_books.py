"""The books after a load: what both databases and the dead letters say about every message."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contenders import BenchError

PSQL = "/usr/lib/postgresql/15/bin/psql"
QUERY_SECONDS = 60
SETTLE_SECONDS = 30
DEAD_LETTERS = tuple(
    f"dead-letters.{service}" for service in ("message-router", "ai-reply", "whatsapp-connector")
)

ROUTER = """SELECT json_build_object(
  'received', (SELECT count(*) FROM messages WHERE direction = 'in'),
  'received ids', (SELECT count(DISTINCT wamid) FROM messages WHERE direction = 'in'),
  'turns', (SELECT count(*) FROM turns),
  'turns with outcome reply', (SELECT count(*) FROM turns WHERE outcome = 'reply'),
  'replies', (SELECT count(*) FROM messages WHERE direction = 'out'),
  'turns replied to', (SELECT count(DISTINCT turn_id) FROM messages WHERE direction = 'out'),
  'replies sent', (SELECT count(*) FROM messages WHERE direction = 'out' AND status IN ('sent', 'delivered', 'read')),
  'parked', (SELECT count(*) FROM conversations WHERE parked),
  'unpublished', (SELECT count(*) FROM outbox))"""
CONNECTOR = """SELECT json_build_object(
  'sends', (SELECT count(*) FROM sends),
  'sends sent', (SELECT count(*) FROM sends WHERE state = 'sent'),
  'unpublished', (SELECT count(*) FROM outbox))"""
# Equal to the number of messages that were answered 200, or zero.
EVERY = (
    "received", "received ids", "turns", "turns with outcome reply", "replies", "turns replied to", "replies sent",
    "sends", "sends sent",
)  # fmt: skip
NONE = ("parked", "unpublished", "dead letters")


class Books:
    def __init__(self, binaries: Path, endpoints: Mapping[str, Any]) -> None:
        self._binaries = binaries
        self._endpoints = endpoints
        # What is there before the bench (a demo conversation) is not its business.
        self._before = self._read()

    def settled(self, messages: int) -> dict[str, int]:
        """The books once they are right, or as wrong as they still are after SETTLE_SECONDS."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            read = self._read()
            books = {entry: read[entry] - self._before[entry] for entry in read}
            if not wrong(books, messages) or time.monotonic() > until:
                return books
            time.sleep(0.5)

    def _read(self) -> dict[str, int]:
        router = self._query("message-router", ROUTER)
        connector = self._query("whatsapp-connector", CONNECTOR)
        books = router | connector
        books["unpublished"] = router["unpublished"] + connector["unpublished"]
        books["dead letters"] = self._dead_letters()
        return books

    def _query(self, service: str, sql: str) -> dict[str, int]:
        database = self._endpoints["databases"][service]
        url = self._endpoints["postgres"].replace("/postgres?", f"/{database}?")
        done = subprocess.run(
            [PSQL, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url],
            capture_output=True,
            text=True,
            timeout=QUERY_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise BenchError(f"the books of {service} cannot be read: {done.stderr.strip()}")
        rows: dict[str, int] = json.loads(done.stdout)
        return rows

    def _dead_letters(self) -> int:
        certificates = Path(self._endpoints["tls"]["directory"])
        command = [str(self._binaries / "topic-records"), "--brokers", self._endpoints["kafka"]]
        command += ["--tls-ca", self._endpoints["tls"]["ca"]]
        command += ["--tls-cert", str(certificates / "admin.crt"), "--tls-key", str(certificates / "admin.key")]
        done = subprocess.run(
            [*command, *DEAD_LETTERS], capture_output=True, text=True, timeout=QUERY_SECONDS, check=False
        )
        if done.returncode != 0:
            raise BenchError(f"dead letters cannot be counted: {done.stderr.strip()}")
        return sum(json.loads(done.stdout).values())


def wrong(books: Mapping[str, int], messages: int) -> list[str]:
    """What does not add up, one line each."""
    lines = [f"{entry}: {books[entry]} of {messages}" for entry in EVERY if books[entry] != messages]
    return lines + [f"{entry}: {books[entry]}" for entry in NONE if books[entry] != 0]
