"""The machine that something was measured on, in words for a page."""

import os
import platform
from pathlib import Path

import psutil

from deploy.embedded.artifacts import KAFKA_VERSION, POSTGRES_VERSION


def describe_machine() -> str:
    """Return processors, memory and the versions of what runs on them."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, PostgreSQL {POSTGRES_VERSION.removesuffix('.0')}, "
        f"Apache Kafka {KAFKA_VERSION}"
    )


def _processor() -> str:
    processors = Path("/proc/cpuinfo")
    if processors.exists():
        for line in processors.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
