"""The engine llama.cpp: worker processes behind the server."""
