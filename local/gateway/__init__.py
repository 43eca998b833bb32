"""API Gateway's HTTP API: routes, JWT authorizer, CORS, and events in payload format 2.0."""
