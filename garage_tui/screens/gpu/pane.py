"""The GPU screen: gauges and charts of one GPU or of this box, and the runs that work there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.hardware.gpu_reading import GpuReading
from garage_tui.core.hardware.history import BOX
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.core.settings.settings import Settings
from garage_tui.screens.gpu.histories import Histories
from garage_tui.screens.gpu.text import gpu_lines, host_lines, own_process_lines, process_lines, run_lines
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from garage_tui.core.hardware.hardware_snapshot import HardwareSnapshot
    from garage_tui.core.hardware.watcher import HardwareWatcher
    from garage_tui.core.monitor.run_watcher import RunSnapshot


class GpuPane(Pane):
    """One device at a time: its gauges, the runs on it, and its charts.

    Args:
        watcher: reads more often while the screen is in front.
        settings: limits and energy prices.
    """

    HELP_PAGE = "guide/limits.md"
    HELP = (
        "Temperature, power, memory and utilisation of each GPU and of this box, now and over the last hours. A "
        "running run pauses above the line marked `pause` and resumes by itself once the GPU has cooled. A dash means "
        "that the sensor reports nothing. The limits are in garage.toml: [heat], [hours], [sun], [energy]."
    )
    FIRST_FOCUS = "#gpu-panel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "device(-1)", "Previous", show=False, key_display="←", tooltip="Previous GPU"),
        Binding("right,tab", "device(1)", "Next device", key_display="→", tooltip="Next GPU, or this box"),
        Binding("plus,equals_sign", "span(-1)", "Zoom in", key_display="+", tooltip="Show less time"),
        Binding("minus", "span(1)", "Zoom out", key_display="-", tooltip="Show more time"),
        Binding(
            "u",
            "resume",
            "Resume now",
            tooltip="Stop waiting for hours, sun, server or memory; not for its turn",
        ),
    ]

    def __init__(self, watcher: HardwareWatcher, settings: Settings) -> None:
        super().__init__(id="gpu")
        self._watcher, self._settings = watcher, settings
        self.snapshot: HardwareSnapshot | None = None
        """The sensors as they were last read."""
        self.device = ""
        """A GPU's index, or `BOX`."""
        self._runs: tuple[RunSnapshot, ...] = ()
        self._lines = 0
        try:
            self._default_limits = RunLimits.from_settings(settings)
        except BadInputError:  # reported when a run is started
            self._default_limits = RunLimits()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="gpu-panel", classes="panel"):
            yield Static(Content.styled("Reading the sensors …", "$muted"), id="gpu-summary")
        yield Histories(self._watcher.history)
        yield Static(classes="notice-line")
        yield Notice(ends=True)

    def on_mount(self) -> None:
        self.watch(self.app, "hardware", self.show_hardware)
        self.watch(self.app, "runs", self.show_runs)

    def reveal(self) -> None:
        super().reveal()
        self._watcher.set_attention(watched=True)
        self._show()

    def conceal(self) -> None:
        super().conceal()
        self._watcher.set_attention(watched=False)

    def show_hardware(self, snapshot: HardwareSnapshot | None) -> None:
        """Show new readings."""
        count = len(self.devices)
        self.snapshot = snapshot
        if len(self.devices) != count:
            self.refresh_bindings()
        if snapshot is not None and self.device not in self.devices:
            self.device = self.devices[0]
        self._show()

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show the runs as they are now."""
        self._runs = tuple(run for run in runs if run.alive)
        self._show()
        self.refresh_bindings()

    def on_resize(self, event: Resize) -> None:
        if self.is_resized(event):
            self._lines = 0  # the lines of before were laid out for another width
            self._show()

    @property
    def devices(self) -> tuple[str, ...]:
        """All devices that can be shown: the GPUs by index, then the box."""
        return (*(str(gpu.index) for gpu in self.snapshot.gpus), BOX) if self.snapshot else (BOX,)

    @property
    def histories(self) -> Histories:
        """The charts."""
        return self.query_one(Histories)

    @property
    def _gpu(self) -> GpuReading | None:
        gpus = self.snapshot.gpus if self.snapshot else ()
        return next((gpu for gpu in gpus if str(gpu.index) == self.device), None)

    @property
    def _here(self) -> tuple[RunSnapshot, ...]:
        """The runs that work on the device."""
        return tuple(
            run
            for run in self._runs
            if run.state
            and run.status != "queued"
            and (self.device in run.state.gpus or (self.device == BOX and not run.state.gpus))
        )

    @property
    def _waiting(self) -> tuple[RunSnapshot, ...]:
        """The runs that wait for a time window, the sun, a GPU or memory, wherever they will work."""
        return tuple(run for run in self._runs if run.held)

    @property
    def _limits(self) -> RunLimits:
        """The limits on the device: those of the run on it, else those of the settings."""
        return next((run.manifest.limits for run in self._here if run.manifest), self._default_limits)

    def _show(self) -> None:
        snapshot = self.snapshot
        if snapshot is None or not self.display or not self.is_mounted:
            return
        panel = self.query_one("#gpu-panel")
        panel.border_title, panel.border_subtitle = self._title(), self._other_devices()
        width = panel.content_size.width or self.size.width - 4
        is_flat = self.screen.has_class("-flat")  # a low pane of a dashboard: the runs matter more
        gpu = self._gpu
        lines: list[Content] = []
        if snapshot.trouble:
            lines.append(Content.styled(snapshot.trouble, "$error"))
        if gpu is not None:
            lines += gpu_lines(gpu, self._limits, width)
        else:
            lines += host_lines(snapshot.host, self._limits, width, len(snapshot.gpus), each_core=not is_flat)
        for run in (*self._here, *self._waiting):
            lines += run_lines(run, self._settings.energy)
        lines += process_lines(gpu) if gpu is not None else own_process_lines(snapshot.host)
        # A new layout takes ten times as long as painting the lines, and their number seldom changes.
        self.query_one("#gpu-summary", Static).update(Content("\n").join(lines), layout=len(lines) != self._lines)
        self._lines = len(lines)
        self.histories.show(self.device, snapshot, gpu, self._limits)

    def _title(self) -> Content:
        gpu = self._gpu
        return Content(f"GPU {gpu.index}  {gpu.name}" if gpu else "This box")

    def _other_devices(self) -> Content:
        names = ["this box" if device == BOX else f"GPU {device}" for device in self.devices if device != self.device]
        return Content(f"→ {' · '.join(names)}" if names else "")

    @property
    def _resumable(self) -> RunSnapshot | None:
        """The run here that waits, or is paused, and can go on at once."""
        return next((run for run in (*self._here, *self._waiting) if run.resumable), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "resume":
            return self._resumable is not None
        return action != "device" or len(self.devices) > 1

    def why_unavailable(self, action: str) -> str:
        return "No run here waits to be resumed" if action == "resume" else "There is nothing else to show: no GPU"

    def action_device(self, steps: int) -> None:
        if self.device in self.devices:
            self.device = self.devices[(self.devices.index(self.device) + steps) % len(self.devices)]
        self._show()

    def action_span(self, steps: int) -> None:
        self.histories.change_span(steps)
        self._show()

    def action_resume(self) -> None:
        """Resume the run here: it need not wait for its time window, the sun, a GPU or memory any more."""
        self.run_worker(self._resume(), group="resume", exclusive=True)

    async def _resume(self) -> None:
        from garage_tui.core.base.errors import GarageError  # noqa: PLC0415
        from garage_tui.core.launch import run_control  # noqa: PLC0415 (only needed to resume)
        from garage_tui.core.runs.record import read_run  # noqa: PLC0415

        if (waiting := self._resumable) is None:
            return
        try:
            await asyncio.to_thread(lambda: run_control.resume(read_run(waiting.path)))
        except GarageError as error:
            self.notice.wrong(str(error))
        else:
            self.notice.done(f"{waiting.name} resumed")
