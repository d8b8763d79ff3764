"""The contracts are compared with their baseline, or the check fails: it never skips.

python3 -m unittest discover -s deploy/dev/tests
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from stack.checks import buf_breaking  # noqa: E402
from stack.process import StackError  # noqa: E402
from stack.state import ROOT  # noqa: E402

PROTO = """syntax = "proto3";
package shop.v1;
message Order {
  string id = 1;
  string note = 2;
}
"""


class BufBreakingTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "repository"
        self.proto = self.root / "proto" / "shop" / "v1" / "order.proto"
        self.baseline = self.root / "proto" / "baseline"
        self.proto.parent.mkdir(parents=True)
        self.proto.write_text(PROTO)
        (self.root / "proto" / "buf.yaml").write_text((ROOT / "proto" / "buf.yaml").read_text())
        self.git("init", "--quiet")
        self.first = self.commit()
        self.baseline.write_text(self.first + "\n")
        self.commit()

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        # Whoever runs the tests need not have told git who they are.
        who = {f"GIT_{role}_{what}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        command = ["git", "-c", "commit.gpgsign=false", *arguments]
        run = subprocess.run(
            command, cwd=cwd or self.root, env=os.environ | who, check=True, capture_output=True, text=True
        )
        return run.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "state")
        return self.git("rev-parse", "HEAD")

    def refused(self, root: Path | None = None) -> str:
        with self.assertRaises(StackError) as caught:
            buf_breaking(install=False, root=root or self.root)
        return caught.exception.message

    def test_contracts_as_they_were_pass(self) -> None:
        self.assertEqual(buf_breaking(install=False, root=self.root), f"compatible with {self.first[:10]}")

    def test_a_new_field_passes(self) -> None:
        self.proto.write_text(PROTO.replace("note = 2;\n", "note = 2;\n  string sort = 3;\n"))
        buf_breaking(install=False, root=self.root)

    def test_a_removed_field_fails(self) -> None:
        self.proto.write_text(PROTO.replace("  string note = 2;\n", ""))
        self.assertIn('field "2"', self.refused())

    def test_a_changed_type_fails(self) -> None:
        self.proto.write_text(PROTO.replace("string note", "int32 note"))
        self.assertIn("order.proto", self.refused())

    def test_a_removed_file_fails(self) -> None:
        self.proto.rename(self.proto.with_name("renamed.proto"))
        self.assertIn("order.proto", self.refused())

    def test_without_a_baseline_it_fails(self) -> None:
        self.baseline.unlink()
        self.assertIn("cannot be read", self.refused())

    def test_anything_but_one_full_hash_fails(self) -> None:
        for text in ("", "HEAD\n", self.first[:12] + "\n", f"{self.first}\n{self.first}\n", "é\n"):
            with self.subTest(text=text):
                self.baseline.write_text(text)
                self.assertIn("proto/baseline", self.refused())

    def test_a_commit_that_does_not_exist_fails(self) -> None:
        self.baseline.write_text("0" * 40 + "\n")
        self.assertIn("cannot be reached from HEAD", self.refused())

    def test_a_commit_of_another_branch_fails(self) -> None:
        self.git("checkout", "--quiet", "-b", "elsewhere")
        self.git("commit", "--quiet", "--allow-empty", "--message", "elsewhere")
        elsewhere = self.git("rev-parse", "HEAD")
        self.git("checkout", "--quiet", "-")
        self.baseline.write_text(elsewhere + "\n")
        self.assertIn("cannot be reached from HEAD", self.refused())

    def test_a_shallow_clone_fails(self) -> None:
        shallow = self.root.parent / "shallow"
        self.git("clone", "--quiet", "--depth", "1", f"file://{self.root}", str(shallow), cwd=self.root.parent)
        self.assertIn("shallow", self.refused(shallow))

    def test_a_work_tree_of_git_passes(self) -> None:
        other = self.root.parent / "other"
        self.git("worktree", "add", "--quiet", str(other))
        buf_breaking(install=False, root=other)


if __name__ == "__main__":
    unittest.main()
