"""The image that goes on every card: its signed manifest, its map of blocks, its bytes out of whatever packed them."""
