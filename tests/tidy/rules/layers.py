"""Which folder of a service may know which. Inner ones know nothing of outer ones:

    main -> app -> consumers -> events, rpc, http, clients -> use_cases -> store -> domain
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from .source import Source

_ADAPTER = {"domain", "use_cases", "ports", "wire"}
ALLOWED = {
    "domain": {"domain"},
    "ports": {"ports", "domain"},
    "wire": {"wire", "domain"},  # words of a contract that two adapters share
    "store": {"store", "domain", "ports"},
    # A use case says what happened with the codecs of events/, which take and give domain items.
    "use_cases": {"use_cases", "domain", "store", "ports", "events"},
    "events": {"events", "domain", "wire"},
    "rpc": {"rpc"} | _ADAPTER,
    "http": {"http"} | _ADAPTER,
    "clients": {"clients"} | _ADAPTER,
}
# The composition root. config.hpp is its own: what it sets belongs to the parts, as structs of theirs.
_INNER = set(ALLOWED)
ALLOWED["config"] = {"config"} | _INNER
ALLOWED["consumers"] = {"consumers", "config"} | _INNER
ALLOWED["app"] = {"app"} | ALLOWED["consumers"]
ALLOWED["main"] = ALLOWED["app"]
_FILES = {"main", "app", "consumers", "config", "ports", "wire"}  # in src/ itself

_FOREIGN = {
    "domain": re.compile(r"^(tecnochat/(?!core/)|nlohmann/|boost/|google/|grpc|librdkafka|libpq|hiredis|httplib|fmt/|sys/socket|.*\.pb\.h$)"),
    "use_cases": re.compile(r"^(tecnochat/kafka/record\.hpp|tecnochat/rpc/|google/protobuf|grpc|librdkafka|libpq|.*\.pb\.h$)"),
}
_SQL = re.compile(r'R"sql\(|"\s*(SELECT\s|INSERT INTO\s|UPDATE\s+\w+\s+SET\s|DELETE FROM\s)')
# The one of the ten steps (docs/development.md) keeps the rules as well.
_SERVICE = re.compile(r"((?:services|tests/skeleton)/[^/]+)/src/(.+)")


def check(sources: list[Source]) -> Iterator[str]:
    files = {source.name for source in sources}
    for source in sources:
        inside = _SERVICE.fullmatch(source.name)
        if not inside:
            continue
        layer = _layer(inside[2])
        if layer not in ALLOWED:
            yield f"{source.name}:1: belongs to no folder that services have ({layer or 'src'})"
            continue
        for line, include in source.includes:
            if reason := _refusal(source, f"{inside[1]}/src", layer, include, files):
                yield f"{source.name}:{line}: {reason}: {include}"
        if layer in ("domain", "use_cases"):
            for line, text in enumerate(source.uncommented.splitlines(), 1):
                if _SQL.search(text):
                    yield f"{source.name}:{line}: SQL stands in store/"


def _layer(path: str) -> str:
    folder, slash, _ = path.partition("/")
    if slash:
        return folder if folder not in _FILES else ""
    stem = path.split(".")[0]
    return stem if stem in _FILES else ""


def _refusal(source: Source, root: str, layer: str, include: str, files: set[str]) -> str:
    if (foreign := _FOREIGN.get(layer)) and foreign.search(include):
        return f"{layer} does not know this"
    for candidate in (posixpath.join(posixpath.dirname(source.name), include), posixpath.join(root, include)):
        path = posixpath.normpath(candidate)
        if re.match(rf"(?!{re.escape(root)}/)services/[^/]+/", path):
            return "services never include each other"
        if path in files:
            target = _layer(path.removeprefix(root + "/"))
            # A file without a folder is reported itself.
            return f"{layer} does not include {target}" if target in ALLOWED and target not in ALLOWED[layer] else ""
    return ""
