"""An example of everything that a package can bring to polyreel."""
