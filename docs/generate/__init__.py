"""Writers of the generated pages of `docs/reference/`: `make docs`."""
