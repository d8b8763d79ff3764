"""The simulated Meta as the endtoend bench uses it: prepares webhooks, tells what was sent, when and to whom."""

from __future__ import annotations

import datetime
import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contenders import BenchError

CALL_SECONDS = 130
PAGE = 5000
PREPARED_AT_ONCE = 2000


@dataclass(frozen=True)
class Send:
    """A message that Meta accepted. `at` is a Unix time; it was received in the millisecond before."""

    phone_number_id: str
    customer: str
    text: str
    at: float


class Simulator:
    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname and parts.port, "an address of the stack has both"
        self._address = (parts.hostname, parts.port)

    def post(self, path: str, body: object) -> Any:
        return self._call("POST", path, json.dumps(body))

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def _call(self, method: str, path: str, body: str | None) -> Any:
        connection = http.client.HTTPConnection(*self._address, timeout=CALL_SECONDS)
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise BenchError(f"the simulator answers {answer.status} to {method} {path}: {text[:200]!r}")
        return json.loads(text)

    def prepare(self, messages: Sequence[dict[str, str]]) -> list[str]:
        """The messages' webhooks, in the same order; the simulator counts them as written now."""
        bodies: list[str] = []
        for start in range(0, len(messages), PREPARED_AT_ONCE):
            part = messages[start : start + PREPARED_AT_ONCE]
            bodies += self.post("/sim/webhooks/prepared", {"messages": part})["bodies"]
        return bodies

    def forget_requests(self) -> None:
        self._call("DELETE", "/sim/requests", None)

    def wait_until_accepted(self, count: int, seconds: float) -> bool:
        """Waits until so many messages were accepted since the last `forget_requests`."""
        until = time.monotonic() + seconds
        while True:
            left = min(100.0, until - time.monotonic())
            if left <= 0:
                return False
            query = f"accepted={count}&timeout_ms={int(left * 1000)}"
            if self.get(f"/sim/wait?phone_number_id=&customer=&{query}")["met"]:
                return True

    def wait_until_delivered(self, seconds: float) -> bool:
        """Until every webhook of the simulator's own (statuses) was answered 200."""
        query = f"webhooks_idle=true&timeout_ms={int(seconds * 1000)}"
        return bool(self.get(f"/sim/wait?phone_number_id=&customer=&{query}")["met"])

    def counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = self.get("/sim/requests/counters")
        return counters

    def sends(self) -> Iterator[Send]:
        """Every message accepted since the last `forget_requests`."""
        after = 0
        while True:
            query = f"kind=message&outcome=accepted&after_sequence={after}&limit={PAGE}"
            found = self.get(f"/sim/requests?{query}")["requests"]
            for entry in found:
                body = json.loads(entry["body"])
                at = datetime.datetime.fromisoformat(entry["at"]).timestamp()
                # Whole milliseconds, rounded down: one more, so that no latency is understated.
                yield Send(entry["phone_number_id"], body["to"].lstrip("+"), body["text"]["body"], at + 0.001)
            if len(found) < PAGE:
                return
            after = found[-1]["sequence"]
