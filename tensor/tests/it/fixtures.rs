//! Values and gradients computed elsewhere: by PyTorch (`make.py`), and for faults seen in programs like this one (`cases.json`).

use serde_json::Value;
use tapeline_tensor::{
    AvgPool2d, Conv2d, Moments, Params, Scalar, Tape, Tensor, Var, adaptive_avg_pool2d, avg_pool2d,
    batch_norm, check, concat, conv2d, cross_entropy, gather2d, layer_norm, max_pool2d, mse,
    no_grad, rms_norm, stack,
};

use crate::table::{Fast, pooling, run};

fn entries(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn torch() -> Vec<Value> {
    entries(include_str!("../fixtures/torch.json"))
}

fn cases() -> Vec<Value> {
    entries(include_str!("../fixtures/cases.json"))
}

/// A tensor from nested lists of numbers.
fn tensor<T: Scalar>(nested: &Value) -> Tensor<T> {
    fn fill<T: Scalar>(nested: &Value, shape: &mut Vec<usize>, depth: usize, out: &mut Vec<T>) {
        match nested {
            Value::Array(items) => {
                if shape.len() == depth {
                    shape.push(items.len());
                }
                items
                    .iter()
                    .for_each(|item| fill(item, shape, depth + 1, out));
            }
            number => out.push(T::of(number.as_f64().unwrap())),
        }
    }
    let (mut shape, mut values) = (Vec::new(), Vec::new());
    fill(nested, &mut shape, 0, &mut values);
    Tensor::from_shape_vec(shape, values).unwrap()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn pair(value: &Value) -> [usize; 2] {
    [0, 1].map(|i| number(&value[i]))
}

fn list(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// The operation of an entry, by name.
fn apply<'t, T: Scalar>(op: &str, args: &Value, x: &[Var<'t, T>]) -> Var<'t, T> {
    match op {
        "add" => x[0] + x[1],
        "sub" => x[0] - x[1],
        "mul" => x[0] * x[1],
        "div" => x[0] / x[1],
        "neg" => -x[0],
        "relu" => x[0].relu(),
        "sigmoid" => x[0].sigmoid(),
        "tanh" => x[0].tanh(),
        "exp" => x[0].exp(),
        "log" => x[0].log(),
        "sqrt" => x[0].sqrt(),
        "square" => x[0].square(),
        "number add" => 0.75 + x[0],
        "number sub" => 0.75 - x[0],
        "number mul" => 0.75 * x[0],
        "number div" => 0.75 / x[0],
        "add number" => x[0] + 0.75,
        "sub number" => x[0] - 0.75,
        "mul number" => x[0] * 0.75,
        "div number" => x[0] / 0.75,
        "abs" => x[0].abs(),
        "pow" => x[0].powi(args["exponent"].as_i64().unwrap() as i32),
        "clamp" => {
            let [min, max] = ["min", "max"].map(|key| args[key].as_f64());
            let [min, max] = [min.unwrap_or(-f64::INFINITY), max.unwrap_or(f64::INFINITY)];
            x[0].clamp(min, max)
        }
        "maximum" => x[0].maximum(x[1]),
        "minimum" => x[0].minimum(x[1]),
        "where" => {
            let condition = tensor::<f64>(&args["condition"]).mapv(|c| c != 0.0);
            x[0].where_(condition, x[1])
        }
        "narrow" => {
            let [axis, start, length] = ["axis", "start", "length"].map(|key| number(&args[key]));
            x[0].narrow(axis, start, length)
        }
        "select" => x[0].select(number(&args["axis"]), number(&args["index"])),
        "split" => {
            let [a, b, c] = x[0].split(
                number(&args["axis"]),
                list(&args["sizes"]).try_into().unwrap(),
            );
            a.sum() * b.sum() + c.sum()
        }
        "unsqueeze" => x[0].unsqueeze(number(&args["axis"])),
        "permute" => x[0].permute(&list(&args["axes"])),
        "stack" => stack(x, number(&args["axis"])),
        "mean_axis" => x[0].mean_axis(number(&args["axis"])),
        "amax" => x[0].max_axis(number(&args["axis"])),
        "logsumexp" => x[0].logsumexp(number(&args["axis"])),
        "sum" => x[0].sum(),
        "mean" => x[0].mean(),
        "sum_axis" => x[0].sum_axis(number(&args["axis"])),
        "reshape" => x[0].reshape(&list(&args["shape"])),
        "flatten" => x[0].flatten(number(&args["start"])),
        "t" => x[0].t(),
        "matmul" => x[0].matmul(x[1]),
        "softmax" => x[0].softmax(number(&args["axis"])),
        "log_softmax" => x[0].log_softmax(number(&args["axis"])),
        "mse" => mse(x[0], x[1]),
        "cross_entropy" => {
            let smoothing = args["smoothing"].as_f64().unwrap();
            cross_entropy(x[0], &list(&args["targets"]), smoothing)
        }
        "max_pool2d" => {
            let [kernel, stride, padding] =
                ["kernel_size", "stride", "padding"].map(|key| pair(&args[key]));
            max_pool2d(x[0], pooling(kernel, stride, padding))
        }
        "avg_pool2d" => {
            let [kernel, stride, padding] =
                ["kernel_size", "stride", "padding"].map(|key| pair(&args[key]));
            let options = AvgPool2d {
                kernel,
                stride,
                padding,
                count_include_pad: args["count_include_pad"].as_bool().unwrap(),
            };
            avg_pool2d(x[0], options)
        }
        "adaptive_avg_pool2d" => adaptive_avg_pool2d(x[0], pair(&args["output_size"])),
        "pad" => {
            let table = |key| list(&args[key]).into_iter().map(Some).collect::<Vec<_>>();
            gather2d(x[0], &table("rows"), &table("columns"))
        }
        "batch_norm" => {
            let given = args["mean"].is_array().then(|| Moments {
                mean: tensor(&args["mean"]).into_iter().collect(),
                var: tensor(&args["var"]).into_iter().collect(),
            });
            batch_norm(x[0], Some([x[1], x[2]]), given, 1e-5).0
        }
        "layer_norm" => layer_norm(x[0], None, 1e-5),
        "rms_norm" => rms_norm(x[0], None, 1e-5),
        "cat" => concat(x, number(&args["axis"])),
        "conv2d" => {
            let options = Conv2d {
                stride: pair(&args["stride"]),
                padding: [0, 1].map(|i| pair(&args["padding"][i])),
                dilation: pair(&args["dilation"]),
                groups: number(&args["groups"]),
            };
            conv2d(x[0], x[1], None, options)
        }
        "mul sum" => (x[0] * x[1]).sum(),
        "x * x" => x[0] * x[0],
        #[expect(clippy::eq_op, reason = "the case is that both are one")]
        "x - x" => x[0] - x[0],
        "x @ x.t()" => x[0].matmul(x[0].t()),
        "three paths" => {
            let x = x[0];
            let xa = x * 1.0;
            x * xa + x * x * 1.0 + x * xa
        }
        "diamond" => {
            let x = x[0];
            let a = x * 2.0;
            let b = a + x;
            let c = a * b;
            let d = a + c;
            c * d + b
        }
        other => panic!("no operation `{other}`"),
    }
}

/// Whether an entry's value and gradients come out, to `tolerance` of the largest.
fn reproduce<T: Scalar>(entry: &Value, tolerance: f64) -> Result<(), String> {
    let inputs: Vec<Tensor<T>> = entry["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(tensor)
        .collect();
    let (op, args) = (
        entry["op"].as_str().unwrap().to_string(),
        entry["args"].clone(),
    );
    let f: Fast<T> = Box::new(move |x| apply(&op, &args, x));
    // A value of one element may be written as a bare number.
    let shaped =
        |nested: &Value, shape: &[usize]| tensor(nested).into_shape_with_order(shape).unwrap();
    let (value, grads) = run(&f, &inputs, |shape| shaped(&entry["upstream"], shape));
    near(
        "value",
        &value,
        &shaped(&entry["value"], value.shape()),
        tolerance,
    )?;
    for (i, grad) in grads.iter().enumerate() {
        near(
            &format!("gradient {i}"),
            grad,
            &tensor(&entry["grads"][i]),
            tolerance,
        )?;
    }
    Ok(())
}

fn near<T: Scalar>(what: &str, a: &Tensor<T>, b: &Tensor<T>, tolerance: f64) -> Result<(), String> {
    let largest = b.iter().fold(0.0f64, |m, b| m.max(b.widen().abs()));
    let apart =
        |(a, b): (&T, &T)| a.is_nan() || (a.widen() - b.widen()).abs() > tolerance * largest;
    if a.shape() != b.shape() || a.iter().zip(b).any(apart) {
        return Err(format!("{what} is\n{a}\nand not\n{b}"));
    }
    Ok(())
}

fn all<T: Scalar>(entries: &[Value], tolerance: f64) {
    let failures: Vec<_> = entries
        .iter()
        .filter(|entry| entry["inputs"].is_array())
        .filter_map(|entry| {
            let reason = reproduce::<T>(entry, tolerance).err()?;
            Some(format!(
                "{} {} {}: {reason}",
                entry["name"], entry["op"], entry["args"]
            ))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn pytorch_f64() {
    all::<f64>(&torch(), 1e-10);
}

#[test]
fn pytorch_f32() {
    all::<f32>(&torch(), 1e-5);
}

#[test]
fn cases_f64() {
    all::<f64>(&cases(), 1e-10);
}

#[test]
fn cases_f32() {
    all::<f32>(&cases(), 1e-5);
}

fn case(name: &str) -> Value {
    let found = cases().into_iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("no case `{name}`"))
}

#[test]
fn the_mean_of_many_ones_is_one() {
    let expected = case("mean_of_many_f32")["outputs"]["mean"]
        .as_f64()
        .unwrap();
    let ones = Tensor::<f32>::ones(vec![60_000, 784]);
    let mean = no_grad(&Params::new(), |tape, _| tape.constant(ones).mean().value());
    assert_eq!(f64::from(mean.sum()), expected);
}

#[test]
fn a_kink_is_listed_and_not_held_against_relu() {
    let outputs = &case("check_relu_kink")["outputs"];
    let zero = Tensor::<f64>::zeros(vec![1]);
    let value = |x: f64| {
        no_grad(&Params::new(), |tape: &Tape<f64>, _| {
            tape.constant(Tensor::from_elem(vec![1], x))
                .relu()
                .value()
                .sum()
        })
    };
    let h = 1e-6;
    assert_eq!(
        (value(h) - value(-h)) / (2.0 * h),
        outputs["central_difference"].as_f64().unwrap()
    );

    let f: Fast<f64> = Box::new(|x| x[0].relu());
    let (_, grads) = run(&f, std::slice::from_ref(&zero), |shape| Tensor::ones(shape));
    assert_eq!(grads[0].sum(), outputs["analytic"].as_f64().unwrap());

    let report = check::gradients(&Params::new(), &[zero], |_, _, x| x[0].relu()).unwrap();
    let at = check::At {
        source: check::Leaf::Input(0),
        index: Some(vec![0]),
    };
    assert_eq!(report.kinks, [at]);
}
