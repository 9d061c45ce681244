"""Mathematics on arrays; nothing here knows of spaces, trials or studies."""
