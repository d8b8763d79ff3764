#!/usr/bin/python3
"""Writes docs/events.md from deploy/topics.yaml; `--check` only says whether it is up to date (exit 1 if not)."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "events.md"

INTRO = """# Events

Generated from `deploy/topics.yaml` by `docs/tools/generate_events.py`; edit that file, not this one.

Every record is one Protobuf message of `proto/`, with the headers of the CloudEvents Kafka binding in binary mode (`ce_id`,
`ce_type`, `ce_source`, `ce_specversion`, `ce_time`, `content-type`), `traceparent` and, from the router onward, `tenantid`. Transport is
at-least-once everywhere; consumers dedupe by `ce_id` or apply idempotently, so the effect is exactly-once. Order holds per
key from the router onward (key = conversation id); before it, order comes from the router's row lock.
"""


def hours(milliseconds: int) -> str:
    return f"{milliseconds / 3_600_000:g} h"


def row(topic: dict, defaults: dict) -> str:
    setting = lambda name: topic.get(name, defaults.get(name))  # noqa: E731
    compacted = topic.get("cleanup") == "compact"
    life = "compacted" if compacted else hours(setting("retention_ms") + setting("segment_ms"))
    message = topic["message"]
    cells = [
        f"`{topic['name']}`",
        f"`{message}`" if message.startswith("tecnochat.") else message,
        topic["key"],
        str(setting("partitions")),
        life,
        topic["data_class"],
        ", ".join(topic["producers"]),
        ", ".join(topic["consumers"]) or "nobody yet",
    ]
    return "| " + " | ".join(cells) + " |"


def render() -> str:
    data = yaml.safe_load((ROOT / "deploy" / "topics.yaml").read_text(encoding="utf-8"))
    head = [
        "| topic | message | key | partitions | longest life | data class | producers | consumers |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines = head + [row(topic, data["defaults"]) for topic in data["topics"]]
    return INTRO + "\n" + "\n".join(lines) + "\n"


def main() -> int:
    wanted = render()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    print("docs/events.md is out of date: run docs/tools/generate_events.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
