"""The stack's driver where it decides something: damaged files, taken ports, foreign pids, results.

python3 -m unittest discover -s deploy/dev/tests
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack import ctest, databases, environment, packages, passed, ports, services  # noqa: E402
from stack.environment import Environments, Settings  # noqa: E402
from stack.process import Record, StackError, record_of  # noqa: E402
from stack.results import Case, Tally  # noqa: E402
from stack.state import Running, State, write_atomically  # noqa: E402


class WithState(unittest.TestCase):
    """Each test gets a state folder of its own."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.state = State(Path(scratch.name) / "state")
        self.state.prepare()


class StateTest(WithState):
    def test_a_written_file_is_whole_and_private(self) -> None:
        path = self.state.directory / "file"
        write_atomically(path, "first")
        write_atomically(path, "second")
        self.assertEqual(path.read_text(), "second")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual([entry.name for entry in self.state.directory.glob("*file*")], ["file"])

    def test_secrets_are_kept(self) -> None:
        self.assertEqual(self.state.secrets(), State(self.state.directory).secrets())

    def test_a_pid_counts_only_with_its_start_time(self) -> None:
        own = record_of(os.getpid())
        assert own is not None
        self.state.remember("redis", Running(own, "f"))
        self.assertEqual(self.state.running("redis"), Running(own, "f"))
        self.state.remember("redis", Running(Record(own.pid, own.start_time + 1), "f"))
        self.assertIsNone(self.state.running("redis"))
        self.assertIsNotNone(self.state.last("redis"))

    def test_a_damaged_record_counts_as_none(self) -> None:
        (self.state.run / "kafka.json").write_text('{"pid": 17')
        self.assertIsNone(self.state.running("kafka"))
        self.assertEqual(self.state.all_running(), {})


class PortsTest(WithState):
    def setUp(self) -> None:
        super().setUp()
        self.base = ports.free_base()

    def test_every_port_moves_with_the_base(self) -> None:
        chosen = ports.choose(self.state, {ports.BASE_VARIABLE: str(self.base)})
        self.assertEqual(chosen["ingress"], self.base + 1)
        self.assertEqual(len(set(chosen.values())), len(ports.OFFSETS))
        self.assertTrue(
            all(self.base <= port < self.base + ports.BLOCK for port in chosen.values())
        )
        self.assertEqual(chosen, ports.recorded(self.state))

    def test_a_taken_port_of_a_wanted_base_is_an_error(self) -> None:
        with (
            self._taken(self.base + 1),
            self.assertRaisesRegex(StackError, f"port {self.base + 1} .ingress. is in use"),
        ):
            ports.choose(self.state, {ports.BASE_VARIABLE: str(self.base)})

    def test_a_taken_default_port_is_moved_aside_and_stays_there(self) -> None:
        with (
            self._default_base(),
            self._taken(self.base + 1),
            contextlib.redirect_stdout(io.StringIO()) as said,
        ):
            chosen = ports.choose(self.state, {})
        self.assertNotEqual(chosen["ingress"], self.base + 1)
        self.assertIn(str(chosen["ingress"]), said.getvalue())
        with self._default_base():
            self.assertEqual(ports.choose(self.state, {}), chosen)

    def test_a_port_of_our_own_running_program_is_not_taken(self) -> None:
        wanted = {ports.BASE_VARIABLE: str(self.base)}
        chosen = ports.choose(self.state, wanted)
        own = record_of(os.getpid())
        assert own is not None
        self.state.remember("redis", Running(own, ""))
        with self._taken(chosen["redis"]):
            self.assertEqual(ports.choose(self.state, wanted), chosen)

    def test_a_bad_base_is_refused(self) -> None:
        for text in ("80", "x", "65530"):
            with self.assertRaises(StackError):
                ports.choose(self.state, {ports.BASE_VARIABLE: text})

    def test_before_the_first_up_there_are_none(self) -> None:
        with self.assertRaisesRegex(StackError, "no stack was started"):
            ports.recorded(self.state)

    @contextlib.contextmanager
    def _taken(self, port: int):
        with socket.create_server(("127.0.0.1", port)):
            yield

    @contextlib.contextmanager
    def _default_base(self):
        kept, ports.DEFAULT_BASE = ports.DEFAULT_BASE, self.base
        try:
            yield
        finally:
            ports.DEFAULT_BASE = kept


class SettingsTest(WithState):
    def setUp(self) -> None:
        super().setUp()
        common = {"TECNOCHAT_TLS_CERT", "TECNOCHAT_FAILPOINTS"}
        known = {
            "whatsapp-connector": {"TECNOCHAT_IN_DOUBT_SECONDS", "META_GRAPH_URL"},
            "webhook-ingress": {"META_APP_SECRET", "META_APP_SECRET_FILE"},
            "meta-simulator": {"META_APP_SECRET", "SIMULATOR_TOKEN"},
        }
        self.addCleanup(setattr, environment, "declared_settings", environment.declared_settings)
        environment.declared_settings = lambda binary: known.get(binary.name, set()) | common

    def environments(self, **values: str) -> Environments:
        chosen = {name: 20000 + offset for name, offset in ports.OFFSETS.items()}
        return Environments(self.state, chosen, Settings(values))

    def test_a_setting_of_the_caller_reaches_only_whom_it_concerns(self) -> None:
        environments = self.environments(TECNOCHAT_IN_DOUBT_SECONDS="3", META_APP_SECRET="s")
        by_name = {service.name: environments.of_service(service) for service in services.SERVICES}
        self.assertEqual(by_name["whatsapp-connector"]["TECNOCHAT_IN_DOUBT_SECONDS"], "3")
        self.assertNotIn("TECNOCHAT_IN_DOUBT_SECONDS", by_name["message-router"])
        self.assertEqual(by_name["webhook-ingress"]["META_APP_SECRET"], "s")
        self.assertEqual(environments.of_simulator()["META_APP_SECRET"], "s")
        self.assertNotIn("META_APP_SECRET", by_name["ai-reply"])

    def test_a_secret_by_file_is_not_given_by_value_too(self) -> None:
        file = self.state.directory / "secret"
        file.write_text("from-file\n")
        environments = self.environments(META_APP_SECRET_FILE=str(file))
        ingress = services.by_name("webhook-ingress")
        assert ingress is not None
        self.assertNotIn("META_APP_SECRET", environments.of_service(ingress))
        self.assertEqual(environments.whatsapp()["META_APP_SECRET"], "from-file")

    def test_wiring_is_ours_and_no_setting(self) -> None:
        told = {
            "TECNOCHAT_TLS_CERT": "x",
            "TECNOCHAT_RPC_LISTEN": "x",
            "TECNOCHAT_TEST_SEED": "x",
            "HOME": "x",
        }
        self.assertEqual(
            passed.set_in(told | {"TECNOCHAT_LOG_LEVEL": "debug"}), {"TECNOCHAT_LOG_LEVEL": "debug"}
        )

    def test_a_binary_tells_its_settings(self) -> None:
        binary = self.state.directory / "binary"
        binary.write_text("#!/bin/sh\necho '--log-level TEXT words [info; TECNOCHAT_LOG_LEVEL]'\n")
        binary.chmod(0o755)
        self.assertIn("TECNOCHAT_LOG_LEVEL", passed.declared_settings(binary))
        with self.assertRaisesRegex(StackError, "is not built"):
            passed.declared_settings(self.state.directory / "none")

    def test_failpoints_last_one_run(self) -> None:
        Settings({"TECNOCHAT_FAILPOINTS": "x", "TECNOCHAT_LOG_LEVEL": "debug"}).save(self.state)
        self.assertEqual(Settings.load(self.state, {}).values, {"TECNOCHAT_LOG_LEVEL": "debug"})
        again = Settings.load(self.state, {"TECNOCHAT_FAILPOINTS": "y"})
        self.assertEqual(again.values["TECNOCHAT_FAILPOINTS"], "y")

    def test_a_service_logs_in_by_its_certificate(self) -> None:
        router = services.by_name("message-router")
        assert router is not None
        url = urlsplit(self.environments().postgres_url(router))
        self.assertEqual(
            (url.username, url.password, url.path), ("message-router", None, "/message_router")
        )
        self.assertEqual(
            parse_qs(url.query)["sslcert"], [str(self.state.certs / "message-router.crt")]
        )

    def test_on_an_existing_server_each_login_has_a_password_of_its_own(self) -> None:
        settings = Settings({}, "postgresql://root:secret@db.example:5433/postgres?sslmode=verify-full")
        environments = Environments(self.state, {}, settings)
        urls = [
            urlsplit(environments.postgres_url(service)) for service in databases.with_database()
        ]
        self.assertEqual({url.hostname for url in urls}, {"db.example"})
        self.assertEqual({url.query for url in urls}, {"sslmode=verify-full"})
        passwords = {url.password for url in urls}
        self.assertEqual(len(passwords), len(urls))
        self.assertFalse({None, "secret", self.state.secrets()["postgres_password"]} & passwords)

    def test_migrations_run_as_the_owner_and_show_no_password(self) -> None:
        router = services.by_name("message-router")
        assert router is not None
        url, password = databases.without_password(self.environments().postgres_owner_url(router))
        self.assertEqual(password, self.state.secrets()["postgres_password"])
        self.assertNotIn(password, url)
        self.assertEqual(parse_qs(urlsplit(url).query)["options"], ["-c role=message_router_owner"])


class PackagesTest(unittest.TestCase):
    def test_every_line_of_the_list_names_a_known_group(self) -> None:
        lines = [line.partition("#")[0].split() for line in packages.LIST.read_text().splitlines()]
        for words in filter(None, lines):
            self.assertIn(words[0], ("build", "run", "test", "bench"))
            self.assertIn(len(words), (2, 3))

    def test_a_command_counts_as_its_package(self) -> None:
        here = packages.Package("run", "no-such-package", "sh")
        self.addCleanup(setattr, packages, "listed", packages.listed)
        packages.listed = lambda groups: [
            here,
            packages.Package("run", "no-such-package-either", "no-such-command"),
        ]
        self.assertEqual(packages.missing(["run"]), ["no-such-package-either"])


class ResultsTest(unittest.TestCase):
    JUNIT = """<testsuite>
    <testcase name="good" time="0.5" status="run"><system-out>x</system-out></testcase>
    <testcase name="bad" time="1" status="fail">
        <failure message="why"/><system-out>said</system-out>
    </testcase>
    <testcase name="gone" time="0" status="notrun"/>
    <testcase name="off" time="0" status="disabled"/>
    </testsuite>"""

    def test_junit_is_read_with_every_outcome(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "junit.xml"
            path.write_text(self.JUNIT)
            cases = list(ctest.read(path, "unit"))
        outcomes = [case.outcome for case in cases]
        self.assertEqual(outcomes, ["passed", "failed", "failed", "skipped"])
        self.assertIn("why", cases[1].output)

    def closing(self, *outcomes: str) -> tuple[int, str]:
        tally = Tally()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            for outcome in outcomes:
                tally.add(Case("unit", "name", outcome))
            tally.require_cases("unit")
            code = tally.close()
        return code, said.getvalue().splitlines()[-1]

    def test_the_closing_line_counts(self) -> None:
        self.assertEqual(self.closing("passed", "passed"), (0, "2 passed, 0 failed"))
        self.assertEqual(
            self.closing("passed", "failed", "skipped"), (1, "1 passed, 1 failed, 1 skipped")
        )

    def test_a_level_without_tests_fails(self) -> None:
        self.assertEqual(self.closing(), (1, "0 passed, 1 failed"))


class CommandLineTest(WithState):
    def tecnochat(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [packages.ROOT / "tecnochat", "--state-dir", self.state.directory, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def test_every_command_explains_itself(self) -> None:
        for command in (
            "up",
            "down",
            "status",
            "logs",
            "doctor",
            "test",
            "bench",
            "start",
            "stop",
            "kill",
        ):
            result = self.tecnochat(command, "--help")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("usage:", result.stdout)

    def test_a_failure_is_one_line_and_what_to_do(self) -> None:
        result = self.tecnochat("status")
        self.assertEqual(result.returncode, 1)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertTrue(lines[0].startswith("tecnochat: no stack was started in"))
        self.assertIn("./tecnochat up", lines[1])

    def test_a_level_that_comes_later_says_so_and_builds_nothing(self) -> None:
        result = self.tecnochat("test", "unit", "panel")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no panel tests yet", result.stderr)

    def test_an_unknown_service_is_wrong_usage(self) -> None:
        (self.state.ports).write_text(json.dumps({"base": 1, "ports": dict(ports.OFFSETS)}))
        result = self.tecnochat("kill", "no-such-service")
        self.assertEqual(result.returncode, 2)
        self.assertIn("known are: kafka, postgres, redis", result.stderr)


if __name__ == "__main__":
    unittest.main()
