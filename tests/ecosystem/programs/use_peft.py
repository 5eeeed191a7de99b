"""LoRA on a small GPT-2: training, merging."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel

torch.manual_seed(0)
config = GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)
lora = LoraConfig(r=4, lora_alpha=8, target_modules=["c_attn"], fan_in_fan_out=True)
model = get_peft_model(GPT2LMHeadModel(config), lora)
print(model.get_nb_trainable_parameters())
optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
tokens = torch.arange(24).reshape(2, 12) * 5 % 64
for _ in range(3):
    loss = model(input_ids=tokens, labels=tokens).loss
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
model.eval()
merged = model.merge_and_unload()
print(merged(tokens).logits.std().item())
