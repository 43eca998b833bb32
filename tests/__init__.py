"""All tests. A package, so that packages below it have their names."""
