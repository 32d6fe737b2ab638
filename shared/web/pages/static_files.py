"""The files that pages ask for, each under a name with a hash of its content, so that it may be kept for ever."""

import hashlib
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
}
_HASH_LENGTH: Final = 16


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
        for path in sorted(folder.iterdir()):
            if path.suffix not in _KINDS:
                continue
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]
            file = StaticFile(f"{path.stem}.{digest}{path.suffix}", _KINDS[path.suffix], content)
            self._files[file.served_name] = file
            self._served_names[path.name] = file.served_name

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
