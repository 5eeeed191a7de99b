"""``python -m minitorch.distributed.launch``: what there was before torchrun.

Like ``run``, and the script gets ``--local-rank`` unless ``--use-env`` is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from minitorch.extend import absent_names

from .run import parse_args, run

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> None:
    """Parses the arguments and runs the script."""
    import sys

    given = list(sys.argv[1:] if args is None else args)
    flags = [each for each in given if each in ("--use-env", "--use_env")]
    parsed = parse_args([each for each in given if each not in flags])
    if not flags:
        raise SystemExit(
            "launch without --use-env passes --local-rank to the script, which MiniTorch does not: "
            "read LOCAL_RANK from the environment and give --use-env, or use "
            "minitorch.distributed.run"
        )
    run(parsed)


__getattr__, __dir__ = absent_names(__name__)


if __name__ == "__main__":
    main()
