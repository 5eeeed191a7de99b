"""Readers of the recorder: a run as a page, mistakes as warnings, gradients as a table."""
