"""Which tests go to one worker together: those of a file, and all that share the one whole system."""

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # ships no types
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

_TOGETHER = "tests/system/"


class SystemTogether(LoadFileScheduling):  # type: ignore[misc]  # its base has no types
    """As `--dist loadfile`, with the tests of the whole system as if they were one file, and first.

    Only one system is started; its tests take the longest and mostly wait, so the other worker does the rest meanwhile.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _TOGETHER if nodeid.startswith(_TOGETHER) else super()._split_scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if _TOGETHER in self.workqueue:
            self.workqueue.move_to_end(_TOGETHER, last=False)
        super()._assign_work_unit(node)
