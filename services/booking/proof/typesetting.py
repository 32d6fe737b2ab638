"""Sets one certificate as a PDF, tagged for those who read by ear (PDF/UA-1), in a process of its own.

What it says comes as JSON on standard input, the file goes to standard output. The library and its fonts are loaded in
this process alone, and are gone with it; the same input always gives the same bytes.
"""

import sys
from pathlib import Path
from typing import Final

import typst

TEMPLATE: Final = Path(__file__).with_name("certificate.typ")


def main() -> None:
    """Set what is given."""
    given = sys.stdin.buffer.read().decode()
    document = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"given": given},
        pdf_standards=["ua-1"],
        timestamp=0,
    )
    assert isinstance(document, bytes)
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    main()
