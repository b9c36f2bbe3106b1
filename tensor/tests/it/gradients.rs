//! The gradient check holds for every operation, and notices when a rule is wrong.

use std::cell::RefCell;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use tapeline_tensor::{
    Params, Place, Tensor,
    check::{Check, Mismatch, MutantOutcome, Mutation, Report},
};

use crate::table::{Case, Numbers, Op, ops};

/// Runs `test` on cases drawn for each operation; all operations that fail are reported.
pub fn for_each_op(cases: u32, test: impl Fn(&Case) -> Result<(), String>) {
    let mut failures = Vec::new();
    for Op { small, .. } in ops() {
        let config = Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        };
        let result =
            TestRunner::new(config).run(&small, |case| test(&case).map_err(TestCaseError::fail));
        match result {
            Ok(()) => {}
            Err(TestError::Fail(reason, case)) => failures.push(format!("{case:#?}\n{reason}")),
            Err(abort) => failures.push(abort.to_string()),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(case: &Case, check: Check<'_>) -> Result<Report, Mismatch> {
    check.gradients(&Params::new(), &case.tensors(), |_, _, x| {
        (case.ways.f64.0)(x)
    })
}

#[test]
fn rules_agree_with_differences() {
    for_each_op(48, |case| {
        let report = check(case, Check::default()).map_err(|e| e.to_string())?;
        let few = case.inputs.iter().any(|x| x.numbers == Numbers::Few);
        if !few && !report.kinks.is_empty() {
            return Err(format!("kinks where there are none: {:?}", report.kinks));
        }
        Ok(())
    });
}

#[test]
fn rules_agree_with_differences_over_several_tasks() {
    for Op { large, .. } in ops() {
        let report = check(&large, Check::default());
        let report = report.unwrap_or_else(|e| panic!("{large:?}: {e}"));
        assert_eq!(report.kinks, [], "{large:?}");
    }
}

const MUTATIONS: [(&str, Mutation); 4] = [
    ("scaled", |_, g| Some(g * 1.001)),
    ("of the wrong sign", |_, g| Some(-g)),
    ("dropped", |_, _| None),
    ("added twice", |_, g| Some(g * 2.0)),
];

/// Each share that a rule returns is mutated in turn; what the check says it would notice, it does notice.
#[test]
fn a_mutated_rule_is_noticed() {
    let noticed = RefCell::new(std::collections::BTreeMap::<_, usize>::new());
    for_each_op(12, |case| {
        if case.inputs.iter().any(|x| x.numbers == Numbers::Few) {
            return Ok(());
        }
        let mutations = MUTATIONS.map(|(_, mutation)| mutation);
        let mutants = Check::default().mutants(
            &Params::new(),
            &case.tensors(),
            |_, _, x| (case.ways.f64.0)(x),
            &mutations,
        );
        for mutant in mutants.map_err(|e| e.to_string())? {
            let (how, mutate) = MUTATIONS[mutant.mutation];
            let place = (case.op, mutant.place.op, mutant.parent);
            if mutant.outcome == MutantOutcome::Equal {
                continue;
            }
            let tamper = |at: &Place, parent: usize, share: Tensor<f64>| match at.op
                == mutant.place.op
                && parent == mutant.parent
            {
                // These mutations don't depend on the value.
                true => mutate(&share.clone(), share),
                false => Some(share),
            };
            let tampered = Check {
                tamper: Some(&tamper),
                ..Check::default()
            };
            match (mutant.outcome, check(case, tampered)) {
                (MutantOutcome::Noticed, Err(Mismatch::Wrong { .. } | Mismatch::Rule { .. })) => {
                    *noticed.borrow_mut().entry((place, how)).or_default() += 1;
                }
                other => return Err(format!("{place:?} {how}, and yet {other:?}")),
            }
        }
        Ok(())
    });
    let noticed = noticed.into_inner();
    let missing: Vec<_> = ops()
        .iter()
        .map(|op| op.large.op)
        .filter(|op| {
            let how = noticed.keys().filter(|(place, _)| place.0 == *op);
            how.map(|(_, how)| how)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                < MUTATIONS.len()
        })
        .collect();
    assert!(missing.is_empty(), "not seen to be noticed: {missing:?}");
}
