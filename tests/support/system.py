"""A whole embedded system as a person starts it: `kurslots up` in a process of its own, on a folder of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.embedded.home import Home
from deploy.embedded.leftovers import find_leftovers
from deploy.embedded.processes import Deadline, Program, free_port, start

_READY_SECONDS = 400.0
KURSLOTS = (sys.executable, "-c", "from deploy.cli import main; main()")


class System:
    """One folder and port; started, stopped and killed from outside."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.home = Home(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "KURSLOTS_HOME": str(folder), "KURSLOTS_PORT": str(self.port), **environment}
        self.said = folder.with_name(f"{folder.name}.said")
        self.first_said = ""
        self.starts: list[float] = []
        self.process: subprocess.Popen[bytes] | None = None

    def up(self) -> float:
        """Start it, where it does not run, and return how many seconds it took until it was ready.

        It ends with the thread that calls this: nothing is left when the tests are killed.
        """
        if self.process is not None:
            return 0.0
        began = time.monotonic()
        self.said.unlink(missing_ok=True)
        program = Program((*KURSLOTS, "up"), self.home.folder.parent, self.environment)
        self.process = start(program, self.said, dies_with_parent=True)
        deadline = Deadline(_READY_SECONDS)
        while "Kurslots is ready at" not in self.said.read_text():
            if self.process.poll() is not None or deadline.is_over:
                said = self.said.read_text()
                self.down()
                raise AssertionError(f"the system did not come up:\n{said}")
            time.sleep(0.1)
        self.first_said = self.first_said or self.said.read_text()
        self.starts.append(time.monotonic() - began)
        return self.starts[-1]

    def run(self, *command: str, seconds: float = 100, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run another `kurslots` command on this folder to its end."""
        return subprocess.run(
            [*KURSLOTS, *command],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def status(self) -> dict[str, Any]:
        """Return what `kurslots status --json` says."""
        document: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return document

    def health(self) -> httpx.Response:
        return httpx.get(f"{self.url}/health", timeout=10, trust_env=False)

    def left(self) -> set[str]:
        """Return the names of the parts of this folder that run."""
        return {name for name, _ in find_leftovers(self.home)}

    def interrupt(self) -> float:
        """Press Ctrl-C and return how many seconds the stopping took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.process = None
        return time.monotonic() - began

    def kill_tree(self) -> None:
        """Kill the supervisor and all its children at once, as a machine that loses its power would."""
        assert self.process is not None
        whole = psutil.Process(self.process.pid)
        victims = [whole, *whole.children(recursive=True)]
        for blow in (psutil.Process.suspend, psutil.Process.kill):
            for victim in victims:
                with contextlib.suppress(psutil.NoSuchProcess):
                    blow(victim)
        self.process.wait()
        psutil.wait_procs(victims, timeout=10)
        self.process = None

    def down(self) -> None:
        """Stop it if it runs, and see that nothing is left."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None
        assert self.left() == set()
