"""Who takes part in the endtoend bench: tenants with their numbers and knowledge, customers, and what they ask.

Numbers and knowledge are entered through the services' own RPCs (tecnochat-provision), numbers also at the simulator. Tenants that are
only registered come by the same RPC, many calls at once from one process (endtoend-register).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import BenchError
from endtoend_simulator import Simulator
from endtoend_volume import query

TENANTS = 16
NUMBERS_OF_A_TENANT = 4
CUSTOMERS = 10_000
SEEDERS = 4  # at once
SEED_SECONDS = 60
REGISTER_SECONDS = 300

BREADS = (
    "centeno", "arándano", "ajonjolí", "albahaca", "cebolla", "calabaza", "chía", "coco", "queso", "guayaba",
    "maíz", "nuez", "orégano", "papa", "quinua", "romero", "tomate", "uva", "yuca", "zanahoria",
)  # fmt: skip


@dataclass(frozen=True)
class Number:
    tenant: int
    place: int  # which of its tenant's numbers it is
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


def make_numbers(
    tenants: int = TENANTS, numbers_of_a_tenant: int = NUMBERS_OF_A_TENANT, first: int = 0
) -> list[Number]:
    """Neighbours in the list belong to different tenants; `first` is the first tenant's number."""
    ids = {n: str(uuid.uuid5(uuid.NAMESPACE_DNS, f"bench-{n}.invalid")) for n in range(first, first + tenants)}
    return [
        Number(tenant, n, ids[tenant], f"8800{tenant:06}", f"7700{tenant:03}{n:03}", f"+57 601 {tenant:03} {n:04}")
        for n in range(numbers_of_a_tenant)
        for tenant in ids
    ]


class World:
    """`customers` of these numbers, of whom the first is customer `first`."""

    def __init__(self, numbers: Sequence[Number], customers: int = CUSTOMERS, first: int = 0) -> None:
        self.numbers = numbers
        self._customers = customers
        self._first = first
        self._asked = 0

    def questions(self, count: int) -> list[Question]:
        """The next messages, from one customer after the other; each of a customer's is another question."""
        return [self._next() for _ in range(count)]

    def _next(self) -> Question:
        turn, customer = divmod(self._asked, self._customers)
        self._asked += 1
        number = self.numbers[customer % len(self.numbers)]
        bread = (customer + turn) % len(BREADS)
        return Question(
            number.phone_number_id,
            f"57300{self._first + customer:07}",
            f"¿cuánto cuesta el pan de {BREADS[bread]}?",
            price(number.tenant, bread),
        )


def seed(numbers: Sequence[Number], binaries: Path, endpoints: Mapping[str, Any], simulator: Simulator) -> None:
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
    shares = Counter(number.tenant for number in numbers)
    with tempfile.TemporaryDirectory(prefix="tecnochat-bench-") as folder, ThreadPoolExecutor(SEEDERS) as pool:
        jobs = [
            pool.submit(_seed_one, number, shares[number.tenant], binaries, endpoints, Path(folder))
            for number in numbers
        ]
        for job in jobs:
            job.result()


def _seed_one(
    number: Number, shares: int, binaries: Path, endpoints: Mapping[str, Any], folder: Path
) -> None:
    items = [
        {
            "id": str(uuid.uuid5(uuid.UUID(number.tenant_id), name)),
            "kind": "product",
            "title": f"Pan de {name}",
            "text": f"El pan de {name} cuesta {price(number.tenant, bread)} la unidad.",
        }
        for bread, name in enumerate(BREADS)
        if bread % shares == number.place
    ]
    business = {
        "tenant_id": number.tenant_id,
        "waba_id": number.waba_id,
        "phone_number_id": number.phone_number_id,
        "display_phone_number": number.display,
    }
    business_file = folder / f"{number.phone_number_id}.business.json"
    knowledge_file = folder / f"{number.phone_number_id}.knowledge.json"
    business_file.write_text(json.dumps(business))
    knowledge_file.write_text(json.dumps({"tenant_id": number.tenant_id, "items": items}))
    rpc = endpoints["grpc"]
    command = [str(binaries / "tecnochat-provision"), "seed"]
    command += ["--business", str(business_file), "--knowledge", str(knowledge_file)]
    command += ["--connector", rpc["whatsapp-connector"], "--ai-reply", rpc["ai-reply"]]
    command += ["--router", rpc["message-router"]]
    ca, certificate, key = _identity(endpoints)
    environment = _CALLS | {"TECNOCHAT_TLS_CA": ca, "TECNOCHAT_TLS_CERT": certificate, "TECNOCHAT_TLS_KEY": key}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=SEED_SECONDS, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"number {number.phone_number_id} cannot be seeded: {done.stderr.strip()}")


def register(numbers: Sequence[Number], binaries: Path, endpoints: Mapping[str, Any]) -> None:
    """Registers numbers that nobody will write to, and waits until the router knows them too."""
    until = time.monotonic() + REGISTER_SECONDS
    wanted = _known(endpoints) + len(numbers)
    with tempfile.NamedTemporaryFile("w", prefix="tecnochat-bench-", suffix=".txt") as file:
        file.writelines(f"{n.tenant_id} {n.waba_id} {n.phone_number_id} {n.display}\n" for n in numbers)
        file.flush()
        ca, certificate, key = _identity(endpoints)
        command = [str(binaries / "endtoend-register"), "--connector", endpoints["grpc"]["whatsapp-connector"]]
        command += ["--tls-ca", ca, "--tls-cert", certificate, "--tls-key", key, "--numbers", file.name]
        done = subprocess.run(
            command, env=_CALLS, capture_output=True, text=True, timeout=REGISTER_SECONDS, check=False
        )
    if done.returncode != 0:
        raise BenchError(f"numbers cannot be registered: {done.stderr.strip()}")
    while _known(endpoints) < wanted:
        if time.monotonic() > until:
            raise BenchError(f"the router knows {_known(endpoints)} numbers of {wanted}")
        time.sleep(0.5)


def _known(endpoints: Mapping[str, Any]) -> int:
    return query(endpoints, "message-router", "SELECT json_build_object('n', count(*)) FROM channels")["n"]


# Between calls nobody drives a connection attempt but gRPC's backup poller, every 5 s unless told otherwise:
# an attempt that begins then would run into its own time limit again and again.
_CALLS = {"GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS": "100"}


def _identity(endpoints: Mapping[str, Any]) -> tuple[str, str, str]:
    """CA, certificate and key of `provision`."""
    certificates = Path(endpoints["tls"]["directory"])
    return endpoints["tls"]["ca"], str(certificates / "provision.crt"), str(certificates / "provision.key")
