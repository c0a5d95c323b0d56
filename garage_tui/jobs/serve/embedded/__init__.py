"""The engine that runs in the server's own process: transformers with PEFT."""
