"""The account: events as values and bytes, their signatures, and the chained log."""
