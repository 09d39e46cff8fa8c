"""The repository that boxes take catalogues, models and systems from: static files, signed (The Update Framework)."""
