"""The export of the chosen run's model: asks in which form, shows its progress in the notice line, says its path."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.content import Content

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration, human_bytes
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.common.run_text import share_bar

if TYPE_CHECKING:
    from textual.worker import Worker

    from garage_tui.screens.runs.host import RunsHost

_TICK = 0.5  # seconds
_PATIENCE = 8
"""Ticks for which the text of another action is left in the notice line."""
_FORMS = (
    ("merged", "f16", "Merged: one model in 16 bits, for transformers and vLLM"),
    ("adapter", "f16", "Adapter: the LoRA weights alone, for PEFT and vLLM"),
    ("gguf", "f16", "GGUF in 16 bits, for llama.cpp and Ollama"),
    ("gguf", "q8_0", "GGUF in 8 bits (q8_0), for llama.cpp and Ollama"),
)
"""Form, type of a GGUF's numbers, and what to call it."""
_TEXT = "The export is written to export/ in the run's folder and replaces an earlier one of its kind."
_NO_CONVERTER = (
    "A GGUF of this base needs llama.cpp's converter, which is not installed: `garage doctor` shows how to get it."
)


class ExportJob:
    """Exports one run at a time, in a process of its own."""

    def __init__(self, host: RunsHost) -> None:
        self._host = host
        self.run_id = ""
        """The id of the run that is being exported; empty if there is none."""
        self._worker: Worker[Any] | None = None
        self._progress = ""
        self._share: float | None = None
        self._began = 0.0
        self._name = ""
        """What the exported run is called in the list."""
        self._line: Content | None = None  # what was put into the notice line last
        self._ticks_left = 0

    def start(self) -> None:
        """Ask in which form the chosen run's model is exported, then export it."""
        self._host.run_worker(self._ask(), group="ask-export", exclusive=True)

    def cancel(self) -> bool:
        """Cancel the export; return False if there is none."""
        if self.run_id and self._worker:
            self._worker.cancel()
        return bool(self.run_id)

    async def _ask(self) -> None:
        from garage_tui.widgets.confirm_and_pick import Pick  # noqa: PLC0415 (most visits export nothing)

        run, notice = self._host.chosen, self._host.notice
        if run is None:
            return
        if self.run_id:
            notice.wrong(f"{self.run_id} is being exported: press Esc to cancel")
            return
        try:
            choices, text = await asyncio.to_thread(_choices, run)
        except GarageError as error:
            notice.wrong(one_line(str(error), 400))
            return
        index = await self._host.ask(Pick(f"Export {run.name}", choices, text=text))
        if index is not None and not self.run_id:
            self._worker = self._host.run_worker(self._export(run, *_FORMS[index][:2]), group="export")

    async def _export(self, run: RunSnapshot, form: str, outtype: str) -> None:
        """Export it in a process of its own, and show the progress."""
        import msgspec  # noqa: PLC0415

        from garage_tui.core.export import export_process as export  # noqa: PLC0415

        notice, event = self._host.notice, export.ExportEvent()
        request = msgspec.convert({"form": form, "outtype": outtype}, export.ExportRequest)
        self.run_id, self._name, self._began, self._ticks_left = run.id, run.name, time.monotonic(), 0
        self._progress, self._share = "starting", None
        self._show_progress()
        ticking = self._host.set_interval(_TICK, self._show_progress)
        try:
            async with contextlib.aclosing(export.export(run.path, request)) as events:
                async for event in events:
                    if event.text:
                        self._progress, self._share = one_line(event.text), event.share
        except GarageError as error:
            notice.wrong(f"{run.id} was not exported: {one_line(str(error), 400)}")
        except asyncio.CancelledError:
            notice.note(f"The export of {run.id} was cancelled; its files were removed")
            raise
        else:
            size, took = human_bytes(event.bytes), duration(time.monotonic() - self._began)
            earlier = ", replacing an earlier one" if event.replaced else ""
            notice.done(f"Exported in {took}, {size}{earlier}: {one_line(event.path, 1000)}")
        finally:
            ticking.stop()
            self.run_id = ""

    def _show_progress(self) -> None:
        notice = self._host.notice
        if not self.run_id:
            return
        if notice.content is not self._line and self._ticks_left:
            self._ticks_left -= 1  # another action has written there since
            return
        took = duration(time.monotonic() - self._began)
        bar = Content() if self._share is None else share_bar(self._share, 10) + Content(" ")
        notice.content = Content.assemble(
            bar, ("exporting ", "$muted"), self._name, (f": {self._progress} · {took} · Esc cancels", "$muted")
        )
        self._line, self._ticks_left = notice.content, _PATIENCE  # Textual keeps the first of equal contents


def _choices(run: RunSnapshot) -> tuple[list[str], str]:
    """Return the forms in which a run can be exported, each with about its size, and what to know before.

    Raises:
        GarageError: it cannot be exported.
    """
    from garage_tui.core.export import export_process as export  # noqa: PLC0415
    from garage_tui.core.export import gguf_support, llama_cpp  # noqa: PLC0415
    from garage_tui.core.models import base_models  # noqa: PLC0415
    from garage_tui.core.runs.catalog import disk_bytes  # noqa: PLC0415
    from garage_tui.core.runs.folder import ADAPTER  # noqa: PLC0415
    from garage_tui.core.runs.record import read_run  # noqa: PLC0415

    if refusal := export.refusal(read_run(run.path)):
        raise GarageError(refusal)
    name = run.manifest.base.get("name") if run.manifest else None
    base = base_models.find(str(name))
    weights = export.count_weights(base.path) if base.here else 0
    try:
        is_known = gguf_support.architecture_of(base_models.config_of(base.path)) is not None
        has_converter, missing = is_known or bool(llama_cpp.find_converter()), _NO_CONVERTER
    except GarageError as error:
        has_converter, missing = False, one_line(str(error), 300)
    choices = []
    for form, outtype, label in _FORMS:
        size = disk_bytes(Path(run.path) / ADAPTER) if form == "adapter" else weights * export.OUTTYPES[outtype]
        if has_converter or form != "gguf":
            choices.append(f"{label} · {human_bytes(size)}" if size else label)
    return choices, _TEXT if has_converter else f"{_TEXT}\n{missing}"
