"""The checks of `plumb doctor`, a module for each part of an installation."""
