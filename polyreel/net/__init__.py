"""Talking to strangers: whom we connect to, and what may be shown of an address. Shared by sources and vendors."""
