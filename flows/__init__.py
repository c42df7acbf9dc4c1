"""When things run, and wiring: the command line, the worker loop and the nightly flow over plain steps."""

import os
import sys

# Asked for before polars is loaded. Its allocator gives back what a slice of a file took after half a second, and large
# columns at once, and each page is then faulted in anew: 240 000 faults for a million rows, and 80 000 so.
os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:10000,oversize_threshold:0")
# A thread that comes back from polars waits so long for one that computes in Python; 5 ms keep the second core idle.
sys.setswitchinterval(0.0005)
