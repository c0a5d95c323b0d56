"""The model server as seen from outside."""
