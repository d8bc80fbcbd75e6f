"""How jobs come in: job files, catalogues, the inbox."""
