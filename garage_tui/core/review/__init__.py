"""What the owner does with the facts proposed from documents: marks in the text, decisions, undo."""
