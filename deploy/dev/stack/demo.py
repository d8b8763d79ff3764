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
    arguments = [
        "seed",
        "--business",
        str(DEMO / "business.json"),
        "--knowledge",
        str(DEMO / "knowledge.json"),
        "--connector",
        environments.address("whatsapp-connector.rpc"),
        "--ai-reply",
        environments.address("ai-reply.rpc"),
        "--router",
        environments.address("message-router.rpc"),
    ]
    provision(arguments, state, "seeding the demo tenant", environments.identity("provision"))
