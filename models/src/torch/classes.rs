//! Python classes of layers that PyTorch doesn't have, by name.

/// The classes, which follow their definitions in `tapeline-layers`.
pub const CLASSES: [(&str, &str); 14] = [
    (
        "Residual",
        r#"class Residual(nn.Sequential):
    def __init__(self, *body, shortcut=None):
        super().__init__(*body)
        self.shortcut = nn.Identity() if shortcut is None else shortcut

    def forward(self, x):
        *body, shortcut = self
        y = x
        for layer in body:
            y = layer(y)
        return shortcut(x) + y
"#,
    ),
    (
        "Concat",
        r#"class Concat(nn.ModuleList):
    def forward(self, x):
        return torch.cat([branch(x) for branch in self], 1)
"#,
    ),
    (
        "Sum",
        r#"class Sum(nn.ModuleList):
    def forward(self, x):
        return sum(branch(x) for branch in self)
"#,
    ),
    (
        "SqueezeExcite",
        r#"class SqueezeExcite(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x):
        return x * self.fc2(self.fc1(x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]
"#,
    ),
    (
        "Highway",
        r#"class Highway(nn.Module):
    def __init__(self, features, activation="relu"):
        super().__init__()
        self.linear = nn.Linear(features, features)
        self.gate = nn.Linear(features, features)
        self.activation = getattr(torch, activation)

    def forward(self, x):
        gate = self.gate(x).sigmoid()
        return gate * self.activation(self.linear(x)) + (1 - gate) * x
"#,
    ),
    (
        "Maxout",
        r#"class Maxout(nn.Linear):
    def __init__(self, in_features, out_features, pieces=2, bias=True):
        super().__init__(in_features, out_features * pieces, bias)
        self.pieces = pieces

    def forward(self, x):
        return super().forward(x).unflatten(1, (-1, self.pieces)).amax(2)
"#,
    ),
    (
        "DropPath",
        r#"class DropPath(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        keep = torch.ones([len(x)] + [1] * (x.dim() - 1), device=x.device, dtype=x.dtype)
        return x * nn.functional.dropout(keep, self.p, self.training)
"#,
    ),
    (
        "GaussianNoise",
        r#"class GaussianNoise(nn.Module):
    def __init__(self, std=0.1):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x
"#,
    ),
    (
        "AvgPool1d",
        r#"class AvgPool1d(nn.AvgPool1d):
    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)
"#,
    ),
    (
        "Conv1d",
        r#"class Conv1d(nn.Conv1d):
    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)
"#,
    ),
    (
        "MaxPool1d",
        r#"class MaxPool1d(nn.MaxPool1d):
    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)
"#,
    ),
    (
        "GRU",
        r#"class GRU(nn.GRU):
    def forward(self, x):
        return super().forward(x)[0]
"#,
    ),
    (
        "LSTM",
        r#"class LSTM(nn.LSTM):
    def forward(self, x):
        return super().forward(x)[0]
"#,
    ),
    (
        "RNN",
        r#"class RNN(nn.RNN):
    def forward(self, x):
        return super().forward(x)[0]
"#,
    ),
];
