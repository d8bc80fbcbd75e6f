"""The tests. A package only so that they can share modules: ``tests.material``."""
