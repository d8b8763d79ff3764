"""The throwaway authority: what stands in a certificate, and what is made anew when."""

from __future__ import annotations

import ssl
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack import certs, kafka  # noqa: E402
from stack.process import StackError  # noqa: E402


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)


class CertsTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name) / "certs"

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def test_a_certificate_names_its_principal_and_serves_both_ends(self) -> None:
        certs.ensure(self.folder, ["ai-reply"])
        text = openssl("x509", "-in", self.folder / "ai-reply.crt", "-noout", "-text").stdout
        for part in (
            "Subject: CN = ai-reply\n",
            "DNS:ai-reply, DNS:localhost, IP Address:127.0.0.1",
            "TLS Web Server Authentication, TLS Web Client Authentication",
            "CA:FALSE",
            "prime256v1",
        ):
            self.assertIn(part, text)
        self.assertTrue((self.folder / "ai-reply.key").read_text().startswith("-----BEGIN PRIVATE KEY-----"))

    def test_the_certificate_is_signed_by_this_authority_and_fits_its_key(self) -> None:
        certs.ensure(self.folder, ["broker"])
        verified = openssl("verify", "-CAfile", self.folder / "ca.crt", self.folder / "broker.crt")
        self.assertEqual(verified.returncode, 0, verified.stderr)
        for certificate in ("broker.crt", "broker.pem"):
            key = "broker.key" if certificate == "broker.crt" else None
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_cert_chain(self.folder / certificate, self.folder / key if key else None)

    def test_private_keys_are_private(self) -> None:
        certs.ensure(self.folder, ["broker"])
        for name in ("ca.key", "broker.key", "broker.pem"):
            self.assertEqual((self.folder / name).stat().st_mode & 0o777, 0o600, name)

    def test_a_second_run_touches_nothing(self) -> None:
        certs.ensure(self.folder, ["broker", "admin"])
        before = self.contents()
        certs.ensure(self.folder, ["broker", "admin"])
        self.assertEqual(self.contents(), before)

    def test_a_new_name_leaves_the_others_alone(self) -> None:
        certs.ensure(self.folder, ["broker"])
        before = self.contents()
        certs.ensure(self.folder, ["broker", "admin"])
        self.assertEqual({name: self.contents()[name] for name in before}, before)

    def test_what_expires_within_a_week_is_made_anew_by_the_same_authority(self) -> None:
        with mock.patch.object(certs, "LEAF_DAYS", 6):
            certs.ensure(self.folder, ["broker"])
        before = self.contents()
        certs.ensure(self.folder, ["broker"])
        self.assertNotEqual(self.contents()["broker.crt"], before["broker.crt"])
        self.assertEqual(self.contents()["ca.crt"], before["ca.crt"])

    def test_a_lost_authority_takes_its_certificates_with_it(self) -> None:
        certs.ensure(self.folder, ["broker"])
        (self.folder / "ca.key").unlink()
        certs.ensure(self.folder, ["broker"])
        verified = openssl("verify", "-CAfile", self.folder / "ca.crt", self.folder / "broker.crt")
        self.assertEqual(verified.returncode, 0, verified.stderr)

    def test_two_folders_trust_each_other_in_nothing(self) -> None:
        other = self.folder.parent / "other"
        certs.ensure(self.folder, ["broker"])
        certs.ensure(other, ["broker"])
        self.assertNotEqual(openssl("verify", "-CAfile", other / "ca.crt", self.folder / "broker.crt").returncode, 0)

    def test_a_name_that_would_be_something_else_to_openssl_is_refused(self) -> None:
        for name in ("a/b", "a,CN=admin", "", "-x", "Ñ"):
            with self.assertRaises(StackError, msg=name):
                certs.ensure(self.folder, [name])


class KafkaConfigTest(unittest.TestCase):
    """What of the broker's set-up can be told without a broker; the rest is in the functional tests."""

    def test_paths_reach_java_whatever_their_letters(self) -> None:
        self.assertEqual(kafka._escaped(Path("/home/josé/a b\\c")), "/home/jos\\u00e9/a b\\u005cc")

    def test_a_cluster_id_is_no_flag(self) -> None:
        with mock.patch("secrets.token_bytes", side_effect=[b"\xf8" * 16, b"\x00" * 16]):
            self.assertEqual(kafka._new_cluster_id(), "A" * 22)

    def test_the_cause_of_a_failure_is_the_exception_and_not_its_echo(self) -> None:
        output = "x ERROR Fatal error during startup\njava.io.IOException: disk full\n\tat a.b\nlast"
        self.assertEqual(kafka._cause(output), "java.io.IOException: disk full")
        self.assertEqual(kafka._cause("x ERROR broken\nlast"), "x ERROR broken")
        self.assertEqual(kafka._cause(""), "it wrote nothing")

    def test_every_word_of_the_template_is_filled_in(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            broker = kafka.Kafka(folder / "kafka", 1, 2, folder / "certs", folder / "libs")
            broker._configure()
            text = broker.properties.read_text()
        self.assertIn("super.users=User:broker;User:admin\n", text)
        self.assertIn("ssl.principal.mapping.rules=RULE:^CN=([a-z0-9.-]+)$/$1/\n", text)
        self.assertNotIn("${", text)


if __name__ == "__main__":
    unittest.main()
