"""Words to learn from: Python's own help texts."""

import re
from pydoc_data.topics import topics

text = "\n".join(topics[key] for key in sorted(topics))
words = sorted(set(re.findall(r"[a-z]{3,9}", text.lower())))
letters = ["."] + [chr(c) for c in range(ord("a"), ord("z") + 1)]
stoi = {letter: i for i, letter in enumerate(letters)}
itos = dict(enumerate(letters))
