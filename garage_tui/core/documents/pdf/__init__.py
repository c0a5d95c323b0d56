"""PDF files: characters with their places, lines, columns, paragraphs, headings."""
