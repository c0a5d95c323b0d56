"""Pictures on disk: safe reading, contact sheets, animations, albums, montages."""
