"""Run folders: records, state, requests, events, checkpoints."""
