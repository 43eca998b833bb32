"""Where adapters are built, and the only place: one module for each function, so that it imports only what it uses.

What a start loads stays until the process ends. Python would search it for garbage after every 2,000 new objects, some
fifty times, and find next to none: 8 % of the processor time until the first answer. So it searches only once the start
is over. What then gathers until a search, in cycles that nothing else frees, comes to some megabytes
(https://docs.python.org/3/library/gc.html#gc.set_threshold).
"""

import gc

gc.set_threshold(200_000)
