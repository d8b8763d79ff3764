"""Results of tests and checks, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

OUTPUT_LINES = 40


@dataclass(frozen=True)
class Case:
    """One test or one check. `output` is what it said, shown when it failed."""

    level: str
    name: str
    outcome: str  # passed | failed | skipped
    seconds: float = 0.0
    output: str = ""


@dataclass
class Tally:
    """Collects cases; failures are shown at once, and again by name at the end."""

    cases: list[Case] = field(default_factory=list)

    def add(self, case: Case) -> None:
        self.cases.append(case)
        if case.outcome == "failed":
            print(f"\nFAILED {case.level}: {case.name} ({case.seconds:.1f} s)")
            lines = case.output.strip().splitlines()
            if len(lines) > OUTPUT_LINES:
                print(f"    … {len(lines) - OUTPUT_LINES} lines before")
            print("\n".join(f"    {line}" for line in lines[-OUTPUT_LINES:]), flush=True)

    def count(self, outcome: str, level: str | None = None) -> int:
        return sum(
            1 for case in self.cases if case.outcome == outcome and level in (None, case.level)
        )

    def require_cases(self, level: str) -> None:
        """A level without a single test proves nothing and fails."""
        if not self.count("passed", level) and not self.count("failed", level):
            self.add(
                Case(level, "the level has tests", "failed", 0.0, f"level {level} ran no test")
            )

    def close(self) -> int:
        """The closing line; the exit code of the run."""
        failed = [case for case in self.cases if case.outcome == "failed"]
        if failed:
            print("\nfailed:")
            for case in failed:
                print(f"  {case.level}: {case.name}")
        skipped = self.count("skipped")
        print(
            f"\n{self.count('passed')} passed, {len(failed)} failed"
            + (f", {skipped} skipped" if skipped else "")
        )
        return 1 if failed or not self.cases else 0
