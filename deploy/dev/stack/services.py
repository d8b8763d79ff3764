"""The table of programs that make up the suite: the one place to add a service.

Start order is the order of the table. How each row becomes an environment is in environment.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """One binary, one identity, at most one database. Which settings it takes, its own --help says."""

    name: str
    database: str | None = None
    # Serves gRPC: gets a listener, the allow-list, and an entry in endpoints.json.
    rpc: bool = True
    # The name of its public HTTP port in ports.py.
    http: str | None = None

    @property
    def owner(self) -> str:
        """The database role that owns the tables; the service's own role is called like the
        service.
        """
        assert self.database is not None, f"{self.name} has no database"
        return f"{self.database}_owner"


SERVICES = (
    Service("whatsapp-connector", database="whatsapp_connector"),
    Service("message-router", database="message_router"),
    Service("ai-reply", database="ai_reply"),
    Service("webhook-ingress", rpc=False, http="ingress"),
)

# The simulated Meta Graph API with the phone page; stands before the services in start order.
SIMULATOR = "meta-simulator"

# Everything of ours that a running stack is made of.
BINARIES = ("tecnochat-provision", SIMULATOR, *(service.name for service in SERVICES))

INFRASTRUCTURE = ("kafka", "postgres", "redis")

# Certificates besides one per service: the servers', the operators', and the identities of callers
# that
# have no service yet (gateway, accounts) but stand in the allow-list and are tested now.
OTHER_IDENTITIES = ("broker", "admin", "postgres", "gateway", "accounts", "provision", "phone")


def by_name(name: str) -> Service | None:
    return next((service for service in SERVICES if service.name == name), None)


def identities() -> tuple[str, ...]:
    return OTHER_IDENTITIES + tuple(service.name for service in SERVICES)


def program_names() -> tuple[str, ...]:
    """Everything that can be started alone, in start order."""
    return INFRASTRUCTURE + (SIMULATOR,) + tuple(service.name for service in SERVICES)
