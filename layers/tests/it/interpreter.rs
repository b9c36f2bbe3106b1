//! The interpreter of graphs knows what layers write, and refuses everything else with an error.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tapeline_layers::{
    Graph, Plan,
    graph::{Attribute, AttributeKind, OPERATORS, Operator, RunError},
    layers,
};
use tapeline_spec::{Presets, read};
use tapeline_tensor::{ParamId, Params, Tensor};

use super::one_node::{Input, added, counting, run};

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
            "Transpose",
            vec![square()],
            vec![("perm", [0, 2].into())],
            "[0, 2] are not the axes of an input of shape [2, 2]",
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
            AttributeKind::Words(words) => {
                let words = prop::collection::vec(prop::sample::select(words), 0..=2);
                words.prop_map(Attribute::Words).boxed()
            }
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
