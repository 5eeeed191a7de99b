"""The workloads that other libraries can express, written the way each of them is used."""

LARGEST = {"attention": 512}  # beyond this size, or a million, only PyTorch keeps up


def within_reach(name: str, size: int) -> bool:
    return size <= LARGEST.get(name, 1_000_000)
