"""Facts files: rows, saving, merging, coverage, near duplicates, import and export, retrieval."""
