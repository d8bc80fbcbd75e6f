"""Panjaya Dubbing Studio: assets, dubbing versions, callbacks (vendor page: panjaya.md)."""
