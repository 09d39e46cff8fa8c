"""Catalogues, models and systems for the box, from a repository of signed files."""
