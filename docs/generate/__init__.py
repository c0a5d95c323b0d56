"""Writers of the generated pages of `docs/reference/` and of the files in `share/`: `make docs`."""
