"""Asks a Kafka broker one authenticated question, with the standard library alone."""

from __future__ import annotations

import socket
import ssl
import struct
from pathlib import Path

_METADATA, _VERSION = 3, 1
_CORRELATION_ID = 7
_MAX_ANSWER_BYTES = 1 << 20


def is_serving(port: int, ca: Path, certificate: Path, key: Path, timeout: float = 2.0) -> bool:
    """Whether the broker at 127.0.0.1:port knows our certificate and counts itself among the live brokers.

    It sends Metadata for no topic. A broker that is still catching up, or fenced, lists no broker; one that
    refuses the certificate only says so when the first answer is read (TLS 1.3).
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(ca))
    context.load_cert_chain(str(certificate), str(key))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                return _live_brokers(connection) > 0
    except (OSError, struct.error):
        return False


def _live_brokers(connection: ssl.SSLSocket) -> int:
    client = b"tecnochat-stack"
    request = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION_ID, len(client)) + client
    request += struct.pack(">i", 0)  # an empty list of topics
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _read(connection, 4))
    if not 8 <= size <= _MAX_ANSWER_BYTES:
        return 0
    correlation_id, brokers = struct.unpack(">ii", _read(connection, size)[:8])
    return brokers if correlation_id == _CORRELATION_ID else 0


def _read(connection: ssl.SSLSocket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("the broker closed the connection")
        data += part
    return data
