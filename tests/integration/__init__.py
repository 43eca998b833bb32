"""Parts that run. A package, so that packages below it have their names."""
