"""An S3-compatible object store: put, fetch, look at, list, delete, and signed links."""
