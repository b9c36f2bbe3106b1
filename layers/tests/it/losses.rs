//! What the check of a loss notices, and what losses refuse.

use std::panic::catch_unwind;

use tapeline_layers::{Element, Loss, LossDef, NamedLoss, check, losses, one_hot};
use tapeline_spec::{Arg, ArgInfo, Args};
use tapeline_tensor::{Params, Tensor, Var, no_grad};

const POWER: Arg<usize> = Arg::new("power", "power of the distance")
    .default(2)
    .tried(2..=4);
const ARGS: &[ArgInfo] = &[POWER.info()];

/// Losses with one fault each.
#[derive(Clone, Copy)]
enum Faulty {
    Overflows,
    Sums,
    /// A weighted mean that keeps its weights for itself.
    Weighs,
    /// Weighs a batch 0.
    Weightless,
    Slopes,
    Power(usize),
    Refuses,
}

impl<T: Element> Loss<T> for Faulty {
    fn value<'t>(&self, output: Var<'t, T>, targets: &[usize]) -> Var<'t, T> {
        let target = one_hot(output, targets);
        let apart = output - target;
        match *self {
            Faulty::Overflows => -(output.softmax(1).log() * target).mean(),
            Faulty::Sums => apart.square().sum(),
            Faulty::Weighs => {
                let weights: Vec<_> = targets.iter().map(|&t| T::of(1.0 + t as f64)).collect();
                let total: f64 = weights.iter().map(|weight: &T| weight.widen()).sum();
                let column = Tensor::from_shape_vec(vec![targets.len(), 1], weights).unwrap();
                (apart.square() * output.tape().constant(column)).sum() / total
            }
            Faulty::Slopes => apart.map("square", |x| x * x, |g, x| g * x).mean(),
            Faulty::Power(2) | Faulty::Refuses | Faulty::Weightless => apart.square().mean(),
            Faulty::Power(_) => apart.map("power", |x| x * x * x, |g, x| g * x * x).mean(),
        }
    }

    fn weight(&self, targets: &[usize]) -> f64 {
        match self {
            Faulty::Weightless => 0.0,
            _ => targets.len() as f64,
        }
    }

    fn expect_classes(&self, _: usize) -> Result<(), String> {
        match self {
            Faulty::Refuses => Err("no".into()),
            _ => Ok(()),
        }
    }
}

const FAULTY: LossDef = LossDef {
    name: "faulty",
    about: "a loss with a fault",
    examples: &["faulty"],
    ..LossDef::BASE
};

#[test]
fn the_check_notices_faults() {
    let cases: [(LossDef, &str, &str); 8] = [
        (
            LossDef {
                build: |_| Box::new(Faulty::Overflows),
                ..FAULTY
            },
            "`faulty` on [1, 2]",
            "for outputs of ±10000, its value in f64 is NaN",
        ),
        (
            LossDef {
                build: |_| Box::new(Faulty::Sums),
                ..FAULTY
            },
            "`faulty` on [1, 2]",
            "a loss is a mean over the batch",
        ),
        (
            LossDef {
                build: |_| Box::new(Faulty::Weighs),
                ..FAULTY
            },
            "`faulty` on [1, 2]",
            "`Loss::weight` returns the sum of the samples' weights",
        ),
        (
            LossDef {
                build: |_| Box::new(Faulty::Weightless),
                ..FAULTY
            },
            "`faulty` on [1, 2]",
            "is 0, which must be above 0",
        ),
        (
            LossDef {
                build: |_| Box::new(Faulty::Slopes),
                ..FAULTY
            },
            "`faulty` on [1, 2]",
            "the slope of the value is",
        ),
        // The default is right; only drawing finds it.
        (
            LossDef {
                args: ARGS,
                build: |args: &Args| Box::new(Faulty::Power(args.get(POWER))),
                ..FAULTY
            },
            "`faulty(power=",
            "the slope of the value is",
        ),
        (
            LossDef {
                build: |_| Box::new(Faulty::Refuses),
                ..FAULTY
            },
            "faulty",
            "it refuses all of",
        ),
        (
            LossDef {
                examples: &[],
                ..FAULTY
            },
            "faulty",
            "no examples",
        ),
    ];
    for (def, case, found) in cases {
        let failure = check::loss(&def).unwrap_err();
        let told = failure.case.starts_with(case) && failure.found.contains(found);
        assert!(told, "{failure}");
    }
}

#[test]
fn numbers_for_other_classes_are_refused() {
    for (text, argument) in [
        ("cross_entropy(weight=(1, 2, 3))", "weight"),
        ("nll((1, 2, 3))", "weight"),
        ("focal(alpha=(1, 2, 3))", "alpha"),
    ] {
        let loss = NamedLoss::read(text, &losses()).unwrap();
        assert_eq!(loss.expect_classes(3), Ok(()), "{text}");
        let errors = loss.expect_classes(10).unwrap_err().diagnostics;
        let wanted = format!(
            "`{argument}` has 3 values; expected one for each of the 10 classes, or one for all"
        );
        assert_eq!(errors[0].message, wanted);
        assert_eq!((errors[0].span.start, errors[0].span.end), (0, text.len()));
        assert!(catch_unwind(|| value(text, &[1, 10], &[0])).is_err());
    }
    for def in losses().iter() {
        let loss = NamedLoss::read(def.name, &losses()).unwrap();
        assert_eq!(loss.expect_classes(10), Ok(()), "{}", def.name);
    }
}

/// The numbers are compared with those of scikit-learn in `pytorch.rs`.
#[test]
fn balanced_weights_need_class_counts_and_are_stored_as_numbers() {
    for (text, name) in [
        ("cross_entropy(weight=balanced)", "weight"),
        ("cross_entropy(weights=balanced)", "weight"),
        ("nll(balanced)", "weight"),
        ("focal(alpha=balanced)", "alpha"),
    ] {
        let loss = NamedLoss::read(text, &losses()).unwrap();
        let unknown = loss.expect_classes(3).unwrap_err().diagnostics;
        let message = format!("`{name}=balanced` depends on training data");
        assert!(unknown[0].message.starts_with(&message), "{unknown:?}");
        // A class without samples doesn't count.
        let loss = loss.for_counts(&[2, 0, 6]);
        assert!(
            loss.text
                .contains(&format!("{name}=(2.0, 1.0, 0.6666666666666666)"))
        );
        assert_eq!(loss.expect_classes(3), Ok(()), "{text}");
        let again = NamedLoss::read(&loss.text, &losses()).unwrap();
        assert_eq!(again.for_counts(&[1, 1, 1]).text, loss.text);
    }
}

fn value(text: &str, shape: &[usize], targets: &[usize]) -> f64 {
    let loss = NamedLoss::read(text, &losses()).unwrap();
    let loss = loss.for_counts(&[1, 2, 3]);
    no_grad(&Params::new(), |tape, _| {
        let output = tape.constant(Tensor::from_elem(shape, 0.25));
        f64::loss(&*loss.loss).value(output, targets).value().sum()
    })
}

#[test]
fn outputs_that_are_not_a_row_for_each_target_panic() {
    for text in losses().iter().flat_map(|def| def.examples) {
        assert!(value(text, &[3, 3], &[0, 1, 2]).is_finite(), "{text}");
        let bad: [(&[usize], &[usize]); 4] = [
            (&[1, 3], &[0, 1, 2]),
            (&[4, 3], &[0, 1, 2]),
            (&[3], &[0, 1, 2]),
            (&[3, 3], &[0, 1, 3]),
        ];
        for (shape, targets) in bad {
            let panics = catch_unwind(|| value(text, shape, targets)).is_err();
            assert!(panics, "{text}: {shape:?} for {targets:?}");
        }
    }
}
