"""The engine vLLM: a process behind the server."""
