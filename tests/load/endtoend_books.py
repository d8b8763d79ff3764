"""The books after a load: what both databases and the dead letters say about every message."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from endtoend_volume import Volume, query

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
        self._endpoints = endpoints
        self._volume = Volume(binaries, endpoints)
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
        router = query(self._endpoints, "message-router", ROUTER)
        connector = query(self._endpoints, "whatsapp-connector", CONNECTOR)
        books = router | connector
        books["unpublished"] = router["unpublished"] + connector["unpublished"]
        books["dead letters"] = sum(self._volume.records(DEAD_LETTERS).values())
        return books


def wrong(books: Mapping[str, int], messages: int) -> list[str]:
    """What does not add up, one line each."""
    lines = [f"{entry}: {books[entry]} of {messages}" for entry in EVERY if books[entry] != messages]
    return lines + [f"{entry}: {books[entry]}" for entry in NONE if books[entry] != 0]
