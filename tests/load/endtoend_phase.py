"""One stretch of load: webhooks posted in open loop, every reply matched with the message that it answers."""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import endtoend_processors as processors
from contenders import BenchError
from endtoend_simulator import Simulator
from endtoend_volume import Volume
from endtoend_world import Question, World

# Late is not lost: a backlog may take a while.
LAST_REPLIES_SECONDS = 120
STATUSES_SECONDS = 60


@dataclass
class Phase:
    """What a stretch of load gave. Latencies count from the scheduled post of the webhook to the reply at the Graph API."""

    rate: float
    messages: int
    latencies_ms: list[float]  # sorted; of the answered messages
    unanswered: int
    # Replies to nobody's question, with a wrong answer, or sent twice.
    strange: int
    refused: Mapping[str, int]  # the Graph API's answers that were no acceptance, by code
    ack_p50_ms: float  # 200 of the webhook
    seconds: float  # from the first scheduled post to the last reply
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)  # by stage, until all statuses were delivered
    volume: Mapping[str, int] = field(default_factory=dict)  # transactions and records
    other_cores: float = 0.0  # what the rest of the machine used meanwhile
    # When the replies came whose questions had been asked before; Unix times, sorted.
    backlog_at: Sequence[float] = ()

    def quantile(self, q: float) -> float:
        if not self.latencies_ms:
            return math.inf
        return self.latencies_ms[max(0, math.ceil(q * len(self.latencies_ms)) - 1)]

    @property
    def exact(self) -> bool:
        """Every message, those asked before too, has its own answer, once, and nothing else was sent."""
        return self.unanswered == 0 and self.strange == 0

    def micros(self, stage: str) -> float:
        return self.cpu_seconds.get(stage, 0.0) / self.messages * 1e6


class Load:
    """Runs phases against one stack."""

    def __init__(self, binaries: Path, endpoints: Mapping[str, Any], world: World, simulator: Simulator) -> None:
        self._binaries = binaries
        self._endpoints = endpoints
        self._world = world
        self._simulator = simulator
        self._volume = Volume(binaries, endpoints)
        self.messages = 0  # of all phases so far

    def phase(self, rate: float, messages: int) -> Phase:
        return self.stretch(self._world.questions(messages), rate)

    def ask(self, questions: Sequence[Question], rate: float) -> None:
        """Posts them and waits for no reply; a later stretch gets them as `waiting`."""
        self.messages += len(questions)
        self._post(self._bodies(questions), rate)

    def stretch(
        self,
        questions: Sequence[Question],
        rate: float,
        waiting: Sequence[Question] = (),
        begin: Callable[[], None] = lambda: None,
    ) -> Phase:
        """`waiting` were asked before, and must get their replies too; `begin` lets them go."""
        bodies = self._bodies(questions)
        self._simulator.forget_requests()
        self.messages += len(questions)
        volume = self._volume.read()
        cpu = processors.used(self._endpoints["pids"])
        busy, began = processors.of_machine(), time.monotonic()
        begin()
        sent = self._post(bodies, rate)
        self._simulator.wait_until_accepted(len(questions) + len(waiting), LAST_REPLIES_SECONDS)
        if not self._simulator.wait_until_delivered(STATUSES_SECONDS):
            raise BenchError("statuses are not taken by webhook-ingress")
        passed = time.monotonic() - began
        used = processors.used(self._endpoints["pids"])
        busy = processors.of_machine() - busy
        result = self._match(questions, waiting, sent, rate)
        result.cpu_seconds = {stage: used[stage] - cpu[stage] for stage in processors.STAGES}
        result.cpu_seconds["load generator"] = sent["cpu_seconds"]
        result.volume = {entry: count - volume[entry] for entry, count in self._volume.read().items()}
        result.other_cores = max(0.0, busy - sum(result.cpu_seconds.values())) / passed
        return result

    def idle_cores(self, seconds: float) -> dict[str, float]:
        """What every stage uses while nobody writes."""
        before, began = processors.used(self._endpoints["pids"]), time.monotonic()
        time.sleep(seconds)
        after, passed = processors.used(self._endpoints["pids"]), time.monotonic() - began
        return {stage: (after[stage] - before[stage]) / passed for stage in processors.STAGES}

    def _bodies(self, questions: Sequence[Question]) -> list[str]:
        return self._simulator.prepare(
            [
                {"phone_number_id": asked.phone_number_id, "wa_id": asked.customer, "text": asked.text}
                for asked in questions
            ]
        )

    def _post(self, bodies: Sequence[str], rate: float) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile("w", prefix="tecnochat-bench-", suffix=".jsonl") as file:
            file.write("\n".join(bodies) + "\n")
            file.flush()
            command = [str(self._binaries / "endtoend-load"), "--bodies", file.name, "--rate", str(rate)]
            command += ["--url", f"{self._endpoints['ingress']}/webhooks/whatsapp"]
            done = subprocess.run(
                command,
                env={"META_APP_SECRET": self._endpoints["whatsapp"]["app_secret"]},
                capture_output=True,
                text=True,
                timeout=len(bodies) / rate + 60,
                check=False,
            )
        if done.returncode == 1:
            raise BenchError(done.stderr.strip())
        result: dict[str, Any] = json.loads(done.stdout)
        if result["broken"] or set(result["statuses"]) != {"200"}:
            raise BenchError(f"webhooks were answered {result['statuses']}, {result['broken']} not at all")
        return result

    def _match(
        self, questions: Sequence[Question], waiting: Sequence[Question], sent: Mapping[str, Any], rate: float
    ) -> Phase:
        started = sent["started_us"] / 1e6
        # When the question was due; None for those that waited before.
        due: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
        for asked in waiting:
            due.setdefault((asked.phone_number_id, asked.customer), []).append((asked.answer_holds, None))
        for place, asked in enumerate(questions):
            key = (asked.phone_number_id, asked.customer)
            due.setdefault(key, []).append((asked.answer_holds, started + place / rate))
        latencies, backlog, strange, last = [], [], 0, started
        for reply in self._simulator.sends():
            open_ones = due.get((reply.phone_number_id, reply.customer), [])
            mine = next((entry for entry in open_ones if entry[0] in reply.text), None)
            if mine is None:
                strange += 1
                continue
            open_ones.remove(mine)
            if mine[1] is None:
                backlog.append(reply.at)
                continue
            latencies.append((reply.at - mine[1]) * 1e3)
            last = max(last, reply.at)
        counters = self._simulator.counters()
        return Phase(
            rate,
            len(questions),
            sorted(latencies),
            len(questions) + len(waiting) - len(latencies) - len(backlog),
            strange + len(counters["opaque_accepted_twice"]),
            counters["by_error_code"],
            sent["ack_p50_ms"],
            max(last - started, len(questions) / rate),
            backlog_at=sorted(backlog),
        )
