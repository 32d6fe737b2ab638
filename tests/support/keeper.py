"""`python -m tests.support.keeper` keeps one PostgreSQL or Kafka for a test run and stops it when the run is over.

It watches the process that leads the run, so that nothing is left behind even when that one is killed.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path

import psutil

from deploy.embedded.artifacts import KAFKA_VERSION, POSTGRES_VERSION
from deploy.embedded.kafka import KafkaServer
from deploy.embedded.postgres import PostgresServer
from deploy.embedded.processes import Identity, free_port, start, stop_tree

PASSWORD = "of-the-test-run"


def main(part: str, folder: Path, leader: Identity) -> None:
    """Run the part until `folder/stop` exists or the leader is gone."""
    if child := os.fork():
        # The starter goes on at once and has no child to wait for; the number is known to whoever ends the run.
        (folder / f"{part}.keeper").write_text(json.dumps([child, Identity.of(child).made_at]), encoding="utf-8")
        return
    server: PostgresServer | KafkaServer
    if part == "postgres":
        server = PostgresServer(folder / part, free_port(), PASSWORD, durable=False)
        facts = {"version": f"PostgreSQL {POSTGRES_VERSION.removesuffix('.0')}", "port": server.port}
    else:
        server = KafkaServer(folder / part, free_port(), free_port())
        facts = {"version": f"Apache Kafka {KAFKA_VERSION}", "port": server.port}
    server.prepare(lambda _: None)
    program = server.program()
    log = folder / f"{part}.log"
    process = start(program, log)
    try:
        asyncio.run(server.wait_ready(process, log))
        ready = folder / f"{part}.json.new"
        ready.write_text(json.dumps(facts), encoding="utf-8")
        ready.rename(folder / f"{part}.json")
        while not (folder / "stop").exists() and leader.find() and process.poll() is None:
            time.sleep(0.2)
    finally:
        stop_tree(psutil.Process(process.pid), program.stop_signal)
        process.wait()
        if leader.find() is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Identity(int(sys.argv[3]), float(sys.argv[4])))
