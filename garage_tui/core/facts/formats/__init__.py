"""Reading and writing what other programs hold facts in; it knows nothing of lines and files of this app."""
