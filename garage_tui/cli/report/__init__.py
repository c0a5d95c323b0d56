"""`garage report`: report cards, of runs of both kinds and of servers."""
