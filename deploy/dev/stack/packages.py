"""Debian packages: what is missing, and installing it without starting anything on the machine.

The list is deploy/dev/packages.txt.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .process import StackError
from .progress import Step
from .state import ROOT

LIST = ROOT / "deploy" / "dev" / "packages.txt"
LOG = Path("/var/log/tecnochat-install.log")
INSTALL_SECONDS = 1800
# Server packages whose service Debian enables at installation.
DAEMONS = ("redis-server", "nginx")
OPTIONS = ("-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3")


@dataclass(frozen=True)
class Package:
    """`command`, when given, also counts as the package: the machine may have it from elsewhere."""

    group: str
    name: str
    command: str = ""


def listed(groups: Sequence[str]) -> list[Package]:
    """The packages of these groups."""
    found = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words and words[0] in groups:
            found.append(Package(*words))
    return found


def missing(groups: Sequence[str]) -> list[str]:
    wanted = listed(groups)
    query = [
        "dpkg-query",
        "-W",
        "-f",
        "${db:Status-Status} ${Package}\n",
        *[package.name for package in wanted],
    ]
    try:
        answer = subprocess.run(
            query, capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except FileNotFoundError as error:
        raise StackError(
            "this is not a Debian system", "use Debian 12, or --no-install with all of packages.txt"
        ) from error
    installed = {line.split()[1] for line in answer.splitlines() if line.startswith("installed ")}
    return [
        package.name
        for package in wanted
        if package.name not in installed and not (package.command and shutil.which(package.command))
    ]


def install_command() -> str:
    """What the machine's administrator has to run, once."""
    command = f"{shlex.quote(str(ROOT / 'tecnochat'))} doctor --install"
    return f"sudo {command}" if shutil.which("sudo") else f"su -c {shlex.quote(command)}"


def ensure(groups: Sequence[str]) -> None:
    """Installs what is missing of these groups; without root, says what to run (exit code 3)."""
    names = missing(groups)
    if not names:
        return
    if os.geteuid() != 0:
        raise StackError(
            f"{len(names)} Debian packages are missing: {' '.join(names)}",
            f"run: {install_command()}",
            3,
        )
    with Step(f"installing {len(names)} Debian packages") as step, _services_stay_off():
        if not _has_candidates(names):
            step.update("apt-get update")
            _apt(["update"], step)
        # What an interrupted installation left half done, apt wants finished first.
        _logged(["dpkg", "--configure", "-a"])
        # --no-remove: an installation that would take something away from the machine is refused.
        _apt(
            ["install", "-y", "--fix-broken", "--no-install-recommends", "--no-remove", *names],
            step,
        )
        for name in set(names) & set(DAEMONS):
            # Nor may they start with the machine: the stack runs its own.
            _logged(["update-rc.d", name, "disable"])


def _has_candidates(names: Sequence[str]) -> bool:
    """Whether apt knows a version of each. On a fresh machine the lists are empty or old."""
    answer = subprocess.run(
        ["apt-cache", "policy", *names], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    return answer.count("Candidate: ") == len(names) and "Candidate: (none)" not in answer


def _logged(command: Sequence[str]) -> None:
    """Runs it into LOG; what goes wrong shows in the apt-get that follows."""
    with LOG.open("ab") as log:
        subprocess.run(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=INSTALL_SECONDS,
            check=False,
        )


def _environment() -> dict[str, str]:
    return os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}


def _apt(arguments: Sequence[str], step: Step) -> None:
    """Runs apt-get with its progress shown; its words go to LOG."""
    read, write = os.pipe()
    command = ["apt-get", *OPTIONS, "-o", f"APT::Status-Fd={write}", *arguments]
    with LOG.open("ab") as log:
        child = subprocess.Popen(
            command,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[write],
        )
        os.close(write)
        try:
            with os.fdopen(read, encoding="utf-8", errors="replace") as status:
                for line in status:
                    parts = line.strip().split(":", 3)
                    if len(parts) == 4:
                        step.update(f"{float(parts[2]):.0f} % {parts[3][:60]}")
        except BaseException:
            # Services must stay off until apt has really ended.
            child.terminate()
            raise
        finally:
            code = child.wait(timeout=INSTALL_SECONDS)
    if code != 0:
        words = LOG.read_text(errors="replace").splitlines()
        reason = next((line for line in reversed(words) if re.match(r"E: ", line)), "see the log")
        raise StackError(
            f"apt-get {arguments[0]} failed: {reason}", f"its log is {LOG}; mend that and run again"
        )


# Two temporary files keep an installation from starting servers and from making a database cluster.
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = "#!/bin/sh\n# Put here by tecnochat for the time of one installation.\nexit 101\n"
_CLUSTER = Path("/etc/postgresql-common/createcluster.d/tecnochat.conf")
_CLUSTER_TEXT = (
    "# Put here by tecnochat for the time of one installation.\ncreate_main_cluster = false\n"
)
_KEPT = _POLICY.with_name("policy-rc.d.before-tecnochat")


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Restored afterwards, also on Ctrl-C; what a killed run left behind is restored by the next."""
    _restore()
    try:
        if _POLICY.exists() or _POLICY.is_symlink():
            _POLICY.rename(_KEPT)
        _POLICY.write_text(_POLICY_TEXT)
        _POLICY.chmod(0o755)
        _CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        _CLUSTER.write_text(_CLUSTER_TEXT)
        yield
    finally:
        _restore()


def _restore() -> None:
    if _POLICY.exists() and _POLICY.read_text(errors="replace") == _POLICY_TEXT:
        _POLICY.unlink()
    if _KEPT.exists() or _KEPT.is_symlink():
        _KEPT.rename(_POLICY)
    _CLUSTER.unlink(missing_ok=True)
