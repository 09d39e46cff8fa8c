"""Unknown music of earlier evenings, matched against a larger catalogue."""
