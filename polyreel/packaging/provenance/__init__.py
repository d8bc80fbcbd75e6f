"""Marks of origin: signed C2PA manifests in delivered files, who signs them, and what is found in a file."""
