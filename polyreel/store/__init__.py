"""Everything kept: this machine's own store, one shared by many machines, results, half-made files."""
