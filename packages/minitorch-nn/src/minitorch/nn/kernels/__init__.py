"""Kernels: ndarrays in, ndarrays out, no autograd."""
