"""The pages in a real Chromium. A package, so that its fixtures can end with it."""
