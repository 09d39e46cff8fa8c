"""Boots the image in an emulator, from sound to receipt, and cuts its power: `make boot-test`. See `firmware-image/README.md`."""
