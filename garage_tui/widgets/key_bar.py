"""The key bar, the last line of the app: the keys that are available now, in one widget."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from garage_tui.widgets.typed_keys import is_text_for

MAX_KEYS = 7
"""Most keys in the line; the command palette has all actions."""


class KeyBar(Widget):
    """The line of the first `MAX_KEYS` visible bindings: the screen's on the left, the app's on the right."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; padding: 0 1; }
    """
    ALLOW_SELECT = False

    keys: reactive[tuple[tuple[str, str, str, bool], ...]] = reactive(())
    """Keys as shown: (display, description, key, True for a key of the app)."""

    def on_mount(self) -> None:
        self.auto_links = False  # a click works, but keys keep their own colours
        self.screen.bindings_updated_signal.subscribe(self, self.update_keys)
        self.update_keys(self.screen)

    def update_keys(self, screen: Screen[object]) -> None:
        """Update the keys from the active bindings of a screen."""
        found: dict[str, tuple[str, str, str, bool]] = {}
        for node, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and enabled:
                display = self.app.get_key_display(binding)
                if node is not screen.focused and is_text_for(screen.focused, display):
                    continue  # another key of the same action may work, but not the one that is shown
                if binding.action in found and len(found[binding.action][0]) <= len(display):
                    continue  # of two keys for one action, the shorter
                found[binding.action] = (display, binding.description, binding.key, node is self.app)
        # The app's keys always fit. Quit is the last one, where people look for it.
        apps = sorted((key for key in found.values() if key[3]), key=lambda key: key[1] == "Quit")
        # A dialog's help key comes last: it is the first to go if the line is too short.
        ours = sorted((key for key in found.values() if not key[3]), key=lambda key: key[2] == "f1")
        self.keys = (*ours[: MAX_KEYS - len(apps)], *apps)

    def render(self) -> Content:
        ours = [self._key(*key) for key in self.keys if not key[3]]
        apps = [self._key(*key) for key in self.keys if key[3]]
        gap = Content("  ")
        right = gap.join(apps)
        while ours and gap.join(ours).cell_length + 2 + right.cell_length > self.content_size.width:
            ours.pop()  # the app's keys (how to leave, where all actions are) stay in the narrowest terminal too
        left = gap.join(ours)
        space = self.content_size.width - left.cell_length - right.cell_length
        return left + Content(" " * max(2, space)) + right

    @staticmethod
    def _key(display: str, what: str, key: str, _: bool) -> Content:
        return Content.assemble((display, "bold $primary"), (f" {what}", "$muted")).stylize(
            f"@click=app.simulate_key('{key}')"
        )
