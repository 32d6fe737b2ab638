"""Which tests go to one worker together: those of a file, and all that share the one whole system."""

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # ships no types

_TOGETHER = "tests/system/"


class SystemTogether(LoadFileScheduling):  # type: ignore[misc]  # its base has no types
    """As `--dist loadfile`, with the tests of the whole system as if they were one file: only one is started."""

    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER if nodeid.startswith(_TOGETHER) else super()._split_scope(nodeid)
