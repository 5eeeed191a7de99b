"""Models of PyTorch's libraries become programs that give the same, to the last bit."""

from pathlib import Path

from test_programs import printed


def test_models_of_transformers(tmp_path):
    made = printed(Path(__file__).parent / "compiled_models.py", tmp_path, "-m", "minitorch")
    names = ["BERT", "GPT-2", "Llama", "T5", "ViT"]
    assert made.splitlines() == [f"{name} the same True" for name in names]
