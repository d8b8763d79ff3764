"""What a person sees while something takes long: one line per step, with the time it took.

On a terminal the running step is one line that counts; in a log (no terminal) it is a new line now
and then.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from types import TracebackType

QUIET_SECONDS = 15


class Step:
    """`with Step("compiling") as step: step.update("12/340")` prints "compiling … 12/340 (8 s)" and
    at last "done".
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._detail = ""
        self._started = time.monotonic()
        self._printed_at = self._started
        self._terminal = sys.stdout.isatty()
        self._done = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self.summary = ""

    def __enter__(self) -> Step:
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._ticker.join()
        end = "FAILED" if error is not None else (self.summary or "done")
        self._show(f"  {self._title}: {end} ({self.seconds:.1f} s)", final=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def update(self, detail: str) -> None:
        """What the step is at now, in a few words."""
        self._detail = detail

    def _tick(self) -> None:
        interval = 0.5 if self._terminal else QUIET_SECONDS
        while not self._done.wait(interval):
            self._show(f"  {self._title} … {self._detail} ({self.seconds:.0f} s)", final=False)

    def _show(self, line: str, final: bool) -> None:
        if self._terminal:
            # A running line that wrapped could not be overwritten.
            shown = line if final else line[: shutil.get_terminal_size().columns - 1]
            sys.stdout.write(f"\r\x1b[K{shown}" + ("\n" if final else ""))
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()


def note(line: str) -> None:
    """A line of its own, for what is not a step."""
    print(f"  {line}", flush=True)
