"""Readers of the recorder that show: a run as a page, mistakes as warnings, gradients as a table."""
