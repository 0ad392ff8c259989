"""Keys of ours: who may ask a gateway, for what, and how much."""
