//! Convolution.

use tapeline_spec::{Arg, Args, SizesOrWord};
use tapeline_tensor::{Conv2d, ParamId, Then, Var, Window, conv2d_then, gather2d, tensor};

use super::{BIAS, INIT, bias, init};
use crate::{
    Build, Built, ByChannel, Ctx, Element, Epilogue, Graph, GraphValue, IndexTable, Layer,
    LayerDef, NoNodes, Refusal,
    layers::{MAX_SIZE, sequences, shapes::table},
    site::MAX_OUTPUTS,
    sizes::product,
};

pub(super) const OUT_CHANNELS: Arg<usize> = Arg::new("out_channels", "number of output channels")
    .range(1..=MAX_SIZE)
    .tried(1..=4);
const KERNEL_SIZE: Arg<[usize; 2]> = Arg::new("kernel_size", "height and width of the kernel")
    .range(1..=MAX_SIZE)
    .tried(1..=3);
const STRIDE: Arg<[usize; 2]> = Arg::new("stride", "stride of the kernel")
    .keyword_only()
    .inferred(0, "PyTorch's `in_channels`")
    .range(1..=MAX_SIZE)
    .default([1, 1])
    .tried(1..=3);
const PADDING: Arg<SizesOrWord> = Arg::new(
    "padding",
    "padding on each side; `same` preserves the size, `valid` adds none",
)
.keyword_only()
.choices(&["same", "valid"])
.range(0..=MAX_SIZE)
.default(SizesOrWord::Sizes([0, 0]))
.tried(0..=2);
const DILATION: Arg<[usize; 2]> = Arg::new("dilation", "spacing of the kernel elements")
    .keyword_only()
    .range(1..=MAX_SIZE)
    .default([1, 1])
    .tried(1..=2);
pub(super) const GROUPS: Arg<usize> = Arg::new(
    "groups",
    "number of groups of channels that are convolved separately",
)
.keyword_only()
.range(1..=MAX_SIZE)
.default(1)
.tried(1..=2);
pub(super) const PADDING_MODE: Arg<&str> = Arg::new("padding_mode", "values used for the padding")
    .keyword_only()
    .choices(&["zeros", "reflect", "replicate", "circular"])
    .default("zeros");

/// Cross-correlation with learned kernels, `[in, h, w]` to `[out, h', w']`. `weight` is `[out,
/// in/groups, kh, kw]` and `bias` is `[out]`. Both are sampled from U(±1/√(in/groups·kh·kw)) by
/// default; `init` selects another initialization of the weights. (`torch.nn.Conv2d`; LeCun et al.
/// 1989)
pub const CONV2D: LayerDef = LayerDef {
    name: "conv2d",
    aliases: &["conv"],
    about: "2D convolution",
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
        ("conv2d(8, 5, padding=2)", &[1, 7, 7]),
        ("conv2d(4, (3, 2), stride=(2, 1))", &[2, 6, 5]),
        ("conv2d(2, (1, 3), padding=(0, 1))", &[2, 3, 4]),
        ("conv2d(2, 4, padding=same, bias=false)", &[3, 5, 4]),
        ("conv2d(6, 3, dilation=2, groups=2)", &[4, 7, 6]),
        ("conv2d(2, 3, padding=1, padding_mode=reflect)", &[2, 4, 3]),
        (
            "conv2d(2, 3, padding=(2, 1), padding_mode=circular)",
            &[1, 3, 4],
        ),
        (
            "conv2d(2, 3, padding=same, padding_mode=replicate)",
            &[1, 3, 2],
        ),
        ("conv2d(4, 3, init=kaiming_normal)", &[2, 3, 4]),
    ],
    build: |args, build| {
        let [channels, height, width] = build.image()?;
        let mut window = Window::new([height, width], args.get(KERNEL_SIZE));
        window.stride = args.get(STRIDE);
        window.dilation = args.get(DILATION);
        window.padding = match args.get(PADDING) {
            SizesOrWord::Sizes(padding) => padding.map(|n| [n, n]),
            SizesOrWord::Word("same") => same(&window)?,
            SizesOrWord::Word(_) => [[0, 0]; 2],
        };
        let size = window.output();
        let size = size.map_err(|reason| Refusal::from(reason).arg("kernel_size"))?;
        convolution(build, args, channels, &window, size, false)
    },
    ..LayerDef::BASE
};
/// Builds a convolution over images, or over sequences as images of one row. `size` is the number
/// of windows.
pub(super) fn convolution(
    build: &mut Build,
    args: &Args,
    channels: usize,
    window: &Window,
    [h, w]: [usize; 2],
    is_sequence: bool,
) -> Result<Built, Refusal> {
    let (out_channels, groups) = (args.get(OUT_CHANNELS), args.get(GROUPS));
    for (what, count) in [("input", channels), ("output", out_channels)] {
        if count % groups != 0 {
            return Err(Refusal::from(format!(
                "{groups} groups don't divide {count} {what} channels"
            ))
            .arg("groups"));
        }
    }
    let around = window.padded();
    let padded = [channels, around[0], around[1]];
    build.fits(&padded).map_err(|_| {
        let problem = format!(
            "its padded image {padded:?} has more than {MAX_OUTPUTS} values for one sample"
        );
        Refusal::from(problem).arg("padding")
    })?;

    let [kh, kw] = window.kernel;
    let cells = product(&[channels / groups, kh, kw]);
    let fan_out = product(&[out_channels / groups, kh, kw]);
    let init = init(args.get(INIT), cells, fan_out);
    let (kernel, output) = match is_sequence {
        true => (vec![kw], vec![w, out_channels]),
        false => (vec![kh, kw], vec![out_channels, h, w]),
    };
    let shape = [&[out_channels, channels / groups], &kernel[..]].concat();
    let weight = build.weight("weight", &shape, init)?.id();
    build.cost(&[out_channels, cells, h, w]);
    let bias = bias(args.get(BIAS), build, out_channels, cells)?;
    let mut padding = window.padding;
    let mode = args.get(PADDING_MODE);
    let padded = match mode {
        "zeros" => None,
        _ => {
            let padding = std::mem::take(&mut padding);
            let [rows, columns] = window.input;
            Some(Padded {
                mode,
                padding,
                rows: table(build, mode, rows, padding[0])?,
                columns: table(build, mode, columns, padding[1])?,
            })
        }
    };
    let options = Conv2d {
        stride: window.stride,
        padding,
        dilation: window.dilation,
        groups,
    };
    let convolution = Convolution {
        is_sequence,
        padded,
        weight,
        bias,
        options,
        then: Then::default(),
    };
    Ok(convolution.built(output))
}

/// Returns the padding that preserves the size of the image. As in PyTorch, an odd row or column is
/// added at the bottom or right.
pub(super) fn same(window: &Window) -> Result<[[usize; 2]; 2], Refusal> {
    if window.stride != [1, 1] {
        return Err(Refusal::from("`padding=same` needs a stride of 1").arg("padding"));
    }
    Ok(window.extent().map(|extent| [(extent - 1) / 2, extent / 2]))
}

#[derive(Clone)]
struct Convolution {
    /// Whether it runs over sequences, as images of one row.
    is_sequence: bool,
    padded: Option<Padded>,
    weight: ParamId,
    bias: Option<ParamId>,
    options: Conv2d,
    then: Then,
}

/// Padding with values other than zeros, applied before the convolution.
#[derive(Clone)]
struct Padded {
    mode: &'static str,
    padding: [[usize; 2]; 2],
    rows: IndexTable,
    columns: IndexTable,
}

impl Convolution {
    /// Can be fused with `relu` and with max pooling, in this order.
    fn built(self, output: Vec<usize>) -> Built {
        let shape = output.clone();
        Built::new(self.clone(), output).join(move |epilogue| {
            let mut joined = self.clone();
            match epilogue {
                _ if self.then.max_pool.is_some() => return None,
                Epilogue::Relu => joined.then.relu = true,
                Epilogue::MaxPool2d(options) => joined.then.max_pool = Some(options),
            }
            Some(joined.built(shape.clone()))
        })
    }
}

impl Convolution {
    /// Returns the padded images.
    fn images<'t, T: Element>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let x = match self.is_sequence {
            true => sequences::to_images(x),
            false => x,
        };
        match &self.padded {
            Some(padded) => gather2d(x, &padded.rows, &padded.columns),
            None => x,
        }
    }

    fn convolved<'t, T: Element>(
        &self,
        x: Var<'t, T>,
        weight: Var<'t, T>,
        bias: Option<Var<'t, T>>,
        then: Then,
    ) -> Var<'t, T> {
        let x = self.images(x);
        match self.is_sequence {
            true => {
                let y = conv2d_then(x, weight.unsqueeze(2), bias, self.options, then);
                sequences::from_images(y)
            }
            false => conv2d_then(x, weight, bias, self.options, then),
        }
    }
}

impl<T: Element> Layer<T> for Convolution {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let bias = self.bias.map(|bias| cx.param(bias));
        self.convolved(x, cx.param(self.weight), bias, self.then)
    }

    /// Multiplies the weights by the factors.
    fn forward_then<'t>(
        &self,
        cx: &Ctx<'t, '_, T>,
        x: Var<'t, T>,
        next: &ByChannel<T>,
    ) -> Option<Var<'t, T>> {
        if self.then != Then::default() {
            return None;
        }
        let mut bias = next.shift.clone();
        if let Some(own) = self.bias {
            let own = cx.param(own).value();
            let terms = bias.iter_mut().zip(own.iter().zip(&next.scale));
            terms.for_each(|(bias, (&own, &scale))| *bias += own * scale);
        }
        let own = cx.param(self.weight);
        let numbers = [&next.scale[..], &bias].concat();
        let [weight, bias] = cx.tape().derived(own, &numbers, || {
            let mut weight = own.value();
            for (mut weight, &scale) in weight.outer_iter_mut().zip(&next.scale) {
                weight.map_inplace(|w| *w *= scale);
            }
            [weight, tensor(bias.clone())]
        });
        let then = Then {
            relu: next.relu,
            max_pool: None,
        };
        Some(self.convolved(x, weight, Some(bias), then))
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        let is_sequence = self.is_sequence;
        let transposed = |graph: &mut Graph, x| match is_sequence {
            true => graph.transpose(x, &[0, 2, 1]),
            false => x,
        };
        let x = transposed(graph, x);
        let x = match &self.padded {
            Some(padded) if is_sequence => graph.pad1d(x, padded.mode, padded.padding[1]),
            Some(padded) => graph.pad2d(x, padded.mode, padded.padding),
            None => x,
        };
        let mut y = match is_sequence {
            true => graph.conv1d(x, self.weight, self.bias, self.options),
            false => graph.conv2d(x, self.weight, self.bias, self.options),
        };
        if self.then.relu {
            y = graph.node("Relu", &[y]);
        }
        let y = match self.then.max_pool {
            Some(options) if is_sequence => graph.max_pool1d(y, options),
            Some(options) => graph.max_pool2d(y, options),
            None => y,
        };
        Ok(transposed(graph, y))
    }
}
