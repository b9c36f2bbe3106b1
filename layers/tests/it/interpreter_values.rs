//! The interpreter of graphs computes what the ONNX documentation says.

use std::f64::consts::LN_2;

use tapeline_layers::graph::Attribute;

use super::one_node::{Input, counting, run};

fn row(numbers: &[f64]) -> Input {
    Input::Numbers(vec![1, numbers.len()], numbers.into())
}

/// Examples of the documentation. (`onnx/backend/test/case/node`)
#[test]
fn results_are_those_of_the_documentation() {
    let line = || row(&[-1.0, 0.0, 1.0]);
    let padded = |pads: [usize; 4]| {
        let x = Input::Numbers(vec![3, 2], vec![1.0, 1.2, 2.3, 3.4, 4.5, 5.7]);
        vec![x, Input::Sizes(pads.into())]
    };
    let image = |first| counting(&[1, 1, 5, 5], first);
    let ones = || Input::Numbers(vec![1, 1, 3, 3], vec![1.0; 9]);
    type Attributes = Vec<(&'static str, Attribute)>;
    let cases: Vec<(&str, Vec<Input>, Attributes, Vec<f64>)> = vec![
        (
            "LeakyRelu",
            vec![line()],
            vec![("alpha", 0.1.into())],
            vec![-0.1, 0.0, 1.0],
        ),
        ("LeakyRelu", vec![line()], vec![], vec![-0.01, 0.0, 1.0]),
        (
            "Elu",
            vec![line()],
            vec![("alpha", 2.0.into())],
            vec![-1.2642411, 0.0, 1.0],
        ),
        (
            "Selu",
            vec![line()],
            vec![("alpha", 2.0.into()), ("gamma", 3.0.into())],
            vec![-3.79272318, 0.0, 3.0],
        ),
        (
            "HardSigmoid",
            vec![line()],
            vec![("alpha", 0.5.into()), ("beta", 0.6.into())],
            vec![0.1, 0.6, 1.0],
        ),
        (
            "Sigmoid",
            vec![line()],
            vec![],
            vec![0.26894143, 0.5, 0.7310586],
        ),
        (
            "Tanh",
            vec![line()],
            vec![],
            vec![-0.76159418, 0.0, 0.76159418],
        ),
        (
            "Softplus",
            vec![line()],
            vec![],
            vec![0.31326166, LN_2, 1.3132616],
        ),
        ("Softsign", vec![line()], vec![], vec![-0.5, 0.0, 0.5]),
        (
            "Softmax",
            vec![line()],
            vec![],
            vec![0.09003058, 0.24472848, 0.66524094],
        ),
        (
            "LogSoftmax",
            vec![line()],
            vec![],
            vec![-2.4076061, -1.407606, -0.407606],
        ),
        (
            "Gelu",
            vec![line()],
            vec![],
            vec![-0.15865526, 0.0, 0.84134474],
        ),
        (
            "Gelu",
            vec![line()],
            vec![("approximate", "tanh".into())],
            vec![-0.158808, 0.0, 0.841192],
        ),
        (
            "Clip",
            vec![row(&[-2.0, 0.0, 2.0]), scalar(-1.0), scalar(1.0)],
            vec![],
            vec![-1.0, 0.0, 1.0],
        ),
        (
            "Conv",
            vec![image(0.0), ones()],
            vec![
                ("kernel_shape", [3, 3].into()),
                ("pads", [1, 1, 1, 1].into()),
            ],
            vec![
                12.0, 21.0, 27.0, 33.0, 24.0, 33.0, 54.0, 63.0, 72.0, 51.0, 63.0, 99.0, 108.0,
                117.0, 81.0, 93.0, 144.0, 153.0, 162.0, 111.0, 72.0, 111.0, 117.0, 123.0, 84.0,
            ],
        ),
        (
            "Conv",
            vec![counting(&[1, 1, 7, 5], 0.0), ones()],
            vec![("pads", [1, 1, 1, 1].into()), ("strides", [2, 2].into())],
            vec![
                12.0, 27.0, 24.0, 63.0, 108.0, 81.0, 123.0, 198.0, 141.0, 112.0, 177.0, 124.0,
            ],
        ),
        (
            "AveragePool",
            vec![image(1.0)],
            vec![
                ("kernel_shape", [5, 5].into()),
                ("pads", [2, 2, 2, 2].into()),
            ],
            vec![
                7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0, 10.5, 11.0, 11.5, 12.0, 12.5, 13.0, 13.5, 14.0,
                14.5, 15.0, 15.5, 16.0, 16.5, 17.0, 17.5, 18.0, 18.5, 19.0,
            ],
        ),
        (
            "AveragePool",
            vec![image(1.0)],
            vec![
                ("kernel_shape", [5, 5].into()),
                ("pads", [2, 2, 2, 2].into()),
                ("count_include_pad", 1.into()),
            ],
            vec![
                2.52, 3.6, 4.8, 4.08, 3.24, 4.56, 6.4, 8.4, 7.04, 5.52, 7.2, 10.0, 13.0, 10.8, 8.4,
                6.96, 9.6, 12.4, 10.24, 7.92, 6.12, 8.4, 10.8, 8.88, 6.84,
            ],
        ),
        (
            "MaxPool",
            vec![image(1.0)],
            vec![
                ("kernel_shape", [5, 5].into()),
                ("pads", [2, 2, 2, 2].into()),
            ],
            vec![
                13.0, 14.0, 15.0, 15.0, 15.0, 18.0, 19.0, 20.0, 20.0, 20.0, 23.0, 24.0, 25.0, 25.0,
                25.0, 23.0, 24.0, 25.0, 25.0, 25.0, 23.0, 24.0, 25.0, 25.0, 25.0,
            ],
        ),
        (
            "MaxPool",
            vec![image(1.0)],
            vec![("kernel_shape", [2, 2].into()), ("strides", [2, 2].into())],
            vec![7.0, 9.0, 17.0, 19.0],
        ),
        (
            "Slice",
            vec![
                counting(&[2, 3], 0.0),
                Input::Sizes(vec![1]),
                Input::Sizes(vec![3]),
                Input::Sizes(vec![1]),
            ],
            vec![],
            vec![1.0, 2.0, 4.0, 5.0],
        ),
        (
            "Transpose",
            vec![counting(&[1, 2, 3], 0.0)],
            vec![("perm", [0, 2, 1].into())],
            vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0],
        ),
        (
            "Transpose",
            vec![counting(&[2, 3], 0.0)],
            vec![],
            vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0],
        ),
        (
            "ReduceMax",
            vec![
                Input::Numbers(
                    vec![3, 2, 2],
                    vec![
                        5.0, 1.0, 20.0, 2.0, 30.0, 1.0, 40.0, 2.0, 55.0, 1.0, 60.0, 2.0,
                    ],
                ),
                Input::Sizes(vec![1]),
            ],
            vec![("keepdims", 0.into())],
            vec![20.0, 2.0, 40.0, 2.0, 60.0, 2.0],
        ),
        (
            "Resize",
            vec![
                counting(&[1, 1, 2, 2], 1.0),
                Input::Absent,
                row(&[1.0, 1.0, 2.0, 3.0]),
            ],
            vec![],
            vec![
                1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0,
                4.0, 4.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0,
            ],
        ),
        (
            "Pad",
            padded([0, 2, 0, 0]),
            vec![],
            vec![0.0, 0.0, 1.0, 1.2, 0.0, 0.0, 2.3, 3.4, 0.0, 0.0, 4.5, 5.7],
        ),
        (
            "Pad",
            padded([0, 2, 0, 0]),
            vec![("mode", "reflect".into())],
            vec![1.0, 1.2, 1.0, 1.2, 2.3, 3.4, 2.3, 3.4, 4.5, 5.7, 4.5, 5.7],
        ),
        (
            "Pad",
            padded([0, 2, 0, 0]),
            vec![("mode", "edge".into())],
            vec![1.0, 1.0, 1.0, 1.2, 2.3, 2.3, 2.3, 3.4, 4.5, 4.5, 4.5, 5.7],
        ),
        (
            "Pad",
            padded([2, 1, 1, 1]),
            vec![("mode", "wrap".into())],
            vec![
                3.4, 2.3, 3.4, 2.3, 5.7, 4.5, 5.7, 4.5, 1.2, 1.0, 1.2, 1.0, 3.4, 2.3, 3.4, 2.3,
                5.7, 4.5, 5.7, 4.5, 1.2, 1.0, 1.2, 1.0,
            ],
        ),
        (
            "Sqrt",
            vec![row(&[1.0, 4.0, 9.0])],
            vec![],
            vec![1.0, 2.0, 3.0],
        ),
        ("Neg", vec![row(&[-4.0, 2.0])], vec![], vec![4.0, -2.0]),
    ];
    for (op, inputs, attributes, expected) in cases {
        let found = run(op, &inputs, &attributes).unwrap();
        assert_eq!(found.len(), expected.len(), "{op}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() < 1e-6,
                "{op}: {found}, expected {expected}"
            );
        }
    }
}

fn scalar(number: f64) -> Input {
    Input::Numbers(vec![], vec![number])
}
