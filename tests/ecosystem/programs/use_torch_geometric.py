"""GCN, GAT, GraphSAGE, GIN and others on a graph; pooling, batches of graphs."""

import torch
from torch import nn
from torch_geometric import nn as gnn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.utils import softmax, to_dense_adj, to_undirected

torch.manual_seed(0)
edges = to_undirected(torch.tensor([[0, 1, 2, 3, 4, 0], [1, 2, 3, 4, 5, 3]]))
x, batch = torch.randn(6, 8, requires_grad=True), torch.tensor([0, 0, 0, 1, 1, 1])
for layer in (
    gnn.GCNConv(8, 5),
    gnn.GATConv(8, 5, heads=2),
    gnn.SAGEConv(8, 5, aggr="max"),
    gnn.GINConv(nn.Linear(8, 5)),
    gnn.ChebConv(8, 5, 3),
    gnn.TransformerConv(8, 5),
):
    out = layer(x, edges)
    (gradient,) = torch.autograd.grad(out.square().sum(), x)
    print(type(layer).__name__, out.sum().item(), gradient.norm().item())
print(gnn.global_max_pool(x, batch).sum().item(), softmax(x[:, 0], batch).tolist())
print(to_dense_adj(edges).sum().item(), gnn.TopKPooling(8)(x, edges, batch=batch)[1].tolist())
ring = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
graphs = [Data(x=torch.randn(4, 8), edge_index=ring, y=torch.tensor([i % 2])) for i in range(8)]
convolution, classifier = gnn.GCNConv(8, 16), nn.Linear(16, 2)
optimizer = torch.optim.Adam([*convolution.parameters(), *classifier.parameters()], 1e-2)
for graph in DataLoader(graphs, 4, shuffle=True):
    hidden = convolution(graph.x, graph.edge_index).relu()
    logits = classifier(gnn.global_mean_pool(hidden, graph.batch))
    loss = nn.functional.cross_entropy(logits, graph.y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())
