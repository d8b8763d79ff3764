"""Roles, databases and migrations: what a service finds when it first connects."""

from __future__ import annotations

import subprocess
from urllib.parse import unquote, urlsplit, urlunsplit

from .environment import Environments
from .process import StackError
from .provision import provision
from .services import SERVICES, Service
from .state import ROOT, State

# `\gexec` runs the rows of the query as statements: CREATE ROLE and CREATE DATABASE know no IF NOT
# EXISTS.
_ROLES_AND_DATABASE = r"""
SELECT format('CREATE ROLE %I NOLOGIN', '{owner}')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') \gexec
SELECT format('CREATE ROLE %I LOGIN', '{login}')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{login}') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', '{database}', '{owner}')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \gexec
REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;
GRANT CONNECT ON DATABASE "{database}" TO "{login}";
"""

# The two databases every server starts with are nobody's business either.
_COMMON = "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;"


def with_database() -> list[Service]:
    return [service for service in SERVICES if service.database]


def ensure_databases(environments: Environments, password_logins: bool) -> None:
    """Makes what is missing; changes nothing that is there. `password_logins` is for an existing
    server.

    Each service's role may connect to its own database and to no other.
    """
    script = ["SET client_min_messages = warning;"]
    if not password_logins:
        script.append(_COMMON)
    for service in with_database():
        names = {"owner": service.owner, "login": service.name, "database": service.database}
        script.append(_ROLES_AND_DATABASE.format(**names))
        if password_logins:
            script.append(
                f"ALTER ROLE \"{service.name}\" PASSWORD "
                f"'{environments.postgres_login_password(service)}';"
            )
    url, password = without_password(environments.postgres_admin_url)
    result = subprocess.run(
        [
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--set",
            "ON_ERROR_STOP=1",
            "--file",
            "-",
            "--dbname",
            url,
        ],
        env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password},
        input="\n".join(script),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[0]
        raise StackError(
            f"the databases could not be prepared: {reason}", "see ./tecnochat logs postgres"
        )


def migrate(environments: Environments, service: Service, state: State) -> None:
    """Brings the service's schema up to date, as the owner of its tables."""
    folder = ROOT / "services" / service.name / "migrations"
    if not folder.is_dir():
        return
    url, password = without_password(environments.postgres_owner_url(service))
    arguments = ["migrate", "--dir", str(folder), "--url", url]
    provision(
        arguments, state, f"migrating the database of {service.name}", {"PGPASSWORD": password}
    )


def without_password(url: str) -> tuple[str, str]:
    """The URL for a command line, which everybody on the machine can read, and the password for
    PGPASSWORD.
    """
    parts = urlsplit(url)
    login, at, server = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{server}")), unquote(password)
