"""Catalogues built from music: found, named, fingerprinted, written as parts that a box opens in place."""
