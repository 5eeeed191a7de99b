"""Readers of the recorder that show: what ran, with its values and gradients, as a page."""
