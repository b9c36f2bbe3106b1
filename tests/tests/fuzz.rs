//! The fuzz targets on inputs that are committed, and on random ones. `fuzz/README.md` says how a fuzzer runs them.

use std::{
    alloc::System,
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::TestRunner,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tapeline_tests::fuzz::{TARGETS, Target};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Random inputs of each target, for each case that proptest is asked for.
const INPUTS: u32 = 16;

fn folder(parts: &[&str]) -> PathBuf {
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    folder.extend(parts);
    folder
}

/// Names and contents of the files in a folder, in the order of their names; nothing where there is no folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return vec![];
    };
    let mut files: Vec<_> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn check(target: &Target, input: &[u8]) {
    target.check(input, || ALLOCATOR.stats().bytes_allocated);
}

fn check_known(target: &Target, name: &str, input: &[u8]) {
    if catch_unwind(|| check(target, input)).is_err() {
        panic!("`{}` fails on {name}", target.name);
    }
}

/// One test, since memory is counted for the whole program.
#[test]
fn every_target_holds_on_committed_and_on_random_inputs() {
    for target in TARGETS {
        let corpus = files(&folder(&["corpus", target.name]));
        assert!(!corpus.is_empty(), "`{}` has no corpus", target.name);
        let crashes = files(&folder(&["crashes", target.name]));
        for (name, input) in corpus.iter().chain(&crashes) {
            check_known(target, name, input);
        }
        let mut known: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
        for seed in target.seeds() {
            check_known(target, &String::from_utf8_lossy(&seed), &seed);
            known.push(seed);
        }
        let config = ProptestConfig::default();
        let config = ProptestConfig {
            cases: INPUTS * config.cases,
            failure_persistence: None,
            ..config
        };
        let inputs = prop_oneof![1 => vec(any::<u8>(), 0..64), 9 => mutated(known)];
        TestRunner::new(config)
            .run(&inputs, |input| {
                check(target, &input);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{}: {error}", target.name));
    }
}

/// A change of an input.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(Index, u8),
    Cut(Index, Index),
    Insert(Index, Vec<u8>),
    /// Takes the place of everything behind a place by the end of another input.
    Splice(Index, Index, Vec<u8>),
}

impl Mutation {
    fn apply(&self, input: &mut Vec<u8>) {
        let at = |place: &Index, input: &[u8]| place.index(input.len() + 1);
        match self {
            Mutation::Flip(place, bits) => {
                if !input.is_empty() {
                    let place = place.index(input.len());
                    input[place] ^= bits;
                }
            }
            Mutation::Cut(one, other) => {
                let (one, other) = (at(one, input), at(other, input));
                input.drain(one.min(other)..one.max(other));
            }
            Mutation::Insert(place, bytes) => {
                let place = at(place, input);
                input.splice(place..place, bytes.iter().copied());
            }
            Mutation::Splice(place, from, other) => {
                input.truncate(at(place, input));
                input.extend(&other[at(from, other)..]);
            }
        }
    }
}

/// Known inputs, changed in one to four places.
fn mutated(known: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let place = any::<Index>;
    let mutation = prop_oneof![
        (place(), 1u8..).prop_map(|(place, bits)| Mutation::Flip(place, bits)),
        (place(), place()).prop_map(|(one, other)| Mutation::Cut(one, other)),
        (place(), vec(any::<u8>(), 1..9)).prop_map(|(place, bytes)| Mutation::Insert(place, bytes)),
        (place(), place(), select(known.clone()))
            .prop_map(|(place, from, other)| Mutation::Splice(place, from, other)),
    ];
    (select(known), vec(mutation, 1..=4)).prop_map(|(mut input, mutations)| {
        for mutation in mutations {
            mutation.apply(&mut input);
        }
        input
    })
}

#[test]
fn every_target_is_one_of_the_fuzzer_too_and_no_folder_is_left_over() {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    let manifest = fs::read_to_string(folder(&["Cargo.toml"])).unwrap();
    for target in TARGETS {
        let path = format!("fuzz_targets/{}.rs", target.name);
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{path}");
        let code = fs::read_to_string(folder(&[&path])).unwrap();
        let name = format!("run(\"{}\", input)", target.name);
        assert!(code.contains(&name), "{path} has no {name}");
    }
    for kind in ["corpus", "crashes"] {
        for entry in fs::read_dir(folder(&[kind])).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(names.contains(&&name[..]), "{kind}/{name} is no target's");
        }
    }
}
