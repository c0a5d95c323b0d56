"""The last line of the app: the keys that do something now. One widget, where Textual's Footer makes one a key."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

MOST = 7
"""Keys in the line; every other action is in the palette."""


class KeyBar(Widget):
    """The first seven visible bindings: those of the screen on the left, those of the app on the right."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; padding: 0 1; }
    """
    ALLOW_SELECT = False

    keys: reactive[tuple[tuple[str, str, str, bool], ...]] = reactive(())
    """(key, what it does, action, True for a key of the app)."""

    def on_mount(self) -> None:
        self.auto_links = False  # a click works, but keys keep their own colours
        self.screen.bindings_updated_signal.subscribe(self, self.update_keys)
        self.update_keys(self.screen)

    def update_keys(self, screen: Screen[object]) -> None:
        """Look again at which keys there are."""
        found: dict[str, tuple[str, str, str, bool]] = {}
        for node, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and enabled:
                display = self.app.get_key_display(binding)
                if binding.action in found and len(found[binding.action][0]) <= len(display):
                    continue  # of two keys for one thing, the shorter
                found[binding.action] = (display, binding.description, binding.key, node is self.app)
        # The app's keys always fit, Quit last, where people look for it.
        apps = sorted((key for key in found.values() if key[3]), key=lambda key: key[1] == "Quit")
        # Of a dialog's, its help is the last: the first to go where there is no room.
        ours = sorted((key for key in found.values() if not key[3]), key=lambda key: key[2] == "f1")
        self.keys = (*ours[: MOST - len(apps)], *apps)

    def render(self) -> Content:
        ours = [self._key(*key) for key in self.keys if not key[3]]
        apps = [self._key(*key) for key in self.keys if key[3]]
        gap = Content("  ")
        right = gap.join(apps)
        while ours and gap.join(ours).cell_length + 2 + right.cell_length > self.content_size.width:
            ours.pop()  # how to leave, and where all the others are, is said in the narrowest pane too
        left = gap.join(ours)
        space = self.content_size.width - left.cell_length - right.cell_length
        return left + Content(" " * max(2, space)) + right

    @staticmethod
    def _key(display: str, what: str, key: str, _: bool) -> Content:
        return Content.assemble((display, "bold $primary"), (f" {what}", "$muted")).stylize(
            f"@click=app.simulate_key('{key}')"
        )
