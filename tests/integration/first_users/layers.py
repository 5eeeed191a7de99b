import minitorch
from minitorch.nn import Linear, Tanh, Sequential

model = Sequential([
    Linear(in_features=3, out_features=5),
    Tanh(),
    Linear(in_features=5, out_features=1)
])
