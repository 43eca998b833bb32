"""The only rooms that know an SDK: each turns a port into calls, and an SDK's errors into ours."""
