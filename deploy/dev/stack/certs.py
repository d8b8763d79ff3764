"""A throwaway certificate authority per state folder, and one certificate per principal.

The common name is the Kafka principal, the SAN is what gRPC and PostgreSQL look at. Keys are EC P-256 in
PKCS#8, the one format that OpenSSL, gRPC, libpq and Kafka's PEM key stores all read.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .process import StackError

CA_DAYS = 3650
LEAF_DAYS = 365
RENEW_SECONDS = 7 * 24 * 3600

_CA_CONFIG = """
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = {name}
[ext]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""

_LEAF_CONFIG = """
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = {name}
[ext]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:{name}, DNS:localhost, IP:127.0.0.1
"""


def ensure(directory: Path, names: Sequence[str]) -> None:
    """Makes what is missing, expires within a week, or comes from another CA; touches nothing else.

    Files: ca.crt, ca.key, and per name <name>.crt, <name>.key (0600) and <name>.pem (0600: key, certificate
    and CA in one, as Kafka wants it). Raises StackError when openssl is missing or fails.
    """
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,62}", name):
            raise StackError(f"{name!r} cannot be the name of a certificate", "use a-z, 0-9, - and .")
    directory.mkdir(parents=True, exist_ok=True)
    if not _is_current(directory / "ca.crt", directory / "ca.key"):
        _make_authority(directory)
    for name in names:
        if not _is_leaf_current(directory, name):
            _make_leaf(directory, name)


def _openssl(*arguments: str | Path) -> None:
    try:
        result = subprocess.run(
            ["openssl", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            umask=0o077,
            check=False,
        )
    except FileNotFoundError as error:
        raise StackError("openssl is missing", "apt-get install -y openssl", 3) from error
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StackError(f"openssl {arguments[0]} failed: {reason}", "./tecnochat doctor")


def _succeeds(*arguments: str | Path) -> bool:
    try:
        _openssl(*arguments)
    except StackError as error:
        if error.exit_code == 3:
            raise
        return False
    return True


def _is_current(certificate: Path, key: Path) -> bool:
    return (
        certificate.exists()
        and key.exists()
        and _succeeds("x509", "-in", certificate, "-noout", "-checkend", str(RENEW_SECONDS))
    )


def _is_leaf_current(directory: Path, name: str) -> bool:
    certificate, key, bundle = (directory / f"{name}.{kind}" for kind in ("crt", "key", "pem"))
    return (
        bundle.exists()
        and _is_current(certificate, key)
        and _succeeds("verify", "-CAfile", directory / "ca.crt", certificate)
    )


def _make_authority(directory: Path) -> None:
    # A name of its own per state folder: two stacks' authorities are told apart in every error message.
    name = f"TecnoChat throwaway CA {secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        new = Path(scratch)
        _new_key(new / "ca.key")
        config = new / "ca.cnf"
        config.write_text(_CA_CONFIG.format(name=name), encoding="ascii")
        _openssl(
            "req", "-x509", "-new", "-config", config, "-key", new / "ca.key", "-sha256",
            "-days", str(CA_DAYS), "-out", new / "ca.crt",
        )
        _publish(new / "ca.key", directory / "ca.key", 0o600)
        _publish(new / "ca.crt", directory / "ca.crt", 0o644)


def _make_leaf(directory: Path, name: str) -> None:
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        key, certificate, bundle, config = (Path(scratch) / part for part in ("key", "crt", "pem", "cnf"))
        _new_key(key)
        config.write_text(_LEAF_CONFIG.format(name=name), encoding="ascii")
        _openssl(
            "req", "-x509", "-new", "-config", config, "-key", key, "-sha256",
            "-CA", directory / "ca.crt", "-CAkey", directory / "ca.key",
            "-days", str(LEAF_DAYS), "-out", certificate,
        )
        parts = (key, certificate, directory / "ca.crt")
        bundle.write_text("".join(part.read_text(encoding="ascii") for part in parts), encoding="ascii")
        # The certificate last: with it in place the other two are known to be there too.
        _publish(key, directory / f"{name}.key", 0o600)
        _publish(bundle, directory / f"{name}.pem", 0o600)
        _publish(certificate, directory / f"{name}.crt", 0o644)


def _new_key(path: Path) -> None:
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def _publish(source: Path, target: Path, mode: int) -> None:
    """Puts a finished file in place at once, so that a cut run leaves the old one or the new one."""
    source.chmod(mode)
    os.replace(source, target)
