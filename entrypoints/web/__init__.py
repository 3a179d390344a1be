"""The pages: rendered on the server, with small scripts that need no build."""
