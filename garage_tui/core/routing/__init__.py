"""Which conversations a tuned model answers: those in which a subject of its facts is named."""
