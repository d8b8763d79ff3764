"""What clang-tidy is asked to look at.

python3 -m unittest discover -s deploy/dev/tests
"""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack.clang_tidy import sources_of  # noqa: E402
from stack.state import ROOT  # noqa: E402

HEADERS = {
    "libs/a/src/other.cpp": [ROOT / "libs/a/include/clock.hpp", ROOT / "libs/a/include/only.hpp"],
    "libs/a/src/clock.cpp": [ROOT / "libs/a/include/clock.hpp"],
    "libs/a/tests/clock_test.cpp": [ROOT / "libs/a/include/clock.hpp"],
}


class SourcesTest(unittest.TestCase):
    def test_a_header_is_seen_through_the_source_of_its_name(self) -> None:
        self.assertEqual(sources_of(["libs/a/include/clock.hpp"], HEADERS), ["libs/a/src/clock.cpp"])

    def test_a_header_without_such_a_source_is_seen_through_any(self) -> None:
        self.assertEqual(sources_of(["libs/a/include/only.hpp"], HEADERS), ["libs/a/src/other.cpp"])

    def test_the_order_is_kept_and_nothing_comes_twice(self) -> None:
        names = ["libs/a/src/new.cpp", "libs/a/include/clock.hpp", "libs/a/src/clock.cpp", "gone.hpp"]
        self.assertEqual(sources_of(names, HEADERS), ["libs/a/src/new.cpp", "libs/a/src/clock.cpp"])


if __name__ == "__main__":
    unittest.main()
