"""Suggestions of the base model: other wordings of a question."""
