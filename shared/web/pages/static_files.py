"""The files that pages ask for, each under a name with a hash of its content, so that it may be kept for ever."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_FOLDER: Final = Path(__file__).parent / "static"
_KINDS: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_HASH_LENGTH: Final = 16
_NAMED_IN_STYLES: Final = re.compile(r'(?<=url\(")[^":/]+(?="\))')


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    served_name: str
    kind: str
    content: bytes


class StaticFiles:
    """The files of the folder, read once."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._served_names: dict[str, str] = {}
        self._files: dict[str, StaticFile] = {}
        # styles come last: they name other files, by the names under which those are served
        for path in sorted(folder.iterdir(), key=lambda path: (path.suffix == ".css", path.name)):
            if path.suffix not in _KINDS:
                continue
            content = self._styles(path) if path.suffix == ".css" else path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]
            file = StaticFile(f"{path.stem}.{digest}{path.suffix}", _KINDS[path.suffix], content)
            self._files[file.served_name] = file
            self._served_names[path.name] = file.served_name

    def _styles(self, path: Path) -> bytes:
        text = path.read_text(encoding="utf-8")
        return _NAMED_IN_STYLES.sub(lambda named: self._served_names[named[0]], text).encode()

    def served_name(self, name: str) -> str:
        """Return the name with its hash; raises KeyError for a file that is not there."""
        return self._served_names[name]

    async def answer(self, request: Request) -> Response:
        """Give the file; a name with another hash is of another version, and is not there."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            return Response(status_code=404)
        headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "Accept-Encoding"}
        return Response(file.content, media_type=file.kind, headers=headers)
