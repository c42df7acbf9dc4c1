"""Figures: a frame in, a figure out; no query, no component, no clock."""
