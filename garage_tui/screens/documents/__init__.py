"""The Documents screen: what was read, the pages with a mark at every sentence, and the facts proposed from them."""
