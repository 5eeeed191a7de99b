"""Why a part of PyTorch is not here, and what to use instead."""

from __future__ import annotations

__all__ = ["reason"]

COMPILERS = "there is no graph of torch.fx here: minitorch.compile records NumPy programs"
SCRIPT = "MiniTorch has no TorchScript: Python runs the program; save and load state dicts"
GPU = "it needs a GPU, and MiniTorch computes on the CPU: ask is_available() (False) before"
SWITCH = "the libraries behind PyTorch are not in use here"
QUANTIZED = "MiniTorch has no quantized tensors: compute in floats"
SPARSE = "MiniTorch has no sparse or nested tensors: use dense ones and masks"
PROCESSES = (
    "MiniTorch's processes share the work by distributed's collectives and by "
    "nn.parallel.DistributedDataParallel, on mpi4py: ask distributed.is_available before"
)
PIPES = "DataPipes were left behind by PyTorch too: use Dataset, IterableDataset and DataLoader"
CPP = "MiniTorch is Python on NumPy: there is no C++ to build, to look into or to speed up"

ROOMS = {  # the longest name that a module's begins with
    "": "it is not part of MiniTorch",
    "accelerator": GPU, "cuda": GPU, "mps": GPU, "mtia": GPU, "xpu": GPU,
    "backends": SWITCH, "backends.cuda": GPU, "backends.cudnn": GPU, "backends.mps": GPU,
    "cpu": "there is one CPU here and no streams", "cpu.amp": SWITCH,
    "distributed": PROCESSES, "futures": PROCESSES, "monitor": PROCESSES, "numa": PROCESSES,
    "nn.parallel": PROCESSES,
    "_dynamo": COMPILERS, "_functorch": COMPILERS, "_guards": COMPILERS, "_inductor": COMPILERS,
    "_higher_order_ops": COMPILERS, "_library": COMPILERS, "_logging": COMPILERS,
    "_subclasses": COMPILERS, "compiler": COMPILERS, "export": COMPILERS, "fx": COMPILERS,
    "nativert": COMPILERS, "onnx": COMPILERS, "package": SCRIPT, "jit": SCRIPT,
    "ao": QUANTIZED, "quantization": QUANTIZED, "nn.intrinsic": QUANTIZED, "nn.qat": QUANTIZED,
    "nn.quantizable": QUANTIZED, "nn.quantized": QUANTIZED, "nested": SPARSE,
    "nn.backends": SWITCH, "nn.cpp": CPP, "utils.data.datapipes": PIPES, "utils.data.graph": PIPES,
    "utils.data.graph_settings": PIPES, "utils.backend_registration": GPU, "utils.hipify": GPU,
    "utils.bundled_inputs": SCRIPT, "utils.mobile_optimizer": SCRIPT, "utils.jit": SCRIPT,
    "utils.model_dump": SCRIPT, "utils.throughput_benchmark": SCRIPT, "utils._triton": GPU,
    "utils.benchmark.utils.valgrind_wrapper": CPP, "utils.benchmark.utils.cpp_jit": CPP,
    "utils.cpp_backtrace": CPP, "utils.cpp_extension": CPP, "utils.file_baton": CPP,
    "utils.mkldnn": SWITCH, "version": "it is what this build has",
    "multiprocessing": "Python's multiprocessing hands arrays over: use its own names",
    "masked": "the parts of PyTorch's masked functions: use minitorch.masked",
}  # fmt: skip


def reason(module: str) -> str:
    """Why a module of PyTorch, ``cuda.amp``, is not here."""
    while module not in ROOMS:
        module = module.rpartition(".")[0]
    return ROOMS[module]
