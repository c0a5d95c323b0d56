"""Other wordings of questions: suggestions, paraphrases, questions about similar names."""
