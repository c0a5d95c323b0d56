"""The provider of the command palette: every action that is possible now, one per line, with its key at the right."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen
from textual.types import IgnoreReturnCallbackType

from garage_tui.widgets.pane import Pane

_WIDEST, _MARGIN = 76, 10
"""Cells of the palette (palette.tcss), and those of its frame, padding and scroll bar."""


class PaletteAction(NamedTuple):
    """One line of the palette."""

    text: str
    key: str
    run: IgnoreReturnCallbackType


def list_actions(screen: Screen[object]) -> list[PaletteAction]:
    """Return the actions of a screen that are possible now, each once.

    The pane's come first, then those of its parts, then the app's. Within each group they have the order in which the
    bindings are written, which is that of the key bar and the help.
    """
    app = screen.app
    found: dict[str, tuple[object, Binding]] = {}
    for node, binding, enabled, _ in screen.active_bindings.values():
        if not enabled or not binding.tooltip or binding.system:
            continue
        action = f"app.{binding.action}" if node is app else binding.action  # as other nodes name one of the app's
        if action not in found or len(found[action][1].key) > len(binding.key):
            found[action] = (node, binding)  # of two keys for one action, the shorter
    by_likelihood = sorted(found.values(), key=lambda one: 0 if isinstance(one[0], Pane) else 2 if one[0] is app else 1)
    return [
        PaletteAction(
            binding.tooltip,
            app.get_key_display(binding),
            partial(app.run_action, binding.action, node),  # type: ignore[arg-type]
        )
        for node, binding in by_likelihood
    ]


class ActionProvider(Provider):
    """The palette's lines: what the keys of the screen in front do, and what the app itself offers."""

    def _actions(self) -> Iterator[PaletteAction]:
        yield from list_actions(self.screen)
        yield PaletteAction("Change the theme: its colours", "", self.app.action_change_theme)

    async def discover(self) -> Hits:
        for action in self._actions():
            yield DiscoveryHit(self._line(Content(action.text), action.key), action.run, text=action.text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._actions():
            if (score := matcher.match(action.text)) > 0:
                # What was typed, as it was typed, comes before letters that are only somewhere in the text.
                score += query.casefold().strip() in action.text.casefold()
                line = self._line(matcher.highlight(action.text), action.key)
                yield Hit(score, line, action.run, text=action.text)

    def _line(self, text: Content, key: str) -> Content:
        room = min(_WIDEST, int(self.app.size.width * 0.96)) - _MARGIN
        text = text.truncate(room - len(key) - 2, ellipsis=True)
        return Content.assemble(text, " " * max(2, room - text.cell_length - len(key)), (key, "bold $primary"))
