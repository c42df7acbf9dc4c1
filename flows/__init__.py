"""When things run, and wiring: the command line, the worker loop and the nightly flow over plain steps."""
