"""Dubformer's Platform API, rehearsed: projects, translations, voices, balance."""
