"""The model server: its state on disk, starting and stopping it, external servers, the installation of vLLM."""
