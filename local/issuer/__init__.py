"""A JWT issuer with a key set, in the place of a team's identity provider."""
