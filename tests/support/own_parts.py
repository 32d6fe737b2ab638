"""Parts that belong to one test, which may stop, kill and start them again at the same address."""

import asyncio
import subprocess
from pathlib import Path

import psutil

from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import start, stop_tree


class OwnPart:
    """A server of one test's own."""

    def __init__(self, server: PostgresServer | KafkaServer, log: Path) -> None:
        self.server = server
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and return when it answers."""
        await self.begin()
        assert self.process is not None
        await self.server.wait_ready(self.process, self.log)

    async def begin(self) -> None:
        """Start it, from the main thread: it ends with the thread that started it, so that nothing is left behind."""
        await asyncio.to_thread(self.server.prepare, lambda _: None)
        self.process = start(await asyncio.to_thread(self.server.program), self.log, dies_with_parent=True)

    def stop(self) -> None:
        """Stop it in order; nothing happens when it does not run."""
        if self.process is not None:
            if self.process.poll() is None:
                stop_tree(psutil.Process(self.process.pid), self.server.program().stop_signal)
            self.process.wait()
            self.process = None

    def kill(self) -> None:
        """Kill it and whatever it started, as a crash would."""
        assert self.process is not None
        whole = psutil.Process(self.process.pid)
        for victim in [whole, *whole.children(recursive=True)]:
            victim.kill()
        self.process.wait()
        self.process = None
