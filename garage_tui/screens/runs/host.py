"""The Protocol through which the parts of the Runs screen use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.message import Message
    from textual.timer import Timer
    from textual.worker import Worker

    from garage_tui.core.monitor.run_watcher import RunSnapshot, RunWatcher
    from garage_tui.widgets.dialog import Dialog
    from garage_tui.widgets.notice import Notice

T = TypeVar("T")


class RunsHost(Protocol):
    """The Runs screen, as its parts see it."""

    runs: tuple[RunSnapshot, ...]
    """All runs as they were last seen, the newest first."""
    watcher: RunWatcher

    @property
    def chosen(self) -> RunSnapshot | None:
        """The run under the cursor; None where there is no run."""
        ...

    @property
    def interrupted(self) -> list[RunSnapshot]:
        """The runs that were interrupted and can be resumed."""
        ...

    @property
    def notice(self) -> Notice: ...
    @property
    def may_open_dialog(self) -> bool:
        """True while a dialog may open by itself: this screen is in front, and nobody types in it."""
        ...

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None: ...
    def choose(self, run_id: str) -> None:
        """Put the cursor on this run."""
        ...

    def close_filter(self) -> None:
        """Remove the input line of the filter."""
        ...

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Open a dialog and return its answer; must be awaited in a worker."""
        ...

    def post_message(self, message: Message) -> bool: ...
    def run_worker(
        self, work: Any, name: str | None = "", group: str = "default", *, exclusive: bool = False, thread: bool = False
    ) -> Worker[Any]: ...
    def set_interval(self, interval: float, callback: Callable[[], object]) -> Timer: ...
