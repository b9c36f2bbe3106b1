//! The interpreter of graphs knows what layers write, computes what the ONNX documentation says, and
//! refuses everything else with an error.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tapeline_layers::{
    Graph, GraphValue, Plan,
    graph::{Attribute, AttributeKind, OPERATORS, Operator, RunError},
    layers,
};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{ParamId, Params, Tensor};

#[test]
fn the_table_has_the_operators_that_layers_write() {
    let mut written = BTreeSet::new();
    for def in layers().iter() {
        for (text, shape) in def.examples {
            let spec = read(text, &layers(), &Presets::new()).unwrap();
            let plan = Plan::build(&spec, shape).unwrap();
            let mut graph = Graph::new(shape);
            let x = graph.input();
            plan.chain.nodes(&mut graph, x).unwrap();
            for node in graph.nodes() {
                let operator = OPERATORS.iter().find(|operator| operator.name == node.op);
                let operator = operator.unwrap_or_else(|| panic!("{text}: no {}", node.op));
                for (name, _) in &node.attributes {
                    let mut known = operator.attributes.iter();
                    assert!(known.any(|(known, _)| known == name), "{text}: no {name}");
                }
                written.insert(node.op);
            }
        }
    }
    let known: Vec<_> = OPERATORS.iter().map(|operator| operator.name).collect();
    assert!(known.is_sorted(), "{known:?}");
    assert!(written.into_iter().eq(known.iter().copied()), "{known:?}");
}

/// An input of a node in a test.
#[derive(Clone, Debug)]
enum Input {
    Numbers(Vec<usize>, Vec<f64>),
    Sizes(Vec<usize>),
    Absent,
}

/// Runs a graph of one node.
fn run(
    op: &'static str,
    inputs: &[Input],
    attributes: &[(&'static str, Attribute)],
) -> Result<Tensor<f64>, RunError> {
    let mut graph = Graph::new(&[]);
    let inputs: Vec<_> = inputs
        .iter()
        .map(|input| added(&mut graph, input))
        .collect();
    let y = graph.node_with(op, &inputs, attributes);
    graph.run(y, &Params::new(), &Tensor::zeros(vec![1]))
}

fn added(graph: &mut Graph, input: &Input) -> GraphValue {
    match input {
        Input::Numbers(shape, numbers) => graph.numbers(shape, numbers.clone()),
        Input::Sizes(sizes) => graph.sizes(sizes),
        Input::Absent => graph.absent(),
    }
}

/// The numbers from `first` in steps of 1.
fn counting(shape: &[usize], first: f64) -> Input {
    let numbers = (0..shape.iter().product()).map(|i: usize| first + i as f64);
    Input::Numbers(shape.into(), numbers.collect())
}

fn row(numbers: &[f64]) -> Input {
    Input::Numbers(vec![1, numbers.len()], numbers.into())
}

/// The examples of the ONNX documentation that print their results. (onnx 1.16,
/// `onnx/backend/test/case/node`)
#[test]
fn results_are_those_of_the_documentation() {
    let line = || row(&[-1.0, 0.0, 1.0]);
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
            vec![0.31326166, 0.69314718, 1.3132616],
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

#[test]
fn errors_name_the_node_and_the_problem() {
    let square = || counting(&[2, 2], 0.0);
    type Attributes = Vec<(&'static str, Attribute)>;
    let cases: Vec<(&str, Vec<Input>, Attributes, &str)> = vec![
        (
            "Relux",
            vec![square()],
            vec![],
            "the interpreter doesn't know this operator",
        ),
        (
            "Relu",
            vec![square(), square()],
            vec![],
            "expected 1 inputs, got 2",
        ),
        (
            "Gemm",
            vec![square()],
            vec![],
            "expected 2 to 3 inputs, got 1",
        ),
        ("Sum", vec![], vec![], "expected 1 or more inputs, got 0"),
        (
            "Relu",
            vec![Input::Absent],
            vec![],
            "input 0 must be numbers, but is absent",
        ),
        (
            "Reshape",
            vec![square(), square()],
            vec![],
            "input 1 must be sizes, but is numbers",
        ),
        (
            "Elu",
            vec![square()],
            vec![("beta", 1.0.into())],
            "unknown attribute `beta`",
        ),
        (
            "Elu",
            vec![square()],
            vec![("alpha", 1.into())],
            "attribute `alpha` must be a number, got Size(1)",
        ),
        (
            "Elu",
            vec![square()],
            vec![("alpha", 1.0.into()), ("alpha", 2.0.into())],
            "attribute `alpha` is given twice",
        ),
        (
            "Gelu",
            vec![square()],
            vec![("approximate", "cos".into())],
            r#"attribute `approximate` must be one of ["none", "tanh"], got Word("cos")"#,
        ),
        (
            "Concat",
            vec![square()],
            vec![],
            "attribute `axis` is required",
        ),
        (
            "Softmax",
            vec![square()],
            vec![("axis", 2.into())],
            "axis 2 is out of range, expected less than 2",
        ),
        (
            "Add",
            vec![square(), counting(&[3], 0.0)],
            vec![],
            "the shapes [[2, 2], [3]] can't be broadcast together",
        ),
        (
            "Gemm",
            vec![counting(&[2, 3], 0.0), counting(&[2, 3], 0.0)],
            vec![],
            "a matrix of 2x3 can't be multiplied by 2x3",
        ),
    ];
    for (op, inputs, attributes, expected) in cases {
        let mut graph = Graph::new(&[]);
        let error = graph.within("5.0", &[], |graph| {
            let inputs: Vec<_> = inputs.iter().map(|input| added(graph, input)).collect();
            let y = graph.node_with(op, &inputs, &attributes);
            graph
                .run(y, &Params::new(), &Tensor::zeros(vec![1]))
                .unwrap_err()
        });
        let expected = format!("node 0, `{op}` of layer 5.0: {expected}");
        assert_eq!(error.to_string(), expected);
    }
    let mut graph = Graph::new(&[]);
    let missing = graph.param(ParamId::new(3));
    let error = graph
        .run(missing, &Params::new(), &Tensor::zeros(vec![1]))
        .unwrap_err();
    let expected = "the output of the graph must be numbers: it uses parameter 3 of 0";
    assert_eq!(error.to_string(), expected);
}

/// Inputs of an operator, of any sizes and mostly of the right types.
fn inputs(operator: &'static Operator) -> impl Strategy<Value = Vec<Input>> {
    use prop::collection::vec;
    let numbers = vec(0usize..=4, 0..=5).prop_map(|shape| counting(&shape, -2.0));
    let sizes = vec(0usize..=4, 0..=10).prop_map(Input::Sizes);
    let input = prop_oneof![8 => numbers, 2 => sizes, 1 => Just(Input::Absent)];
    let [least, most] = operator.inputs;
    vec(input, least..=most.min(5))
}

/// Attributes of an operator, of any sizes; each may be absent.
fn attributes(
    operator: &'static Operator,
) -> impl Strategy<Value = Vec<(&'static str, Attribute)>> {
    let attribute = |&(name, kind): &(&'static str, AttributeKind)| {
        let value = match kind {
            AttributeKind::Number(_) => (-2.0..2.0).prop_map(Attribute::Number).boxed(),
            AttributeKind::Sizes => {
                let sizes = prop::collection::vec(0usize..=3, 0..=6);
                sizes.prop_map(Attribute::Sizes).boxed()
            }
            AttributeKind::Word(words) => prop::sample::select(words)
                .prop_map(Attribute::Word)
                .boxed(),
            _ => (0usize..=4).prop_map(Attribute::Size).boxed(),
        };
        prop::option::of(value.prop_map(move |value| (name, value)))
    };
    let all: Vec<_> = operator.attributes.iter().map(attribute).collect();
    all.prop_map(|all| all.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_does_not_fit_is_an_error(
        (operator, inputs, attributes) in (0..OPERATORS.len()).prop_flat_map(|i| {
            let operator = &OPERATORS[i];
            (Just(operator.name), inputs(operator), attributes(operator))
        }),
    ) {
        match run(operator, &inputs, &attributes) {
            Ok(_) | Err(RunError::Invalid(..) | RunError::Output(_)) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
