"""Documents: files and web pages read into passages."""
