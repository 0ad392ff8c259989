"""One file a format. A reader is a module with `NAME`, `claims_path`, `claims_text` and `read`; see `reading.py`."""
