"""Panjaya Dubbing Studio, rehearsed: assets, versions, callbacks."""
