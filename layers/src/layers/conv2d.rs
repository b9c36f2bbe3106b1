//! Convolution.

use tapeline_spec::{Arg, SizeOrWord};
use tapeline_tensor::{Conv2d, ParamId, Then, Var, Window, conv2d_then};

use super::MAX_SIZE;
use crate::{Build, Built, Ctx, Element, Epilogue, Init, Layer, LayerDef, Refusal};

const OUT_CHANNELS: Arg<usize> = Arg::new("out_channels", "number of filters")
    .range(1..=MAX_SIZE)
    .tried(1..=4);
const KERNEL_SIZE: Arg<[usize; 2]> = Arg::new("kernel_size", "height and width of a filter")
    .range(1..=MAX_SIZE)
    .tried(1..=3);
const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "steps between places")
    .range(1..=MAX_SIZE)
    .default([1, 1])
    .tried(1..=3);
const PADDING: Arg<SizeOrWord> = Arg::new(
    "padding",
    "zeros around the image; `same` keeps its size, `valid` adds none",
)
.choices(&["same", "valid"])
.range(0..=MAX_SIZE)
.default(SizeOrWord::Size(0))
.tried(0..=2);
const DILATION: Arg<[usize; 2]> = Arg::new("dilation", "steps between the cells of a filter")
    .range(1..=MAX_SIZE)
    .default([1, 1])
    .tried(1..=2);
const GROUPS: Arg<usize> = Arg::new(
    "groups",
    "parts into which channels are divided, each convolved alone",
)
.range(1..=MAX_SIZE)
.default(1)
.tried(1..=2);
const BIAS: Arg<bool> = Arg::new("bias", "whether a bias is added to each channel").default(true);

/// Cross-correlation with a bank of filters: `[in, h, w]` gives `[out, h', w']`. `weight` is `[out, in/groups, kh, kw]`, `bias` is
/// `[out]`, both drawn from U(±1/√(in/groups·kh·kw)). (`torch.nn.Conv2d`)
pub const CONV2D: LayerDef = LayerDef {
    name: "conv2d",
    aliases: &["conv"],
    about: "convolution: filters that slide over an image",
    args: &[
        OUT_CHANNELS.info(),
        KERNEL_SIZE.info(),
        STRIDE.info(),
        PADDING.info(),
        DILATION.info(),
        GROUPS.info(),
        BIAS.info(),
    ],
    examples: &[
        ("conv2d(8, 5, padding=2)", &[1, 7, 7]),
        ("conv2d(4, (3, 2), stride=(2, 1))", &[2, 6, 5]),
        ("conv2d(2, 4, padding=same, bias=false)", &[3, 5, 4]),
        ("conv2d(6, 3, dilation=2, groups=2)", &[4, 7, 6]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let (out_channels, groups) = (args.get(OUT_CHANNELS), args.get(GROUPS));
        for (what, count) in [("input", channels), ("output", out_channels)] {
            if count % groups != 0 {
                return Err(Refusal::from(format!(
                    "{groups} groups don't divide {count} {what} channels"
                ))
                .arg("groups"));
            }
        }
        let mut window = Window::new([height, width], args.get(KERNEL_SIZE));
        window.stride = args.get(STRIDE);
        window.dilation = args.get(DILATION);
        window.padding = match args.get(PADDING) {
            SizeOrWord::Size(n) => [[n, n]; 2],
            SizeOrWord::Word("same") => same(&window)?,
            SizeOrWord::Word(_) => [[0, 0]; 2],
        };
        let [h, w] = window
            .output()
            .map_err(|reason| Refusal::from(reason).arg("kernel_size"))?;

        let [kh, kw] = window.kernel;
        let cells = channels / groups * kh * kw;
        build.cost((out_channels * cells) as u64 * (h * w) as u64);
        let init = Init::fan_in(cells);
        let weight = build
            .weight("weight", &[out_channels, channels / groups, kh, kw], init)?
            .id();
        let bias = bias(args.get(BIAS), build, out_channels, init)?;
        let Window {
            stride,
            padding,
            dilation,
            ..
        } = window;
        let options = Conv2d {
            stride,
            padding,
            dilation,
            groups,
        };
        let convolution = Convolution {
            weight,
            bias,
            options,
            then: Then::default(),
        };
        Ok(convolution.built(vec![out_channels, h, w]))
    },
    ..LayerDef::BASE
};

/// The padding that keeps an image's size; an odd one goes below and to the right, as PyTorch's.
fn same(window: &Window) -> Result<[[usize; 2]; 2], Refusal> {
    if window.stride != [1, 1] {
        return Err(Refusal::from("`padding=same` needs a stride of 1").arg("padding"));
    }
    Ok(window.extent().map(|extent| [(extent - 1) / 2, extent / 2]))
}

fn bias(
    wanted: bool,
    build: &mut Build,
    channels: usize,
    init: Init,
) -> Result<Option<ParamId>, Refusal> {
    if !wanted {
        return Ok(None);
    }
    Ok(Some(build.weight("bias", &[channels], init)?.id()))
}

#[derive(Clone, Copy)]
struct Convolution {
    weight: ParamId,
    bias: Option<ParamId>,
    options: Conv2d,
    then: Then,
}

impl Convolution {
    /// Joined with `relu`, and with a pooling behind that or behind itself.
    fn built(self, output: Vec<usize>) -> Built {
        let shape = output.clone();
        Built::new(self, output).join(move |epilogue| {
            let mut joined = self;
            match epilogue {
                _ if self.then.max_pool.is_some() => return None,
                Epilogue::Relu => joined.then.relu = true,
                Epilogue::MaxPool2d(options) => joined.then.max_pool = Some(options),
            }
            Some(joined.built(shape.clone()))
        })
    }
}

impl<T: Element> Layer<T> for Convolution {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let bias = self.bias.map(|bias| cx.param(bias));
        conv2d_then(x, cx.param(self.weight), bias, self.options, self.then)
    }
}
