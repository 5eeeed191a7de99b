import minitorch as torch

x = torch.Tensor([1.0, 2.0, 3.0])
y = x * 2
z = y.sum()
z.backward()
print("Gradients:", x.grad)      # 2., 2., 2.
