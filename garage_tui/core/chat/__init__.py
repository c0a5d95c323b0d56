"""The chat client, its sampling parameters, transcripts and input history."""
