"""Packaging: streaming packages (HLS, DASH) of all languages together."""
