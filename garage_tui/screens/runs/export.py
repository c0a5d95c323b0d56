"""Exports the model of the chosen run: asks as what, and says in the notice line how far it is and where it is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from textual import work
from textual.content import Content

from garage_tui.core.base.errors import GarageError
from garage_tui.core.base.format import duration
from garage_tui.core.base.sanitize import one_line
from garage_tui.core.monitor.run_watcher import RunSnapshot
from garage_tui.screens.runs.pairs import RunPairs

_TICK = 0.5  # seconds
_PATIENCE = 8
"""Ticks for which the words of another action are left in the notice line."""
_KINDS = (
    ("merged", "f16", "Merged: one model in 16 bits, for transformers and vLLM"),
    ("adapter", "f16", "Adapter: the LoRA weights alone, for PEFT and vLLM"),
    ("gguf", "f16", "GGUF in 16 bits, for llama.cpp and Ollama"),
    ("gguf", "q8_0", "GGUF in 8 bits (q8_0), for llama.cpp and Ollama"),
)
"""Form, type of a GGUF's numbers, and what to call it."""
_WORDS = "It goes into the run's folder export/ and replaces an earlier one of its kind."
_NO_CONVERTER = "A GGUF needs llama.cpp's converter, which is not here: `garage doctor` says how to get it."


class RunExport(RunPairs):
    """Exports one run at a time, by a process of its own; Esc cancels."""

    _exporting = ""
    """The id of the run that is being exported; empty where none is."""
    _said = ""
    """How far it is."""
    _began = 0.0
    _line: Content | None = None
    """What was put into the notice line last."""
    _left = 0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        seen = self.chosen
        if action == "export":
            return bool(seen and seen.adapter and seen.status in ("finished", "stopped"))
        if action == "delete" and seen and seen.id == self._exporting:
            return False
        return super().check_action(action, parameters)

    @work(exclusive=True, group="ask-export")
    async def action_export(self) -> None:
        """Ask as what the chosen run's model is exported, then have it done."""
        from garage_tui.widgets.prompts import Pick  # noqa: PLC0415 (most visits export nothing)

        seen, notice = self.chosen, self.notice
        if seen is None:
            return
        if self._exporting:
            notice.wrong(f"{self._exporting} is being exported: Esc cancels that")
            return
        try:
            choices, words = await asyncio.to_thread(_choices, seen)
        except GarageError as error:
            notice.wrong(one_line(str(error), 400))
            return
        place = await self.app.push_screen_wait(Pick(f"Export {seen.name}", choices, words=words))
        if place is not None and not self._exporting:
            self._export(seen, *_KINDS[place][:2])

    @work(group="export")
    async def _export(self, seen: RunSnapshot, form: str, outtype: str) -> None:
        """Have it exported by a process of its own, and say how far it is."""
        import msgspec  # noqa: PLC0415

        from garage_tui.core.export import export_process as export  # noqa: PLC0415

        notice, told = self.notice, export.ExportEvent()
        wanted = msgspec.convert({"form": form, "outtype": outtype}, export.ExportRequest)
        self._exporting, self._said, self._began, self._left = seen.id, "starting", time.monotonic(), 0
        self._say_export()
        ticking = self.set_interval(_TICK, self._say_export)
        try:
            async with contextlib.aclosing(export.export(seen.path, wanted)) as telling:
                async for told in telling:
                    self._said = one_line(told.text) or self._said
        except GarageError as error:
            notice.wrong(f"{seen.id} was not exported: {one_line(str(error), 400)}")
        except asyncio.CancelledError:
            notice.note(f"The export of {seen.id} was cancelled; nothing is left of it")
            raise
        else:
            size, took = f"{told.bytes / 1e6:,.0f} MB", duration(time.monotonic() - self._began)
            earlier = ", in place of an earlier one" if told.replaced else ""
            notice.done(f"Exported in {took}, {size}{earlier}: {one_line(told.path, 1000)}")
        finally:
            ticking.stop()
            self._exporting = ""

    def cancel_export(self) -> bool:
        """Cancel the export that is going on; False where there is none."""
        if self._exporting:
            self.workers.cancel_group(self, "export")
        return bool(self._exporting)

    def _say_export(self) -> None:
        notice = self.notice
        if not self._exporting:
            return
        if notice.content is not self._line and self._left:
            self._left -= 1  # another action has said something since
            return
        took = duration(time.monotonic() - self._began)
        self._line = Content.assemble(
            ("exporting ", "$muted"), self._exporting, (f": {self._said} · {took} · Esc cancels", "$muted")
        )
        notice.content, self._left = self._line, _PATIENCE


def _choices(seen: RunSnapshot) -> tuple[list[str], str]:
    """Return what a run can be exported as, each with about its size, and what to know before."""
    from garage_tui.core.export import export_process as export  # noqa: PLC0415
    from garage_tui.core.export import llama_cpp as converter  # noqa: PLC0415
    from garage_tui.core.models import base_models as models  # noqa: PLC0415
    from garage_tui.core.runs.catalog import disk_bytes  # noqa: PLC0415
    from garage_tui.core.runs.record import ADAPTER, read_run  # noqa: PLC0415

    if refusal := export.refusal(read_run(seen.path)):
        raise GarageError(refusal)
    name = seen.manifest.base.get("name") if seen.manifest else None
    base = models.find(str(name))
    weights = export.count_weights(base.path) if base.here else 0
    try:
        there, missing = converter.find_converter() is not None, _NO_CONVERTER
    except GarageError as error:
        there, missing = False, one_line(str(error), 300)
    choices = []
    for form, outtype, what in _KINDS:
        size = disk_bytes(Path(seen.path) / ADAPTER) if form == "adapter" else weights * export.OUTTYPES[outtype]
        if there or form != "gguf":
            choices.append(f"{what} · {size / 1e6:,.0f} MB" if size else what)
    return choices, _WORDS if there else f"{_WORDS}\n{missing}"
