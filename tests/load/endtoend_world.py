"""Who takes part in the endtoend bench: tenants with their numbers and knowledge, customers, and what they ask.

Numbers and knowledge are entered through the services' own RPCs (tecnochat-provision), numbers also at the simulator.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import BenchError
from endtoend_simulator import Simulator

TENANTS = 16
NUMBERS_OF_A_TENANT = 4
CUSTOMERS = 10_000
SEEDERS = 4  # at once
SEED_SECONDS = 60

BREADS = (
    "centeno", "arándano", "ajonjolí", "albahaca", "cebolla", "calabaza", "chía", "coco", "queso", "guayaba",
    "maíz", "nuez", "orégano", "papa", "quinua", "romero", "tomate", "uva", "yuca", "zanahoria",
)  # fmt: skip


@dataclass(frozen=True)
class Number:
    tenant: int
    tenant_id: str
    waba_id: str
    phone_number_id: str
    display: str


@dataclass(frozen=True)
class Question:
    """One message of one customer, and what its answer, and no other of that customer, holds."""

    phone_number_id: str
    customer: str
    text: str
    answer_holds: str


def price(tenant: int, bread: int) -> str:
    """Different for every bread and tenant: an answer from foreign knowledge is a wrong one."""
    pesos = 3000 + 700 * bread + 10 * tenant
    return f"${pesos // 1000}.{pesos % 1000:03}"


def make_numbers() -> list[Number]:
    """Neighbours in the list belong to different tenants."""
    tenants = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"bench-{n}.invalid")) for n in range(TENANTS)]
    return [
        Number(tenant, tenants[tenant], f"8800{tenant:06}", f"7700{tenant:03}{n:03}", f"+57 601 {tenant:03} {n:04}")
        for n in range(NUMBERS_OF_A_TENANT)
        for tenant in range(TENANTS)
    ]  # fmt: skip


class World:
    def __init__(self, numbers: list[Number]) -> None:
        self.numbers = numbers
        self._asked = 0

    def questions(self, count: int) -> list[Question]:
        """The next messages, from one customer after the other; each of a customer's is another question."""
        return [self._next() for _ in range(count)]

    def _next(self) -> Question:
        turn, customer = divmod(self._asked, CUSTOMERS)
        self._asked += 1
        number = self.numbers[customer % len(self.numbers)]
        bread = (customer + turn) % len(BREADS)
        return Question(
            number.phone_number_id,
            f"57300{customer:07}",
            f"¿cuánto cuesta el pan de {BREADS[bread]}?",
            price(number.tenant, bread),
        )


def seed(numbers: list[Number], binaries: Path, endpoints: Mapping[str, Any], simulator: Simulator) -> None:
    """Registers every number; a tenant's knowledge is spread over the seedings of its numbers."""
    for number in numbers:
        simulator.post(
            "/sim/numbers",
            {
                "waba_id": number.waba_id,
                "phone_number_id": number.phone_number_id,
                "display_phone_number": number.display,
            },
        )
    with tempfile.TemporaryDirectory(prefix="tecnochat-bench-") as folder, ThreadPoolExecutor(SEEDERS) as pool:
        jobs = [
            pool.submit(_seed_one, place, number, binaries, endpoints, Path(folder))
            for place, number in enumerate(numbers)
        ]
        for job in jobs:
            job.result()


def _seed_one(place: int, number: Number, binaries: Path, endpoints: Mapping[str, Any], folder: Path) -> None:
    share = place // TENANTS  # which of its tenant's numbers it is
    items = [
        {
            "id": str(uuid.uuid5(uuid.UUID(number.tenant_id), name)),
            "kind": "product",
            "title": f"Pan de {name}",
            "text": f"El pan de {name} cuesta {price(number.tenant, bread)} la unidad.",
        }
        for bread, name in enumerate(BREADS)
        if bread % NUMBERS_OF_A_TENANT == share
    ]
    business = {
        "tenant_id": number.tenant_id,
        "waba_id": number.waba_id,
        "phone_number_id": number.phone_number_id,
        "display_phone_number": number.display,
    }
    business_file = folder / f"{place}.business.json"
    knowledge_file = folder / f"{place}.knowledge.json"
    business_file.write_text(json.dumps(business))
    knowledge_file.write_text(json.dumps({"tenant_id": number.tenant_id, "items": items}))
    rpc, certificates = endpoints["grpc"], Path(endpoints["tls"]["directory"])
    command = [str(binaries / "tecnochat-provision"), "seed"]
    command += ["--business", str(business_file), "--knowledge", str(knowledge_file)]
    command += ["--connector", rpc["whatsapp-connector"], "--ai-reply", rpc["ai-reply"]]
    command += ["--router", rpc["message-router"]]
    environment = {
        "TECNOCHAT_TLS_CA": endpoints["tls"]["ca"],
        "TECNOCHAT_TLS_CERT": str(certificates / "provision.crt"),
        "TECNOCHAT_TLS_KEY": str(certificates / "provision.key"),
        # Between calls nobody drives a connection attempt but gRPC's backup poller, every 5 s unless told otherwise:
        # an attempt that begins then would run into its own time limit again and again.
        "GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS": "100",
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SEED_SECONDS, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"number {number.phone_number_id} cannot be seeded: {done.stderr.strip()}")
