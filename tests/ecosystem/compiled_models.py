"""Models of transformers, compiled: a line for each, whether all is the same to the last bit."""

import torch
import transformers as tf

SMALL = {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
BERT = tf.BertConfig(**SMALL, intermediate_size=64)
LLAMA = tf.LlamaConfig(**SMALL, intermediate_size=64, num_key_value_heads=1)
GPT2 = tf.GPT2Config(n_layer=2, n_embd=32, n_head=2, vocab_size=100, bos_token_id=0, eos_token_id=0)
T5 = tf.T5Config(
    d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, vocab_size=100,
    decoder_start_token_id=0,
)  # fmt: skip
VIT = tf.ViTConfig(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
    image_size=32, patch_size=8,
)  # fmt: skip


def letters():
    return torch.randint(0, 100, (2, 8))


def labelled():
    return {"input_ids": letters(), "labels": letters()}


MODELS = {
    "BERT": (tf.BertModel, BERT, lambda: {"input_ids": letters()}),
    "GPT-2": (tf.GPT2LMHeadModel, GPT2, labelled),
    "Llama": (tf.LlamaForCausalLM, LLAMA, labelled),
    "T5": (tf.T5ForConditionalGeneration, T5, labelled),
    "ViT": (tf.ViTModel, VIT, lambda: {"pixel_values": torch.randn(2, 3, 32, 32)}),
}


def outcome(function, model, inputs, seed):
    torch.manual_seed(seed)
    model.zero_grad()
    made = function(**inputs)
    made.sum().backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    return [t.detach().numpy().tobytes() for t in (made, *grads)]


for name, (kind, config, make) in MODELS.items():
    model = kind(config).train()

    def run(model=model, **inputs):
        made = model(**inputs)
        return made.loss if "labels" in inputs else made.last_hidden_state

    compiled = torch.compile(run)
    same = True
    for seed in range(3):
        inputs = make()
        same &= outcome(run, model, inputs, seed) == outcome(compiled, model, inputs, seed)
    print(name, "the same" if same else "differs", len(compiled.programs) > 0)
