"""From the table of services to each program's environment."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from .passed import declared_settings, set_in, without_one_run
from .process import StackError
from .services import SIMULATOR, Service
from .state import BIN, ROOT, State, read_json, write_json

HOST = "127.0.0.1"
GRAPH_URL = "https://graph.facebook.com"
GRAPH_VERSION = "v23.0"
DEMO = ROOT / "deploy" / "dev" / "demo"
ADMINISTRATOR = "tecnochat_admin"


def demo_business() -> dict[str, Any]:
    return read_json(DEMO / "business.json")


@dataclass(frozen=True)
class Settings:
    """What the last `up` was told: settings handed through, existing servers, simulators or not."""

    values: dict[str, str] = field(default_factory=dict)
    postgres_url: str = ""
    redis_url: str = ""
    simulators: bool = True

    @staticmethod
    def of_up(simulators: bool, environment: Mapping[str, str] = os.environ) -> Settings:
        if environment.get("TECNOCHAT_KAFKA_BROKERS"):
            raise StackError(
                "TECNOCHAT_KAFKA_BROKERS is set, but an existing Kafka is not supported yet",
                "unset it: the stack brings its own broker",
                2,
            )
        return Settings(
            set_in(environment),
            environment.get("TECNOCHAT_POSTGRES_URL", ""),
            environment.get("TECNOCHAT_REDIS_URL", ""),
            simulators,
        )

    @staticmethod
    def load(state: State, environment: Mapping[str, str] = os.environ) -> Settings:
        """The last `up`'s, over which the caller's environment of now wins."""
        kept = read_json(state.settings)
        return Settings(
            kept.get("values", {}) | set_in(environment),
            kept.get("postgres_url", ""),
            kept.get("redis_url", ""),
            kept.get("simulators", True),
        )

    def save(self, state: State) -> None:
        write_json(
            state.settings,
            {
                "values": without_one_run(self.values),
                "postgres_url": self.postgres_url,
                "redis_url": self.redis_url,
                "simulators": self.simulators,
            },
        )


class Environments:
    """Builds the environment of every program of one stack."""

    def __init__(self, state: State, ports: Mapping[str, int], settings: Settings) -> None:
        self._state = state
        self._ports = ports
        self._settings = settings
        self._secrets = state.secrets()

    # -- addresses
    # -------------------------------------------------------------------------------------------

    def address(self, port_name: str) -> str:
        return f"{HOST}:{self._ports[port_name]}"

    def url(self, port_name: str, path: str = "") -> str:
        return f"http://{self.address(port_name)}{path}"

    @property
    def redis_url(self) -> str:
        own = f"redis://:{self._secrets['redis_password']}@{self.address('redis')}/0"
        return self._settings.redis_url or own

    @property
    def postgres_admin_url(self) -> str:
        if self._settings.postgres_url:
            return self._settings.postgres_url
        query = urlencode(
            {"sslmode": "verify-full", "sslrootcert": self._state.certs / "ca.crt"}, quote_via=quote
        )
        login = f"{ADMINISTRATOR}:{self._secrets['postgres_password']}"
        return f"postgresql://{login}@{self.address('postgres')}/postgres?{query}"

    def postgres_url(self, service: Service) -> str:
        """The service's own login: by its certificate in our server, by a password in an existing
        one.
        """
        assert service.database is not None, f"{service.name} has no database"
        if self._settings.postgres_url:
            parts = urlsplit(self._settings.postgres_url)
            server = parts.netloc.rpartition("@")[2]
            login = f"{quote(service.name)}:{self.postgres_login_password(service)}"
            return urlunsplit(
                parts._replace(netloc=f"{login}@{server}", path=f"/{service.database}")
            )
        files = {
            "sslmode": "verify-full",
            "sslrootcert": self._state.certs / "ca.crt",
            "sslcert": self._state.certs / f"{service.name}.crt",
            "sslkey": self._state.certs / f"{service.name}.key",
        }
        query = urlencode(files, quote_via=quote)
        return f"postgresql://{quote(service.name)}@{self.address('postgres')}/{service.database}?{query}"

    def postgres_login_password(self, service: Service) -> str:
        """Of its login on an existing server: each its own, so that none opens another's database."""
        key = self._secrets["postgres_password"].encode()
        return hmac.new(key, service.name.encode(), hashlib.sha256).hexdigest()

    def postgres_owner_url(self, service: Service) -> str:
        """The administrator acting as the owner of the service's tables: for migrations only."""
        parts = urlsplit(self.postgres_admin_url)
        options = urlencode({"options": f"-c role={service.owner}"}, quote_via=quote)
        query = f"{parts.query}&{options}" if parts.query else options
        return urlunsplit(parts._replace(path=f"/{service.database}", query=query))

    # -- programs
    # --------------------------------------------------------------------------------------------

    def whatsapp(self) -> dict[str, str]:
        """The Meta app's identity and secrets, as the services and the simulator use them."""
        names = {
            "META_APP_ID": "app_id",
            "META_APP_SECRET": "app_secret",
            "META_VERIFY_TOKEN": "verify_token",
        }
        return {name: self._given(name) or self._secrets[kept] for name, kept in names.items()}

    def _given(self, name: str) -> str:
        """The caller's value, or what stands in the file that <name>_FILE tells."""
        values = self._settings.values
        file = values.get(f"{name}_FILE")
        return values.get(name, "") or (
            Path(file).read_text(encoding="utf-8").strip() if file else ""
        )

    def identity(self, name: str) -> dict[str, str]:
        certs = self._state.certs
        return {
            "TECNOCHAT_TLS_CA": str(certs / "ca.crt"),
            "TECNOCHAT_TLS_CERT": str(certs / f"{name}.crt"),
            "TECNOCHAT_TLS_KEY": str(certs / f"{name}.key"),
        }

    def of_service(self, service: Service) -> dict[str, str]:
        defaults = {
            "TECNOCHAT_INSTANCE": "0",
            "TECNOCHAT_INGEST_KEY": self._secrets["ingest_key"],
            "META_GRAPH_URL": self.url(SIMULATOR) if self._settings.simulators else GRAPH_URL,
            "META_GRAPH_VERSION": GRAPH_VERSION,
            "TECNOCHAT_GRAPH_TOKEN_FILE": str(self._state.graph_token),
        }
        wiring = self.identity(service.name) | {
            "TECNOCHAT_KAFKA_BROKERS": self.address("kafka"),
            "TECNOCHAT_REDIS_URL": self.redis_url,
            "TECNOCHAT_ADMIN_LISTEN": self.address(f"{service.name}.admin"),
            "TECNOCHAT_RPC_ALLOW_LIST": str(ROOT / "deploy" / "rpc.yaml"),
        }
        if service.rpc:
            wiring["TECNOCHAT_RPC_LISTEN"] = self.address(f"{service.name}.rpc")
        if service.http:
            wiring["TECNOCHAT_HTTP_LISTEN"] = self.address(service.http)
        if service.database:
            wiring["TECNOCHAT_POSTGRES_URL"] = self.postgres_url(service)
        return self._fitting(service.name, defaults, wiring)

    def of_simulator(self) -> dict[str, str]:
        business = demo_business()
        fields = ("tenant_id", "waba_id", "phone_number_id", "display_phone_number", "name")
        numbers = [{name: business[name] for name in fields}] if business else []
        defaults = {
            "SIMULATOR_TOKEN": self._secrets["graph_token"],
            "SIMULATOR_NUMBERS": json.dumps(numbers, ensure_ascii=False),
        }
        wiring = self.identity("phone") | {
            "SIMULATOR_LISTEN": self.address(SIMULATOR),
            "PHONE_LISTEN": self.address("phone"),
            "SIMULATOR_WEBHOOK_URL": self.url("ingress", "/webhooks/whatsapp"),
            "SIMULATOR_ROUTER_ENDPOINT": self.address("message-router.rpc"),
        }
        return self._fitting(SIMULATOR, defaults, wiring)

    def _fitting(
        self, name: str, defaults: dict[str, str], wiring: dict[str, str]
    ) -> dict[str, str]:
        """Of our defaults, over which the caller's values win, and our wiring: what this binary
        takes.
        """
        values = self._settings.values
        defaults = self.whatsapp() | defaults
        # A secret by file and by value at once would be refused.
        defaults = {
            setting: value for setting, value in defaults.items() if f"{setting}_FILE" not in values
        }
        declared = declared_settings(BIN / name)
        offered = defaults | values | wiring
        return _base() | {
            setting: value for setting, value in offered.items() if setting in declared
        }


def _base() -> dict[str, str]:
    """What a program inherits besides its settings: nothing that would make two starts differ."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": os.environ.get("HOME", "/"),
    }
