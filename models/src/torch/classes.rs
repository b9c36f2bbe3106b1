//! Python classes of layers that PyTorch doesn't have, by name.

/// The classes, which follow their definitions in `tapeline-layers`.
pub const CLASSES: &[(&str, &str)] = &[
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
    def __init__(self, branches, dim=1):
        super().__init__(branches)
        self.dim = dim

    def forward(self, x):
        return torch.cat([branch(x) for branch in self], self.dim)
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
        "Save",
        r#"class Save(nn.Module):
    def __init__(self, saved, name):
        super().__init__()
        self.saved, self.name = saved, name

    def forward(self, x):
        self.saved[self.name] = x
        return x
"#,
    ),
    (
        "Add",
        r#"class Add(Save):
    def forward(self, x):
        return x + self.saved[self.name]
"#,
    ),
    (
        "ConcatWith",
        r#"class ConcatWith(Save):
    def __init__(self, saved, name, dim=1):
        super().__init__(saved, name)
        self.dim = dim

    def forward(self, x):
        return torch.cat([x, self.saved[self.name]], self.dim)
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
        return super().forward(x).unflatten(-1, (-1, self.pieces)).amax(-1)
"#,
    ),
    (
        "LayerNorm2d",
        r#"class LayerNorm2d(nn.LayerNorm):
    def __init__(self, channels, eps=1e-6, elementwise_affine=True):
        super().__init__(channels, eps, elementwise_affine)

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
"#,
    ),
    (
        "Scale",
        r#"class Scale(nn.Module):
    def __init__(self, features, dim=1):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(features))
        self.dim = dim

    def forward(self, x):
        return (x.movedim(self.dim, -1) * self.gamma).movedim(-1, self.dim)
"#,
    ),
    (
        "TokenBatchNorm",
        r#"class TokenBatchNorm(nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x.mT).mT
"#,
    ),
    (
        "TokenGroupNorm",
        r#"class TokenGroupNorm(nn.GroupNorm):
    def forward(self, x):
        return super().forward(x.mT).mT
"#,
    ),
    (
        "TokenPReLU",
        r#"class TokenPReLU(nn.PReLU):
    def forward(self, x):
        return super().forward(x.mT).mT
"#,
    ),
    (
        "Tokens",
        r#"class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).mT
"#,
    ),
    (
        "Rows",
        r#"class Rows(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2).flatten(2)
"#,
    ),
    (
        "Image",
        r#"class Image(nn.Module):
    def __init__(self, height, width):
        super().__init__()
        self.size = height, width

    def forward(self, x):
        return x.mT.unflatten(2, self.size)
"#,
    ),
    (
        "Patches",
        r#"class Patches(nn.Conv2d):
    def __init__(self, channels, features, size):
        super().__init__(channels, features, size, stride=size)

    def forward(self, x):
        return super().forward(x).flatten(2).mT
"#,
    ),
    (
        "Transpose",
        r#"class Transpose(nn.Module):
    def forward(self, x):
        return x.mT
"#,
    ),
    (
        "Mean",
        r#"class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)
"#,
    ),
    (
        "Select",
        r#"class Select(nn.Module):
    def __init__(self, index):
        super().__init__()
        self.index = index

    def forward(self, x):
        return x[:, self.index]
"#,
    ),
    (
        "ClassToken",
        r#"class ClassToken(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(features))

    def forward(self, x):
        return torch.cat([self.weight.expand(len(x), 1, -1), x], 1)
"#,
    ),
    (
        "Position",
        r#"class Position(nn.Module):
    def __init__(self, tokens, features):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(tokens, features))

    def forward(self, x):
        return x + self.weight
"#,
    ),
    (
        "SinCos",
        r#"class SinCos(nn.Module):
    def __init__(self, tokens, features, width=0):
        super().__init__()
        place = torch.arange(tokens).double()[:, None]
        if width:
            omega = 10000 ** -(torch.arange(features // 4).double() / (features // 4))
            angles = [place % width * omega, place // width * omega]
            values = torch.cat([f(x) for x in angles for f in (torch.sin, torch.cos)], 1)
        else:
            angles = place * 10000 ** -(torch.arange(0, features, 2).double() / features)
            values = torch.stack([angles.sin(), angles.cos()], 2).flatten(1)[:, :features]
        self.register_buffer("values", values.float(), persistent=False)

    def forward(self, x):
        return x + self.values
"#,
    ),
    (
        "Attention",
        r#"class Attention(nn.MultiheadAttention):
    def __init__(self, features, heads, dropout=0.0, causal=False, bias=True):
        super().__init__(features, heads, dropout, bias, batch_first=True)
        self.causal = causal

    def forward(self, x):
        later = torch.ones(2 * x.shape[1:2], dtype=torch.bool, device=x.device).triu(1)
        mask = later if self.causal else None
        return super().forward(x, x, x, need_weights=False, attn_mask=mask)[0]
"#,
    ),
    (
        "GEGLU",
        r#"class GEGLU(nn.GLU):
    def forward(self, x):
        a, b = x.chunk(2, self.dim)
        return a * nn.functional.gelu(b)
"#,
    ),
    (
        "SwiGLU",
        r#"class SwiGLU(nn.GLU):
    def forward(self, x):
        a, b = x.chunk(2, self.dim)
        return a * nn.functional.silu(b)
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
