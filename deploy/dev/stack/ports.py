"""Which port everything listens on: fixed offsets from one base, remembered, and moved aside when
taken.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from .process import StackError
from .progress import note
from .services import SERVICES, SIMULATOR
from .state import State, read_json, write_json

DEFAULT_BASE = 8080
BASE_VARIABLE = "TECNOCHAT_PORT_BASE"
# Where a port is looked for whose own is taken: below Linux' range for outgoing connections
# (32768).
FALLBACK_RANGE = range(18080, 32000)

OFFSETS = {
    "gateway": 0,
    "ingress": 1,
    "phone": 10,
    SIMULATOR: 11,
    "kafka": 12,
    "kafka-controller": 13,
    "postgres": 14,
    "redis": 15,
    **{f"{service.name}.rpc": 20 + row for row, service in enumerate(SERVICES)},
    **{f"{service.name}.admin": 30 + row for row, service in enumerate(SERVICES)},
}
BLOCK = 40


def owner(port_name: str) -> str:
    """The program that listens there."""
    special = {"ingress": "webhook-ingress", "phone": SIMULATOR, "kafka-controller": "kafka"}
    return special.get(port_name, port_name.split(".")[0])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def recorded(state: State) -> dict[str, int]:
    """The ports of the last `up`; StackError when there was none."""
    ports = read_json(state.ports).get("ports", {})
    if set(OFFSETS) - set(ports):
        raise StackError(f"no stack was started in {state.directory}", "run ./tecnochat up first")
    return {name: int(port) for name, port in ports.items()}


def choose(state: State, environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Ports for this `up`: the last ones where they still can be had, so that URLs stay as they
    were.

    With TECNOCHAT_PORT_BASE set exactly those ports are used, and a taken one is an error; without
    it a
    taken port is replaced, and a line says so.
    """
    text = environment.get(BASE_VARIABLE)
    base = _base(text) if text else DEFAULT_BASE
    kept = read_json(state.ports)
    last = kept.get("ports", {}) if kept.get("asked") == (text or "") else {}
    running = state.all_running()
    ours = {port for name, port in kept.get("ports", {}).items() if owner(name) in running}
    chosen: dict[str, int] = {}
    for name, offset in OFFSETS.items():
        port = int(last.get(name, base + offset))
        if name == "gateway" or port in ours or is_free(port):
            chosen[name] = port
        elif text:
            raise StackError(
                f"port {port} ({name}) is in use by another program",
                f"stop that program, or set {BASE_VARIABLE} to a base with {BLOCK} free ports",
            )
        else:
            chosen[name] = next(
                free for free in FALLBACK_RANGE if is_free(free) and free not in chosen.values()
            )
            note(f"port {port} ({name}) is in use by another program: using {chosen[name]}")
    write_json(state.ports, {"asked": text or "", "ports": chosen})
    return chosen


def free_base() -> int:
    """A base whose whole block is free, for a stack beside others (`test`, `bench`)."""
    # Starting from the process id keeps two runs at the same moment apart.
    start = 21000 + (os.getpid() * BLOCK) % 10000
    for step in range(250):
        base = 21000 + (start - 21000 + step * BLOCK) % 10000
        if all(is_free(base + offset) for offset in OFFSETS.values()):
            return base
    raise StackError("no block of free ports was found", f"set {BASE_VARIABLE}")


def _base(text: str) -> int:
    if not text.isdigit() or not 1024 <= int(text) <= 65535 - BLOCK:
        raise StackError(
            f"{BASE_VARIABLE}={text} is not a port between 1024 and {65535 - BLOCK}", "", 2
        )
    return int(text)
