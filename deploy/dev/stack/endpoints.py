"""endpoints.json: what other programs (tests, benches, people) read to find the stack's parts."""

from __future__ import annotations

from typing import Any

from .environment import Environments, Settings, demo_business
from .postgres import data_folder
from .programs import Program
from .services import SERVICES, SIMULATOR
from .state import State, write_json


def write(
    state: State,
    environments: Environments,
    settings: Settings,
    programs: dict[str, Program],
    demo: bool,
) -> dict[str, Any]:
    """Writes the file. A stopped or killed part keeps its last pid: whether it runs, its start time
    tells.
    """
    last = {name: state.last(name) for name in programs}
    app = environments.whatsapp()
    value: dict[str, Any] = {
        "ingress": environments.url("ingress"),
        "phone": environments.url("phone"),
        "meta_simulator": environments.url(SIMULATOR),
        "kafka": environments.address("kafka"),
        "postgres": environments.postgres_admin_url,
        "redis": environments.redis_url,
        "databases": {service.name: service.database for service in SERVICES if service.database},
        "grpc": {
            service.name: environments.address(f"{service.name}.rpc")
            for service in SERVICES
            if service.rpc
        },
        "metrics": {
            service.name: environments.url(f"{service.name}.admin", "/metrics")
            for service in SERVICES
        },
        "pids": {name: running.record.pid for name, running in last.items() if running},
        "whatsapp": {
            "app_id": app["META_APP_ID"],
            "app_secret": app["META_APP_SECRET"],
            "verify_token": app["META_VERIFY_TOKEN"],
        },
        # A principal's certificate is <name>.crt there, its key <name>.key.
        "tls": {"ca": str(state.certs / "ca.crt"), "directory": str(state.certs)},
        "data": {"kafka": str(state.kafka), "logs": str(state.logs)},
    }
    if not settings.simulators:
        del value["phone"], value["meta_simulator"]
    if "postgres" in programs:
        value["data"]["postgres"] = str(data_folder(state))
    if demo:
        business = demo_business()
        names = ("tenant_id", "waba_id", "phone_number_id", "display_phone_number")
        value["demo"] = {name: business[name] for name in names}
    write_json(state.endpoints, value)
    return value
