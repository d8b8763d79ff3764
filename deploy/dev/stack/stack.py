"""One stack put together: folder, ports, settings, environments and programs."""

from __future__ import annotations

from .endpoints import write
from .environment import Environments, Settings
from .ports import recorded
from .process import StackError
from .programs import Program, all_programs, end, ensure_running
from .services import INFRASTRUCTURE, program_names
from .state import State, read_json


class Stack:
    """What the commands work on. Built fresh by `up`, or from the records by every other command."""

    def __init__(self, state: State, ports: dict[str, int], settings: Settings) -> None:
        self.state = state
        self.settings = settings
        self.environments = Environments(state, ports, settings)
        self.programs: dict[str, Program] = all_programs(state, ports, settings, self.environments)

    @staticmethod
    def recorded(state: State) -> Stack:
        """The stack of the last `up`, with the caller's settings of now; StackError when there was
        none.
        """
        return Stack(state, recorded(state), Settings.load(state))

    def infrastructure(self) -> list[Program]:
        return [program for name, program in self.programs.items() if name in INFRASTRUCTURE]

    def suite(self) -> list[Program]:
        """Simulator and services."""
        return [program for name, program in self.programs.items() if name not in INFRASTRUCTURE]

    def program(self, name: str) -> Program:
        if name not in self.programs:
            known = ", ".join(self.programs)
            why = "is not part of this stack" if name in program_names() else "is not a service"
            raise StackError(f"{name} {why}", f"known are: {known}", 2)
        return self.programs[name]

    # -- one program alone (fault tests: these must be quick)
    # ------------------------------------------------

    def start(self, name: str) -> str:
        program = self.program(name)
        with self.state.locked(shared=True):
            outcome = ensure_running(program, self.state, restart_when_changed=False)
            if outcome != "kept":
                self.write_endpoints()
        return outcome

    def end(self, name: str, hard: bool) -> bool:
        program = self.program(name)
        with self.state.locked(shared=True):
            return end(program, self.state, hard)

    def write_endpoints(self, demo: bool | None = None) -> dict[str, object]:
        """`demo` None keeps what the file says now."""
        with self.state.locked("endpoints"):
            if demo is None:
                demo = "demo" in read_json(self.state.endpoints)
            return write(self.state, self.environments, self.settings, self.programs, demo)
