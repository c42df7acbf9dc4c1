"""The ground: words, table shapes, reference rows, Delta tables, settings, errors; imports nothing of the project."""
