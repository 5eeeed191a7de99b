import minitorch
from minitorch import Tensor
from minitorch.nn import Sequential,Linear,Tanh,Embedding,Flatten,Loss
from minitorch.nn.optim import SGD

X = Tensor.randn((10,10))
Y = Tensor.randint(0,5,(10))
model = Sequential([Linear((10,100)),
                    Tanh(),
                    Linear((100,5))
                    ])
learning_rate = 0.1
optimizer = SGD(model.parameters(), lr=learning_rate)
num_epochs = 1000
batch_size = 64
errors = []

for epoch in range(num_epochs):
    indexes = Tensor.randint(0, len(X), (batch_size,))
    x_mini = X[indexes]
    y_mini = Y[indexes]
    out = model(x_mini)
    mse = Loss.mean_squared_error_loss(out, y_mini)
    errors.append(mse.data.item())
    if epoch % 100 == 0:
        print(f'Epoch {epoch}: MSE Loss = {mse.data}')
    mse.backward()
    optimizer.step()
    optimizer.zero_grad()
