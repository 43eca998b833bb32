"""Events and where they go: endpoints, destinations, thin events and older shapes."""
