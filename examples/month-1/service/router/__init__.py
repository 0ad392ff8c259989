"""A small router in front of several model servers. Start reading in `answering.py`."""
