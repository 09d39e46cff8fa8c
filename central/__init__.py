"""What the royalty platform runs: catalogues built, events received, recognition measured and trained."""
