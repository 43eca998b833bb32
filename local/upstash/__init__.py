"""Upstash's REST front over fakeredis, or over a real Redis server."""
