"""The demo tenant: a small bakery in Bogotá, so that a fresh stack has somebody to write to."""

from __future__ import annotations

from .environment import DEMO, Environments, demo_business
from .provision import provision
from .state import State


def available() -> bool:
    return bool(demo_business()) and (DEMO / "knowledge.json").exists()


def seed(environments: Environments, state: State) -> None:
    """Channel and knowledge of the demo tenant; ids are fixed, so that seeding twice changes
    nothing.
    """
    arguments = ["seed", "--business", str(DEMO / "business.json")]
    arguments += ["--knowledge", str(DEMO / "knowledge.json")]
    targets = {
        "--connector": "whatsapp-connector",
        "--ai-reply": "ai-reply",
        "--router": "message-router",
    }
    for flag, service in targets.items():
        arguments += [flag, environments.address(f"{service}.rpc")]
    provision(arguments, state, "seeding the demo tenant", environments.identity("provision"))
