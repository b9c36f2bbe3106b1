//! Convolution of sequences.

use tapeline_spec::{Arg, SizeOrWord};
use tapeline_tensor::Window;

use super::{
    BIAS, INIT,
    conv2d::{GROUPS, OUT_CHANNELS, PADDING_MODE, convolution, same},
};
use crate::{
    LayerDef,
    layers::{MAX_SIZE, sequences::windows},
};

const KERNEL_SIZE: Arg<usize> = Arg::new("kernel_size", "number of tokens in the kernel")
    .range(1..=MAX_SIZE)
    .tried(1..=3);
const STRIDE: Arg<usize> = Arg::new("stride", "stride of the kernel")
    .keyword_only()
    .inferred(0, "PyTorch's `in_channels`")
    .range(1..=MAX_SIZE)
    .default(1)
    .tried(1..=3);
const PADDING: Arg<SizeOrWord> = Arg::new(
    "padding",
    "padding at both ends; `same` preserves the number of tokens, `valid` adds none",
)
.keyword_only()
.choices(&["same", "valid"])
.range(0..=MAX_SIZE)
.default(SizeOrWord::Size(0))
.tried(0..=2);
const DILATION: Arg<usize> = Arg::new("dilation", "spacing of the kernel elements")
    .keyword_only()
    .range(1..=MAX_SIZE)
    .default(1)
    .tried(1..=2);

/// Cross-correlation with learned kernels along the tokens, `[tokens, in]` to `[tokens', out]`: the
/// features are the channels. `weight` is `[out, in/groups, k]` and `bias` is `[out]`. Both are
/// sampled from U(±1/√(in/groups·k)) by default; `init` selects another initialization of the
/// weights. (`torch.nn.Conv1d` of the transposed sequence)
pub const CONV1D: LayerDef = LayerDef {
    name: "conv1d",
    about: "1D convolution along the tokens of a sequence",
    args: &[
        OUT_CHANNELS.info(),
        KERNEL_SIZE.info(),
        STRIDE.info(),
        PADDING.info(),
        DILATION.info(),
        GROUPS.info(),
        BIAS.info(),
        PADDING_MODE.info(),
        INIT.info(),
    ],
    examples: &[
        ("conv1d(4, 3, padding=1)", &[7, 3]),
        ("conv1d(2, 4, padding=same, bias=false)", &[5, 3]),
        ("conv1d(6, 3, stride=2, dilation=2, groups=2)", &[8, 4]),
        ("conv1d(2, 3, padding=2, padding_mode=circular)", &[4, 3]),
        ("conv1d(3, 1, init=xavier_normal)", &[1, 5]),
    ],
    build: |args, build| {
        let [tokens, channels] = build.sequence()?;
        let mut window = Window::new([1, tokens], [1, args.get(KERNEL_SIZE)]);
        window.stride = [1, args.get(STRIDE)];
        window.dilation = [1, args.get(DILATION)];
        window.padding = match args.get(PADDING) {
            SizeOrWord::Size(padding) => [[0, 0], [padding, padding]],
            SizeOrWord::Word("same") => same(&window)?,
            SizeOrWord::Word(_) => [[0, 0]; 2],
        };
        let size = [1, windows(&window)?];
        convolution(build, args, channels, &window, size, true)
    },
    ..LayerDef::BASE
};
