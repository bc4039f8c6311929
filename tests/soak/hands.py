"""Hands: run a night in a fresh process and disturb it there, by signal, limit, time or place; the program itself knows nothing of it.

A server process imports the program once and forks for each night, so that a thousand nights are affordable. What is
disturbed are the calls by which a night makes anything durable; each is a step with a number and a name.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime as dt
import functools
import multiprocessing
import multiprocessing.forkserver
import os
import pickle
import re
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import vl_convert

from listening import cli, warehouse

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))  # many nights share few processors
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([f"{__package__}.preloaded"])


@functools.cache
def _serve() -> None:
    """Start the server process. It looks for what it imports first in PYTHONPATH alone, so it gets ours for a moment."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def process(function: Callable[..., None], *arguments: Any) -> Any:
    """A process that is forked from the server, started."""
    _serve()
    started = _context.Process(target=function, args=arguments)
    started.start()
    return started


MINUTE = dt.timedelta(minutes=1)
WRITES = ("fsync", "rename", "replace", "symlink", "mkdir", "copyfile", "write_text", "write_bytes", "write_table")  # what a full disk can stop
TOO_LONG = 300  # seconds after which a night counts as hung


@dataclass(frozen=True)
class Order:
    """One night: where, when, and how it is disturbed."""

    root: Path
    clock: dt.datetime
    command: tuple[str, ...] = ()
    at: int | None = None
    deed: str = "kill"  # at step `at`: kill, tear (do half of the write, then kill), pause (until a SIGCONT), or error (disk full)
    largest_file: int | None = None
    memory: int | None = None
    is_powerless: bool = False  # permissions bind it even where it is root
    zone: str | None = None
    tell_steps: bool = False
    draws: bool = False


@dataclass
class Outcome:
    """What became of a night: exit status (negative: the signal that ended it), what it printed, its steps."""

    status: int
    printed: str
    seconds: float
    steps: list[str] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def has_traceback(self) -> bool:
        """Whether a person was shown the inside of the program."""
        return "Traceback (most recent call last)" in self.printed


class Running:
    """A night that is under way in a process of its own."""

    def __init__(self, order: Order) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="night-"))
        self._scratch.chmod(0o777)
        self._began = time.monotonic()
        self._printed = b""
        ours, theirs = _context.Pipe(duplex=False)
        self.process = process(_walk, order, self._scratch, theirs)
        theirs.close()
        self._listener = threading.Thread(target=self._listen, args=(ours,), daemon=True)
        self._listener.start()

    def _listen(self, ours: Connection) -> None:
        """What is printed goes through a pipe, which no full disk can stop."""
        with ours:
            while some := os.read(ours.fileno(), 65_536):
                self._printed += some

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self.process.pid is not None
        return self.process.pid

    def wait(self, timeout: float = TOO_LONG) -> Outcome:
        """Wait for the end; a night that takes too long is ended and told as hung."""
        self.process.join(timeout)
        if self.process.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            self.process.join()
            raise TimeoutError(f"a night did not end within {timeout} s:\n{self._text()}")
        seconds = time.monotonic() - self._began
        assert self.process.exitcode is not None
        self._listener.join(10)
        outcome = Outcome(self.process.exitcode, self._text(), seconds, self._read("steps").splitlines())
        outcome.peak_mb = float(self._read("peak") or 0) / 1024
        shutil.rmtree(self._scratch, ignore_errors=True)
        return outcome

    def is_paused(self) -> bool:
        """Whether the night has stopped itself at its step."""
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
        return False

    def wait_for_pause(self, timeout: float = 120) -> None:
        """Wait until the night has stopped itself."""
        until = time.monotonic() + timeout
        while not self.is_paused():
            if time.monotonic() > until or not self.process.is_alive():
                raise TimeoutError(f"the night did not come to its step: {self._text()}")
            time.sleep(0.01)

    def _text(self) -> str:
        return "\n".join(line.rstrip() for line in self._printed.decode(errors="replace").splitlines())

    def _read(self, name: str) -> str:
        path = self._scratch / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def night(root: Path, clock: dt.datetime, **more: Any) -> Outcome:
    """A night from its beginning to its end, whatever that is."""
    return Running(Order(root, clock, **more)).wait()


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives, run in a process of its own, so that ours never opens a database or starts a thread."""
    with tempfile.NamedTemporaryFile(prefix="apart-") as file:
        running = process(_apart, file.name, function, arguments)
        running.join()
        if running.exitcode:
            raise RuntimeError(f"{function.__name__} ended with {running.exitcode}: {Path(file.name).read_bytes()[-2000:].decode(errors='replace')}")
        return pickle.loads(Path(file.name).read_bytes())


def _apart(path: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        Path(path).write_bytes(pickle.dumps(function(*arguments)))
    except BaseException:
        Path(path).write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(1)


# -------------------------------------------------------------------- inside the night's process


def _walk(order: Order, scratch: Path, printed: Connection) -> None:
    for stream in (1, 2):
        os.dup2(printed.fileno(), stream)
    os.environ["NO_COLOR"] = "1"
    os.environ["COLUMNS"] = "400"
    if order.zone:
        os.environ["TZ"] = order.zone
        time.tzset()
    set_clock(order.clock)
    warehouse.SETTINGS["threads"] = 1  # as for the libraries above
    if not order.draws:  # charts have nothing to do with what is kept, and cost a third of a night
        vl_convert.vegalite_to_svg = lambda *_, **__: "<svg xmlns='http://www.w3.org/2000/svg'/>"
    steps = Steps(order, scratch)
    if order.at is not None or order.tell_steps:
        steps.watch()
    _limit(order)
    sys.argv = ["listening", *(order.command or ("run", "--direct")), "-w", str(order.root)]
    status = 0
    try:
        cli.main()
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        status = 70
    sys.stdout.flush()
    sys.stderr.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    steps.tell()
    with contextlib.suppress(OSError):
        (scratch / "peak").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
    os._exit(status)


def _limit(order: Order) -> None:
    if order.largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file, resource.RLIM_INFINITY))
    if order.memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (order.memory, order.memory))
    if order.is_powerless and os.getuid() == 0:
        _bind_by_permissions()


def _bind_by_permissions() -> None:
    """Give up root's right to pass over permissions (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH), for this process alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for place in range(3):
        sets[place] &= ~0b110
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def set_clock(now: dt.datetime) -> None:
    """Let the program's clock show a time from here on; it goes on at its usual pace."""
    offset = now - dt.datetime.now(dt.UTC)

    class Shifted(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, dt.datetime)

    class Datetime(dt.datetime, metaclass=Shifted):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            shown = dt.datetime.now(dt.UTC) + offset
            return shown.astimezone(tz) if tz else shown.astimezone().replace(tzinfo=None)

    class Module:
        datetime = Datetime

        def __getattr__(self, name: str) -> Any:
            return getattr(dt, name)

    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("listening", "pipelines") and getattr(module, "dt", None) is dt:
            module.dt = Module()  # type: ignore[attr-defined]


class Steps:
    """The calls by which a night makes something durable, counted; at one of them something happens to it."""

    def __init__(self, order: Order, scratch: Path) -> None:
        self._order, self._scratch = order, scratch
        self._names: list[str] = []
        self._inside = False
        self._is_done = False

    def watch(self) -> None:
        """Wrap every such call."""
        for name in ("fsync", "rename", "replace", "unlink", "remove", "symlink", "link", "mkdir", "rmdir"):
            self._wrap(os, name)
        for name in ("copyfile", "move"):
            self._wrap(shutil, name)
        for name in ("write_text", "write_bytes"):
            self._wrap(Path, name, tears=_tear_text)
        self._wrap(pq, "write_table", tears=_tear_table)
        connect = duckdb.connect
        duckdb.connect = lambda *given, **more: _Connection(self._call("connect", connect, given, more), self)  # type: ignore[assignment]

    def tell(self) -> None:
        """Write down the names of all steps."""
        if self._order.tell_steps:
            with contextlib.suppress(OSError):
                (self._scratch / "steps").write_text("\n".join(self._names), encoding="utf-8")

    def _wrap(self, place: Any, name: str, tears: Callable[..., None] | None = None) -> None:
        own = getattr(place, name)

        def wrapped(*given: Any, **more: Any) -> Any:
            return self._call(name, own, given, more, tears)

        setattr(place, name, wrapped)

    def _call(self, name: str, own: Callable[..., Any], given: tuple[Any, ...], more: dict[str, Any], tears: Callable[..., None] | None = None) -> Any:
        if self._inside:  # one step may use another
            return own(*given, **more)
        self._inside = True
        try:
            self.step(name, given[:1] if name.startswith("write_") and name != "write_table" else given, lambda: tears(own, *given, **more) if tears else None)
            return own(*given, **more)
        finally:
            self._inside = False

    def step(self, name: str, given: tuple[Any, ...], tear: Callable[[], Any] = lambda: None) -> None:
        """Come to a step: count it, and if it is the one, do what was ordered."""
        number = len(self._names)
        self._names.append(f"{number} {name} {_target(given)}")
        is_due = self._order.at is not None and number >= self._order.at
        if not is_due or self._is_done or (self._order.deed == "error" and name not in WRITES):
            return
        self._is_done = True
        if self._order.deed == "tear":
            tear()
        if self._order.deed in ("kill", "tear"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._order.deed == "pause":
            os.kill(os.getpid(), signal.SIGSTOP)
        if self._order.deed == "error":
            raise OSError(28, "No space left on device")


class _Connection:
    """A database connection whose changing statements are steps."""

    def __init__(self, own: Any, steps: Steps) -> None:
        self._own, self._steps = own, steps

    def execute(self, statement: str, *given: Any, **more: Any) -> Any:
        words = re.sub(r"--.*", "", statement).split()[:5]
        if words and words[0].lower() in (
            "attach",
            "detach",
            "begin",
            "commit",
            "rollback",
            "create",
            "insert",
            "delete",
            "update",
            "copy",
            "checkpoint",
            "drop",
            "alter",
        ):
            self._steps.step(f"sql {words[0].lower()}", (" ".join(words[1:]),))
        return self._own.execute(statement, *given, **more)

    def close(self) -> None:
        self._steps.step("sql close", ())
        self._own.close()

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *given: Any) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


def _target(given: tuple[Any, ...]) -> str:
    """What a step is about, short and without what differs from run to run."""
    if given and isinstance(given[0], int):
        given = (Path(f"/proc/self/fd/{given[0]}").readlink(),)
    words = [str(part) for part in given if isinstance(part, str | os.PathLike)]
    short = [re.sub(r"\d{8}T\d{6}Z-[\w.-]+?(?=[/. ']|$)", "RUN", "/".join(word.split("/")[-3:])) for word in words]
    return " ".join(" → ".join(short).split())[:110]


def _tear_text(own: Callable[..., Any], path: Path, content: Any, *given: Any, **more: Any) -> None:
    own(path, content[: len(content) // 2], *given, **more)


def _tear_table(own: Callable[..., Any], table: Any, path: Any, *given: Any, **more: Any) -> None:
    own(table, path, *given, **more)
    os.truncate(path, Path(path).stat().st_size // 2)
