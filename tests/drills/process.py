"""`python -m tests.drills.process [--without GUARD]… [--die-at POINT:N]… SERVICE web|worker --port N`.

A process of a service as the product starts it, but for what the drill takes away or arms in it before it runs.
"""

import argparse
import runpy
import sys
from collections.abc import Sequence

from tests.drills.guards import GUARDS, go_without
from tests.drills.points import die_at


def main(arguments: Sequence[str] | None = None) -> None:
    """Alter this process and run the service's own main in it."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.process")
    parser.add_argument("--without", action="append", default=[], choices=sorted(GUARDS))
    parser.add_argument("--die-at", action="append", default=[], metavar="POINT:N")
    parser.add_argument("service", choices=("booking", "procurement", "notification"))
    parser.add_argument("process", choices=("web", "worker"))
    parser.add_argument("--port", required=True)
    given = parser.parse_args(arguments)
    for guard in given.without:
        go_without(guard)
    for where in given.die_at:
        die_at(where)
    sys.argv = [f"services.{given.service}", given.process, "--port", given.port]
    runpy.run_module(f"services.{given.service}", run_name="__main__")


if __name__ == "__main__":
    main()
