"""From embeddings to matches: nearest references, and the lines in time that they form."""
