"""Supertonic's voices, from a folder that the user has fetched and whose terms they have accepted."""
