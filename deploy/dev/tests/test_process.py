"""Detached processes: only the very process that was started is seen, stopped or killed."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack import process  # noqa: E402
from stack.process import Record, StackError  # noqa: E402

WAIT = 10.0


class ProcessTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.log = Path(scratch.name) / "logs" / "program.log"

    def spawn(self, code: str, env: dict[str, str] | None = None) -> Record:
        record = process.spawn([sys.executable, "-c", code], env or {}, self.log)
        self.addCleanup(process.kill, record)
        return record

    def spawn_ready(self, code: str) -> Record:
        """Starts a program that prints "ready" when it has come to its point, and waits for that."""
        record = self.spawn(code)
        process.wait_until(lambda: b"ready" in self.log.read_bytes(), WAIT, "the program's start")
        return record

    def test_it_runs_in_a_session_of_its_own_with_the_given_environment_alone(self) -> None:
        code = "import os; print(os.getsid(0) == os.getpid(), os.environ.get('A'), os.environ.get('HOME'))"
        record = self.spawn(code, {"A": "b"})
        process.wait_until(lambda: not process.alive(record), WAIT, "the program's end")
        self.assertEqual(self.log.read_text().split(), ["True", "b", "None"])

    def test_a_second_start_appends_to_the_log(self) -> None:
        for word in ("one", "two"):
            record = self.spawn(f"print('{word}')")
            process.wait_until(lambda: not process.alive(record), WAIT, "the program's end")
        self.assertEqual(self.log.read_text().split(), ["one", "two"])

    def test_a_pid_with_another_start_time_is_a_stranger(self) -> None:
        record = self.spawn_ready("import time; print('ready', flush=True); time.sleep(600)")
        stranger = Record(record.pid, record.start_time + 1)
        self.assertFalse(process.alive(stranger))
        process.kill(stranger)
        self.assertTrue(process.terminate(stranger, WAIT))
        self.assertTrue(process.alive(record))

    def test_terminate_lets_it_end_by_itself(self) -> None:
        record = self.spawn_ready("import time; print('ready', flush=True); time.sleep(600)")
        self.assertTrue(process.terminate(record, WAIT))
        self.assertFalse(process.alive(record))

    def test_terminate_kills_what_does_not_listen(self) -> None:
        code = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "print('ready', flush=True); time.sleep(600)"
        )
        record = self.spawn_ready(code)
        self.assertFalse(process.terminate(record, 0.1))
        self.assertFalse(process.alive(record))

    def test_an_ended_child_counts_as_dead_although_nobody_waited_for_it(self) -> None:
        record = self.spawn("pass")
        process.wait_until(lambda: process.record_of(record.pid) is None, WAIT, "the program's end")
        self.assertFalse(process.alive(record))

    def test_a_command_name_with_parentheses_is_read_rightly(self) -> None:
        renamed = self.log.parent.parent / "a ) b"
        renamed.symlink_to("/bin/sleep")
        record = process.spawn([renamed, "600"], {}, self.log)
        self.addCleanup(process.kill, record)
        process.wait_until(lambda: b")" in Path(f"/proc/{record.pid}/comm").read_bytes(), WAIT, "exec")
        self.assertTrue(process.alive(record))

    def test_a_program_that_is_not_there_is_one_clear_error(self) -> None:
        with self.assertRaisesRegex(StackError, "cannot start /nonexistent"):
            process.spawn(["/nonexistent"], {}, self.log)

    @unittest.skipUnless(os.getuid() == 0, "needs root to become somebody else")
    def test_as_root_it_can_run_as_another_user(self) -> None:
        record = process.spawn(["/usr/bin/id", "-un"], {}, self.log, user="nobody")
        process.wait_until(lambda: not process.alive(record), WAIT, "the program's end")
        self.assertEqual(self.log.read_text().strip(), "nobody")

    def test_what_was_waited_for_in_vain_is_named(self) -> None:
        with self.assertRaisesRegex(StackError, "the moon: not within 0 s"):
            process.wait_until(lambda: False, 0, "the moon")


if __name__ == "__main__":
    unittest.main()
