"""The references a box knows: immutable parts, read in place."""
