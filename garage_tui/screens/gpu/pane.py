"""The GPU screen: gauges of a GPU or of the box, their histories, and the run that is on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from garage_tui.core.base.errors import BadInputError
from garage_tui.core.base.settings import Settings
from garage_tui.core.hardware.history import BOX
from garage_tui.core.hardware.reading import GpuReading
from garage_tui.core.hardware.readout import GIB, share
from garage_tui.core.limits.run_limits import RunLimits
from garage_tui.screens.gpu import text as gpu_words
from garage_tui.widgets.column_chart import Threshold
from garage_tui.widgets.history_chart import HistoryChart
from garage_tui.widgets.notice import Notice
from garage_tui.widgets.pane import Pane

if TYPE_CHECKING:
    from garage_tui.core.hardware.snapshot import HardwareSnapshot
    from garage_tui.core.hardware.watcher import HardwareWatcher
    from garage_tui.core.monitor.run_watcher import RunSnapshot

SPANS = (300.0, 1800.0, 7200.0, 43_200.0)
"""Seconds that the histories show: 5 minutes, half an hour, 2 hours, 12 hours."""
_ORDER = ("temp", "power", "busy", "memory")
_TITLES = {"temp": "Heat", "power": "Power", "memory": "Memory", "busy": "Busy"}
_FORMS: dict[str, Callable[[float], str]] = {
    "temp": "{:.0f} °C".format,
    "power": "{:.0f} W".format,
    "memory": lambda value: f"{value / GIB:.0f} GiB",
    "busy": share,
}
_REDRAW = 5.0  # seconds: of a history only the newest column has changed, and painting is what costs
_COOLEST = 20.0  # °C at the lower end: a room
_EMPTY = {
    "temp": "no sensor tells a temperature here",
    "power": "nothing here tells its power",
    "memory": "",
    "busy": "",
}


class GpuPane(Pane):
    """Heat, power, memory and work of one device at a time."""

    HELP_PAGE = "guide/limits.md"
    HELP = (
        "Heat, power, memory and work of each GPU and of the box itself, now and over the last hours. A run that works "
        "pauses above the line that is drawn, and goes on by itself when it has cooled. What a sensor does not tell is "
        "a dash. The limits are in garage.toml: [heat], [hours], [sun], [energy]."
    )
    FIRST_FOCUS = "#gpu-panel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "device(-1)", "Before", show=False, key_display="←", tooltip="The GPU before"),
        Binding("right,tab", "device(1)", "Next GPU", key_display="→", tooltip="The next GPU, or the box itself"),
        Binding("plus,equals_sign", "span(-1)", "Closer", key_display="+", tooltip="See less time"),
        Binding("minus", "span(1)", "Longer", key_display="-", tooltip="See more time"),
        Binding("u", "go_on", "Go on now", tooltip="Have the run here go on now, without waiting"),
    ]

    def __init__(self, gauges: HardwareWatcher, settings: Settings) -> None:
        super().__init__(id="gpu")
        self._gauges, self._settings = gauges, settings
        self.look: HardwareSnapshot | None = None
        self.device = ""
        """A GPU's index, or the box."""
        self.span = SPANS[1]
        self._runs: tuple[RunSnapshot, ...] = ()
        self._lines = 0
        self._drawn: tuple[object, float] = (None, 0.0)
        try:
            self._default_limits = RunLimits.from_settings(settings)
        except BadInputError:  # whoever starts a run is told
            self._default_limits = RunLimits()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="gpu-panel", classes="panel"):
            yield Static(Content.styled("Asking the driver and the sensors …", "$muted"), id="gpu-words")
        with Container(id="gpu-histories"):
            for name in _ORDER:
                yield HistoryChart(form=_FORMS[name], id=f"gpu-{name}")
        yield Notice()

    def on_mount(self) -> None:
        for name in _ORDER:
            self.query_one(f"#gpu-{name}", HistoryChart).border_title = _TITLES[name]
        self.watch(self.app, "hardware", self.show_look)
        self.watch(self.app, "runs", self.show_runs)

    def reveal(self) -> None:
        super().reveal()
        self._gauges.attend(watched=True)
        self._show()

    def conceal(self) -> None:
        super().conceal()
        self._gauges.attend(watched=False)

    def show_look(self, look: HardwareSnapshot | None) -> None:
        """Show what the gauges say."""
        self.look = look
        if look is not None and self.device not in self.devices:
            self.device = self.devices[0]
        self._show()

    def show_runs(self, runs: tuple[RunSnapshot, ...]) -> None:
        """Show what the runs do."""
        self._runs = tuple(seen for seen in runs if seen.alive)
        self._show()

    def on_resize(self) -> None:
        self._show()

    @property
    def devices(self) -> tuple[str, ...]:
        """All that can be looked at: the GPUs, and the box."""
        return (*(str(gpu.index) for gpu in self.look.gpus), BOX) if self.look else (BOX,)

    @property
    def _gpu(self) -> GpuReading | None:
        return next((gpu for gpu in self.look.gpus if str(gpu.index) == self.device), None) if self.look else None

    @property
    def _here(self) -> tuple[RunSnapshot, ...]:
        """The runs that work on the device."""
        return tuple(
            seen
            for seen in self._runs
            if seen.state
            and seen.status != "queued"
            and (self.device in seen.state.gpus or (self.device == BOX and not seen.state.gpus))
        )

    @property
    def _waiting(self) -> tuple[RunSnapshot, ...]:
        """The runs that wait for their hours or for the sun, wherever they will work."""
        return tuple(seen for seen in self._runs if seen.held)

    @property
    def _limits(self) -> RunLimits:
        """What guards the device: the limits of the run on it, else those of the settings."""
        return next((seen.manifest.limits for seen in self._here if seen.manifest), self._default_limits)

    def _show(self) -> None:
        if self.look is None or not self.display or not self.is_mounted:
            return
        panel = self.query_one("#gpu-panel")
        panel.border_title, panel.border_subtitle = self._title(), self._others()
        width = panel.content_size.width or self.size.width - 4
        gpu = self._gpu
        lines: list[Content] = []
        if self.look.trouble:
            lines.append(Content.styled(self.look.trouble, "$error"))
        if gpu is not None:
            lines += gpu_words.gpu_lines(gpu, self._limits, width)
        else:
            lines += gpu_words.host_lines(self.look.host, self._limits, width, len(self.look.gpus))
        for seen in (*self._here, *self._waiting):
            lines += gpu_words.run_lines(seen, self._settings.energy)
        if gpu is not None:
            lines += gpu_words.process_lines(gpu)
        # A new layout takes ten times what painting the lines does, and they are mostly as many as before.
        self.query_one("#gpu-words", Static).update(Content("\n").join(lines), layout=len(lines) != self._lines)
        self._lines = len(lines)
        what = (self.device, self.span, self._limits)
        if what != self._drawn[0] or not 0 <= self.look.t - self._drawn[1] < _REDRAW:
            self._drawn = what, self.look.t
            for name in _ORDER:
                self._draw(name, gpu)

    def _draw(self, name: str, gpu: GpuReading | None) -> None:
        assert self.look is not None
        history = self.query_one(f"#gpu-{name}", HistoryChart)
        host = self.look.host
        history.now, history.span = self.look.t, self.span
        history.points = self._gauges.history.points(self.device, name, self.look.t - 1.1 * self.span)
        history.empty = _EMPTY[name]
        history.thresholds = ()
        if name == "busy":
            history.top = 1.0
        elif name == "memory":
            history.top = gpu.memory_total if gpu else host.memory_total
        elif name == "power" and gpu and gpu.cap_w:
            usual = max(gpu.cap_w, gpu.usual_cap_w or 0.0)
            step = 50 if usual >= 100 else 10
            history.top = (usual * 1.05 // step + 1) * step  # round, and the cap's line is below the edge
            history.thresholds = (Threshold(gpu.cap_w, f"cap {gpu.cap_w:.0f}", "secondary"),)
        elif name == "temp":
            history.bottom, history.top, history.thresholds = _COOLEST, 100.0, tuple(self._heat_lines(gpu))

    def _heat_lines(self, gpu: GpuReading | None) -> list[Threshold]:
        found = []
        if limits := self._limits.heat(gpu.slow_c if gpu else None):
            found.append(Threshold(limits[0], f"pause {limits[0]:.0f}"))
        if gpu and gpu.slow_c:
            found.append(Threshold(gpu.slow_c, f"slows {gpu.slow_c:.0f}", "error"))
        return found

    def _title(self) -> Content:
        gpu = self._gpu
        return Content(f"GPU {gpu.index}  {gpu.name}" if gpu else "This box")

    def _others(self) -> Content:
        names = ["box" if device == BOX else f"GPU {device}" for device in self.devices if device != self.device]
        return Content(f"→ {' · '.join(names)}" if names else "")

    def action_device(self, places: int) -> None:
        if self.device in self.devices:
            self.device = self.devices[(self.devices.index(self.device) + places) % len(self.devices)]
        self._show()

    def action_span(self, places: int) -> None:
        self.span = SPANS[max(0, min(len(SPANS) - 1, SPANS.index(self.span) + places))]
        self._show()

    def action_go_on(self) -> None:
        """Have the run here go on: its hours, or the sun, need not come."""
        from garage_tui.core.base.errors import GarageError  # noqa: PLC0415
        from garage_tui.core.launch import control  # noqa: PLC0415 (nobody needs it to look)
        from garage_tui.core.runs.record import read_run  # noqa: PLC0415

        notice = self.notice
        waiting = next((seen for seen in (*self._here, *self._waiting) if seen.resumable), None)
        if waiting is None:
            notice.wrong("No run is waiting here")
            return
        try:
            control.resume(read_run(waiting.path))
        except GarageError as error:
            notice.wrong(str(error))
        else:
            notice.done(f"{waiting.name} goes on")
