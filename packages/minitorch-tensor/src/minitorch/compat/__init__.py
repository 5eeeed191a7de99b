"""PyTorch programs run here: what MiniTorch lacks, as modules that import and tell the truth."""
