"""Run one part as a child of the supervisor: `python -m local.child <module> [arguments...]`.

A part must not outlive its parent, also when that is killed without a chance to clean up. The parent holds the other
end of this process's standard input: when it is gone the read below ends. A pipe is used because Linux's
PR_SET_PDEATHSIG has no counterpart on macOS.
"""

import os
import runpy
import sys
import threading


def exit_with_parent() -> None:
    """End this process as soon as standard input reaches its end."""
    stdin = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def wait() -> None:
        while os.read(stdin, 1024):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="parent-watch").start()


def main() -> None:
    exit_with_parent()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
