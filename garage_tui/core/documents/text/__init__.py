"""Extracted text: blocks, normalising, encodings, passages, lines that repeat on each page."""
