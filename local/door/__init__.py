"""A way in for containers on Linux, where `host.docker.internal` is the address of Docker's bridge.

Every service listens on 127.0.0.1 alone, which a container can't reach. So what comes to the bridge's address is handed
on, byte for byte, and only if it was asked for: other containers of this machine may come in as well. Docker Desktop
does the same by itself (https://docs.docker.com/desktop/features/networking/networking-how-tos/).
"""

from local.door.relay import relay

__all__ = ["relay"]
