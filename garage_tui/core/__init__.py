"""Plain Python: files, processes and the network. No Textual and no torch here."""
