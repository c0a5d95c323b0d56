"""OpenAI's API over HTTP: requests read and checked, answers and errors in its form."""
