"""Planted faults fit the source of today: found here in seconds, not first in `test deep`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack import planted  # noqa: E402
from stack.process import StackError  # noqa: E402
from stack.state import ROOT  # noqa: E402

PATCHES = sorted(planted.FOLDER.glob("*.patch"))


class PatchesTest(unittest.TestCase):
    def test_each_patch_applies(self) -> None:
        self.assertGreaterEqual(len(PATCHES), 11)
        for patch in PATCHES:
            with self.subTest(patch=patch.stem):
                result = subprocess.run(
                    ["patch", "-p1", "--forward", "--dry-run", "-i", str(patch)],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                self.assertEqual(result.returncode, 0, result.stdout)

    def test_the_tests_that_must_turn_red_exist(self) -> None:
        sources = "\n".join(
            path.read_text(encoding="utf-8")
            for folder in ("libs", "services", "tests")
            for path in (ROOT / folder).rglob("*_test.cpp")
        )
        # A long name is broken into several literals.
        names = re.sub(r'"\s*\n\s*"', "", sources)
        for patch in PATCHES:
            for expected in planted.Expected.of(patch):
                with self.subTest(patch=patch.stem, level=expected.level):
                    test = expected.name_filter.split(":", 1)[1]
                    found = re.search(rf'TEST_CASE\w*\([^"]*"{test}', names)
                    self.assertIsNotNone(found, f"no test case begins with {test!r}")


class HeaderTest(unittest.TestCase):
    def expected(self, header: str) -> list[planted.Expected]:
        with tempfile.TemporaryDirectory() as folder:
            patch = Path(folder) / "fault.patch"
            patch.write_text(header + "\n\n--- a/file\n+++ b/file\n", encoding="utf-8")
            return planted.Expected.of(patch)

    def test_every_block_is_a_test(self) -> None:
        found = self.expected(
            "Why.\n\nLevel: unit\nFilter: a_test:b\nSays: c\n\nLevel: crash\nFilter: d_test:e"
        )
        self.assertEqual(
            found,
            [
                planted.Expected("unit", "a_test:b", "a_test", "c"),
                planted.Expected("crash", "d_test:e", "d_test", ""),
            ],
        )

    def test_a_damaged_block_is_an_error(self) -> None:
        for header in ("Why.", "Why.\n\nLevel: unit", "W.\n\nLevel: unit\nFilter: no program"):
            with self.subTest(header=header), self.assertRaises(StackError):
                self.expected(header)


if __name__ == "__main__":
    unittest.main()
