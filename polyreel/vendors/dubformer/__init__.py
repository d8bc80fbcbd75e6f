"""Dubformer's Platform API: dubbing projects, voices, balance (vendor page: dubformer.md)."""
