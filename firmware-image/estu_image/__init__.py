"""Builds the image of a box's card: `python -m estu_image --help`. See `firmware-image/README.md`."""
