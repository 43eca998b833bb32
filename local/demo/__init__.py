"""`make demo`: two purchases through the whole system, over HTTP only, each trace checked."""

from local.demo.main import run_demo

__all__ = ["run_demo"]
