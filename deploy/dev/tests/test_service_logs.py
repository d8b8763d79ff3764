"""Which lines in the services' logs fail a level of tests.

python3 -m unittest discover -s deploy/dev/tests
"""

from __future__ import annotations

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack.results import Case  # noqa: E402
from stack.service_logs import LogWatch  # noqa: E402

ERROR = json.dumps({"level": "error", "service": "router", "msg": "a reply became a dead letter"})
INFO = json.dumps({"level": "info", "service": "router", "msg": "an error was mended"})
BROKEN = "assertion failed: a turn would end twice (rows == 1) at turns.cpp:139"


class ServiceLogsTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.logs = Path(scratch.name)

    def write(self, *lines: str, name: str = "router") -> None:
        with (self.logs / f"{name}.log").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def watch(self) -> LogWatch:
        return LogWatch(self.logs, ["ingress", "router"])

    def cases(self, watch: LogWatch, errors_expected: bool = False) -> dict[str, Case]:
        return {
            case.name.split()[2]: case for case in watch.cases("functional", errors_expected)
        }

    def test_an_error_fails_the_service_that_said_it_and_is_shown(self) -> None:
        watch = self.watch()
        self.write(INFO, ERROR)
        self.write(INFO, name="ingress")
        cases = self.cases(watch)
        self.assertEqual(cases["ingress"].outcome, "passed")
        self.assertEqual(cases["router"].outcome, "failed")
        self.assertEqual(cases["router"].output, ERROR)
        self.assertEqual(cases["router"].name, "log of router has no errors")

    def test_what_was_said_before_is_another_levels(self) -> None:
        self.write(ERROR)
        watch = self.watch()
        self.write(INFO)
        self.assertEqual(self.cases(watch)["router"].outcome, "passed")

    def test_a_log_that_was_begun_anew_is_read_whole(self) -> None:
        self.write(INFO, INFO, INFO)
        watch = self.watch()
        (self.logs / "router.log").unlink()
        self.write(ERROR)
        self.assertEqual(self.cases(watch)["router"].outcome, "failed")

    def test_where_things_are_killed_only_broken_invariants_count(self) -> None:
        watch = self.watch()
        self.write(ERROR, '{"level":"err')
        self.assertEqual(self.cases(watch, errors_expected=True)["router"].outcome, "passed")
        self.write(BROKEN)
        case = self.cases(watch, errors_expected=True)["router"]
        self.assertEqual((case.outcome, case.output), ("failed", BROKEN))

    def test_a_broken_invariant_counts_where_errors_do(self) -> None:
        watch = self.watch()
        self.write("terminate called after throwing an instance of 'std::bad_alloc'")
        self.assertEqual(self.cases(watch)["router"].outcome, "failed")


if __name__ == "__main__":
    unittest.main()
