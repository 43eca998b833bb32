"""Plumbline's billing package: what every deployed function shares."""
