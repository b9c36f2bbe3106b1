//! Results don't depend on the number of threads.

use tapeline_tensor::{Grads, Params, Pool, Tape, Tensor, Var};

use crate::table::{Case, Op, ops, run};

/// Value and gradients as bits.
fn bits(case: &Case) -> Vec<u32> {
    let (value, grads) = run(&case.ways.f32.0, &case.tensors(), |shape| {
        case.upstream(shape)
    });
    let all = value.iter().chain(grads.iter().flatten());
    all.map(|v| v.to_bits()).collect()
}

/// Exactly `n` threads; a `Pool` starts no more than there are cores.
fn on_threads<R: Send>(n: usize, f: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build();
    pool.unwrap().install(f)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let each = || -> Vec<Vec<u32>> { ops().iter().map(|Op { large, .. }| bits(large)).collect() };
    let alone = each();
    for n in [1, 2, 3, 8] {
        for (how, found) in [
            ("threads", on_threads(n, each)),
            ("Pool", Pool::new(n).unwrap().install(each)),
        ] {
            for ((op, a), b) in ops().iter().zip(&alone).zip(&found) {
                assert!(a == b, "{} on {n} {how}", op.large.op);
            }
        }
    }
}

#[test]
fn a_pool_has_threads() {
    for n in [0, Pool::MAX + 1] {
        let error = Pool::new(n).err().map(|e| e.to_string());
        assert_eq!(error, Some(format!("{n} threads: must be 1 to 1024")));
    }
    let pool = Pool::new(1).unwrap();
    assert!(pool.install(|| {
        std::thread::current()
            .name()
            .is_some_and(|n| n.starts_with("tapeline"))
    }));
}

/// What crosses threads, and what must not.
mod crossing {
    use super::*;

    const fn crosses<T: Send + Sync>() {}
    const _: () = {
        crosses::<Params<f32>>();
        crosses::<Grads<f32>>();
        crosses::<Tensor<f32>>();
        crosses::<Pool>();
    };

    /// Whether a type is `Send` picks the implementation: for one that is, both fit, and `of` is ambiguous.
    trait NotSend<Which> {
        fn of() {}
    }
    impl<T> NotSend<()> for T {}
    impl<T: Send> NotSend<u8> for T {}

    #[test]
    fn neither_tape_nor_value() {
        <Tape<f32> as NotSend<_>>::of();
        <Var<'_, f32> as NotSend<_>>::of();
    }
}
