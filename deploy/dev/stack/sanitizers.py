"""What the sanitizers' runtimes are told, one environment for each preset that `test deep` runs."""

from __future__ import annotations

from collections.abc import Mapping

from .state import ROOT

SUPPRESSIONS = ROOT / "tests" / "sanitizers" / "tsan.supp"

OPTIONS: Mapping[str, Mapping[str, str]] = {
    # Without halt_on_error a test that UBSan complains of would pass.
    "asan": {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    },
    # Debian's gRPC and librdkafka are not instrumented: what they do inside would look like races.
    "tsan": {
        "TSAN_OPTIONS": "ignore_noninstrumented_modules=1:halt_on_error=1:second_deadlock_stack=1:"
        f"suppressions={SUPPRESSIONS}"
    },
}
