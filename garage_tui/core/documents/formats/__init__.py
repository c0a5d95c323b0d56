"""Readers of single formats: bytes in, blocks out. Only the reader process imports them."""
