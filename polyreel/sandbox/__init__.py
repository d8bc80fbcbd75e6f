"""Five vendors on loopback, to rehearse without an account and without money. See docs/sandbox.md."""
