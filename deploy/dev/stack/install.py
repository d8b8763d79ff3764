"""Everything that a command needs on the machine before it can work."""

from __future__ import annotations

from collections.abc import Sequence

from . import packages
from .kafka import Kafka
from .kafka_libs import jars_folder
from .programs import KAFKA_LIBS
from .progress import Step


def install(groups: Sequence[str]) -> None:
    """Debian packages of these groups, and Kafka's jars. Quick when all is there."""
    packages.ensure(groups)
    if not jars_folder(KAFKA_LIBS).exists():
        with Step("fetching Kafka") as step:
            Kafka.install(KAFKA_LIBS, step.update)
