"""The table of programs that make up the suite: the one place to add a service.

Start order is the order of the table. How each row becomes an environment is in environment.py.
"""

from __future__ import annotations

from dataclasses import dataclass

# Settings every service takes from the caller's environment, when they are set there.
COMMON_SETTINGS = (
    "TECNOCHAT_LOG_LEVEL",
    "TECNOCHAT_INSTANCE",
    "TECNOCHAT_INGEST_KEY",
    "TECNOCHAT_FAILPOINTS",
    "TECNOCHAT_ALLOW_FAILPOINTS",
)
# Never remembered from one start to the next: an armed failpoint is for one run only.
ONE_RUN_SETTINGS = ("TECNOCHAT_FAILPOINTS", "TECNOCHAT_ALLOW_FAILPOINTS")


@dataclass(frozen=True)
class Service:
    """One binary, one identity, at most one database (see docs/architecture.md)."""

    name: str
    database: str | None = None
    # Serves gRPC: gets a listener, the allow-list, and an entry in endpoints.json.
    rpc: bool = True
    # Passed through from the caller's environment, besides COMMON_SETTINGS.
    settings: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The database role that owns the tables; the service's own role is called like the service."""
        assert self.database is not None, f"{self.name} has no database"
        return f"{self.database}_owner"


SERVICES = (
    Service(
        "whatsapp-connector",
        database="whatsapp_connector",
        settings=(
            "META_GRAPH_URL",
            "META_GRAPH_VERSION",
            "TECNOCHAT_GRAPH_TOKEN_FILE",
            "TECNOCHAT_IN_DOUBT_SECONDS",
        ),
    ),
    Service(
        "message-router",
        database="message_router",
        settings=("TECNOCHAT_STALE_AFTER_SECONDS", "TECNOCHAT_AI_DEBOUNCE_MS"),
    ),
    Service("ai-reply", database="ai_reply"),
    Service(
        "webhook-ingress",
        rpc=False,
        settings=("META_APP_ID", "META_APP_SECRET", "META_APP_SECRET_PREVIOUS", "META_VERIFY_TOKEN"),
    ),
)

# The simulated Meta Graph API with the phone page; stands before the services in start order.
SIMULATOR = "meta-simulator"
SIMULATOR_SETTINGS = (
    "SIMULATOR_TOKEN",
    "SIMULATOR_NUMBERS",
    "META_APP_ID",
    "META_APP_SECRET",
    "META_VERIFY_TOKEN",
    "TECNOCHAT_LOG_LEVEL",
)

INFRASTRUCTURE = ("kafka", "postgres", "redis")

# Certificates besides one per service: the servers', the operators', and the identities of callers that
# have no service yet (gateway, accounts) but stand in the allow-list and are tested now.
OTHER_IDENTITIES = ("broker", "admin", "postgres", "gateway", "accounts", "provision", "phone")


def by_name(name: str) -> Service | None:
    return next((service for service in SERVICES if service.name == name), None)


def identities() -> tuple[str, ...]:
    return OTHER_IDENTITIES + tuple(service.name for service in SERVICES)


def program_names() -> tuple[str, ...]:
    """Everything that can be started alone, in start order."""
    return INFRASTRUCTURE + (SIMULATOR,) + tuple(service.name for service in SERVICES)


def passed_through() -> tuple[str, ...]:
    """Every setting that `up` hands on from its environment."""
    names = list(COMMON_SETTINGS + SIMULATOR_SETTINGS)
    for service in SERVICES:
        names += service.settings
    return tuple(dict.fromkeys(names))
