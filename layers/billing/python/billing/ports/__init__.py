"""What the services need of the world, as shapes: clock and randomness included.

Everything that a service does to the outside is one call of one of these, synchronous, so that a simulation can stand
between any two of them. Adapters implement them; tests have fakes with readable state. One module for each side of the
world, and nothing re-exported here: the webhook must not load what it does not use. For the same reason what a shape is
made of is named for the type checker alone: a function loads the part of the domain that its own services use.
"""
