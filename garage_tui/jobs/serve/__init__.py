"""The model server: base and adapters behind one OpenAI-compatible address."""
