"""Names, word forms, synonyms and question patterns of English, without a model."""
