"""The command line: words in, one function called, one exit code out.

Exit codes: 0 well, 1 failed, 2 wrong usage, 3 something has to be installed by the administrator.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from .process import StackError
from .state import ROOT, State

if TYPE_CHECKING:
    # argparse has no public name for what add_subparsers gives.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

LEVELS = ("unit", "component", "contract", "functional", "crash", "panel", "k8s", "planted", "all", "deep")
# Levels without tests yet.
LATER = ("panel", "k8s")


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    options = _parser().parse_args(arguments)
    try:
        return int(options.work(options) or 0)
    except StackError as error:
        hint = f"\n  -> {error.hint}" if error.hint else ""
        print(f"tecnochat: {error.message}{hint}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("tecnochat: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except PermissionError as error:
        print(f"tecnochat: {error.filename} belongs to another user", file=sys.stderr)
        print(
            "  -> run as that user, or with a folder of your own: --state-dir DIR", file=sys.stderr
        )
        return 1
    except OSError as error:
        print(f"tecnochat: {error.filename or 'the machine'}: {error.strerror}", file=sys.stderr)
        return 1


def _interrupted(number: int, frame: FrameType | None) -> None:
    """A terminated command cleans up like an interrupted one."""
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./tecnochat",
        description="TecnoChat on this machine: build, run, look, test. `./tecnochat up` is where to begin.",
        epilog="Every port moves with TECNOCHAT_PORT_BASE (default 8080). deploy/dev/README.md tells more.",
    )
    _add_state_dir(parser, ROOT / ".tecnochat")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_up(commands)
    _add_down(commands)
    _add_looking(commands)
    _add_tests(commands)
    _add_single(commands)
    return parser


def _add(commands: Commands, name: str, work: object, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(work=work)
    # Before or after the command's name; only given does it count here.
    _add_state_dir(parser, argparse.SUPPRESS)
    return parser


def _add_state_dir(parser: argparse.ArgumentParser, default: Path | str) -> None:
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=default,
        metavar="DIR",
        help="the stack's folder: data, logs, certificates, endpoints.json (default: .tecnochat). "
        "Another folder is another whole stack",
    )


def _state(options: argparse.Namespace) -> State:
    return State(options.state_dir)


# Modules are loaded by the command that needs them: `kill` in a crash test has to be quick.


def _add_up(commands: Commands) -> None:
    def work(options: argparse.Namespace) -> int:
        from . import up

        started = time.monotonic()
        stack = up.up(
            _state(options),
            up.Options(options.install, options.build, options.demo, options.simulators),
        )
        print(up.greeting(stack, time.monotonic() - started))
        return 0

    parser = _add(
        commands,
        "up",
        work,
        "install what is missing, build, start everything, wait until it is healthy, seed the demo tenant, print the URLs",
    )
    parser.add_argument(
        "--no-install", dest="install", action="store_false", help="install nothing"
    )
    parser.add_argument(
        "--no-build", dest="build", action="store_false", help="use the binaries as they are"
    )
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="seed no demo tenant")
    parser.add_argument(
        "--no-simulators",
        dest="simulators",
        action="store_false",
        help="talk to META_GRAPH_URL (default: the real one)",
    )


def _add_down(commands: Commands) -> None:
    def work(options: argparse.Namespace) -> int:
        from . import up

        up.down(_state(options), options.wipe)
        return 0

    parser = _add(
        commands,
        "down",
        work,
        "stop what `up` started, by its recorded process ids; the data stays",
    )
    parser.add_argument(
        "--wipe", action="store_true", help="forget the data, secrets and certificates too"
    )


def _add_looking(commands: Commands) -> None:
    def status(options: argparse.Namespace) -> int:
        from . import inspect_stack

        return inspect_stack.status(_state(options))

    def logs(options: argparse.Namespace) -> int:
        from . import inspect_stack

        inspect_stack.logs(_state(options), options.service, options.lines, options.follow)
        return 0

    def doctor(options: argparse.Namespace) -> int:
        from . import inspect_stack, packages

        if options.install:
            packages.ensure(["build", "run", "test", "bench"])
        return inspect_stack.doctor(_state(options))

    _add(commands, "status", status, "show the health of each part; exit code 0 when all are ready")
    parser = _add(commands, "logs", logs, "show the log of one service, or of all")
    parser.add_argument("service", nargs="?", help="default: all")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    parser.add_argument(
        "-n", "--lines", type=int, default=40, metavar="N", help="how many lines (default 40)"
    )
    parser = _add(
        commands, "doctor", doctor, "show what is missing on this machine and how to get it"
    )
    parser.add_argument(
        "--install", action="store_true", help="install every missing Debian package (needs root)"
    )


def _add_tests(commands: Commands) -> None:
    def test(options: argparse.Namespace) -> int:
        from . import testing

        for level in options.level:
            if level in LATER:
                raise StackError(
                    f"there are no {level} tests yet: they come with what they test",
                    f"the others: {', '.join(name for name in LEVELS if name not in LATER)}",
                    2,
                )
        return testing.run(_state(options), options.level or ["all"], options)

    def bench(options: argparse.Namespace) -> int:
        from . import bench

        return bench.run(_state(options), options.name, options)

    parser = _add(
        commands,
        "test",
        test,
        "run the tests, installing what they need, beside a running `up` without touching it",
    )
    parser.add_argument(
        "level",
        nargs="*",
        metavar="LEVEL",
        choices=[*LEVELS, []],
        help=", ".join(f"{level} (later)" if level in LATER else level for level in LEVELS)
        + " (default: all)",
    )
    parser.add_argument("--filter", metavar="REGEX", help="only tests whose name matches")
    parser.add_argument(
        "--keep", action="store_true", help="leave the test stack running, to look at it"
    )
    parser.add_argument(
        "--no-install", dest="install", action="store_false", help="install nothing"
    )
    parser.add_argument(
        "--no-build", dest="build", action="store_false", help="use the binaries as they are"
    )
    parser = _add(
        commands,
        "bench",
        bench,
        "run a benchmark; ratios against a baseline measured in the same run",
    )
    parser.add_argument("name", nargs="?", help="default: all of them, one after the other")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="DIR",
        help="only with `endtoend`: compare with the build of another checkout, in turn",
    )
    parser.add_argument(
        "--no-install", dest="install", action="store_false", help="install nothing"
    )


def _add_single(commands: Commands) -> None:
    def start(options: argparse.Namespace) -> int:
        from .stack import Stack

        outcome = Stack.recorded(_state(options)).start(options.service)
        print(f"{options.service}: {'already running' if outcome == 'kept' else outcome}")
        return 0

    def end(options: argparse.Namespace) -> int:
        from .stack import Stack

        ended = Stack.recorded(_state(options)).end(options.service, options.hard)
        word = "killed" if options.hard else "stopped"
        print(f"{options.service}: {word if ended else 'was not running'}")
        return 0

    parser = _add(
        commands,
        "start",
        start,
        "start one service with the settings of now, returning when it is ready",
    )
    parser.add_argument("service", help="a service, meta-simulator, kafka, postgres or redis")
    for name, hard, text in (
        ("stop", False, "stop one service in an orderly way"),
        ("kill", True, "end one service with SIGKILL; nothing restarts it by itself"),
    ):
        parser = _add(commands, name, end, text)
        parser.add_argument("service", help="a service, meta-simulator, kafka, postgres or redis")
        parser.set_defaults(hard=hard)
