"""Which tests go to one worker together: those of a file, and all of a folder that share something large."""

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # ships no types
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]  # ships no types

_TOGETHER = ("tests/system/", "tests/drills/", "tests/browser/")


class SystemTogether(LoadFileScheduling):  # type: ignore[misc]  # its base has no types
    """As `--dist loadfile`, with the tests of the whole system as if they were one file, first; then drills, browser.

    Only one system is started, one set of a drill's parts and one browser; these take the longest and mostly wait.
    """

    def _split_scope(self, nodeid: str) -> str:
        for folder in _TOGETHER:
            if nodeid.startswith(folder):
                return folder
        scope: str = super()._split_scope(nodeid)
        return scope

    def _assign_work_unit(self, node: WorkerController) -> None:
        for folder in reversed(_TOGETHER):
            if folder in self.workqueue:
                self.workqueue.move_to_end(folder, last=False)
        super()._assign_work_unit(node)
