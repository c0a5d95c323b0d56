"""How pictures are shown: as pixels, half-blocks or letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garage_tui.core.terminal.capabilities import ImageMode, Terminal
    from garage_tui.screens.gallery.host import GalleryHost

_NAMES = {"half": "half-blocks", "ascii": "letters"}


class PictureMode:
    """Switches between the modes that the terminal can show."""

    def __init__(self, host: GalleryHost) -> None:
        self._host = host

    def update(self, terminal: Terminal) -> None:
        """Take over what the terminal can show, once that is known or has changed."""
        picture = self._host.stage.picture
        if terminal != picture.terminal:
            picture.terminal = terminal
            self._set(terminal.image_mode)

    def next(self) -> None:
        """Show pictures in the next mode that the terminal can show; the notice names it."""
        from garage_tui.core.terminal.capabilities import next_mode  # noqa: PLC0415

        picture, notice = self._host.stage.picture, self._host.notice
        mode = next_mode(picture.mode, picture.terminal.image_modes)
        name = _NAMES.get(mode, mode)
        if mode == picture.mode:
            notice.note(f"this terminal shows pictures in one way only: as {name}")
            return
        self._set(mode)
        notice.note(f'shown as {name}; pictures = "{mode}" in garage.toml keeps it')

    def _set(self, mode: ImageMode) -> None:
        self._host.stage.set_mode(mode)
        self._host.browser.reset_zoom()
        self._host.show()
