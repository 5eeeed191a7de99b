"""Modules, functionals and losses."""
