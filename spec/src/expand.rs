//! From alternatives to a list.

use crate::{
    Diagnostic, Tree,
    tree::{ArgTree, CallTree, Count, Item, ValueKind, ValueTree},
};

/// The most trees that a text with alternatives may stand for.
pub const MAX_ALTERNATIVES: u128 = 1000;

/// The most items in all of them.
const MAX_ITEMS: u128 = 2_000_000;

/// All trees that a tree with alternatives stands for, the last alternative changing fastest. Without alternatives, the tree itself.
///
/// ```
/// let tree = tapeline_spec::parse("blur({1, 2}) { | sharpen}").unwrap();
/// let texts: Vec<_> = tapeline_spec::expand(&tree).unwrap().iter().map(ToString::to_string).collect();
/// assert_eq!(texts, ["blur(1)", "blur(1) sharpen", "blur(2)", "blur(2) sharpen"]);
/// ```
///
/// # Errors
/// When there are more than [`MAX_ALTERNATIVES`].
pub fn expand(tree: &Tree) -> Result<Vec<Tree>, Diagnostic> {
    let (count, size) = count_items(&tree.items);
    if count > MAX_ALTERNATIVES {
        let count = if count == u128::MAX {
            "far too many".to_string()
        } else {
            count.to_string()
        };
        let message =
            format!("this stands for {count} alternatives; at most {MAX_ALTERNATIVES} are allowed");
        return Err(Diagnostic::error(tree.place.0, message));
    }
    if count.saturating_mul(size) > MAX_ITEMS {
        return Err(Diagnostic::error(
            tree.place.0,
            format!("{count} alternatives of this length are too many"),
        ));
    }
    let trees = expand_items(&tree.items).into_iter();
    Ok(trees
        .map(|items| Tree {
            items,
            place: tree.place,
        })
        .collect())
}

/// Number of alternatives, and number of items and values.
fn count_items(items: &[Item]) -> (u128, u128) {
    items
        .iter()
        .fold((1, 0), |sum, item| both(sum, count_item(item)))
}

fn both((count, size): (u128, u128), (more, larger): (u128, u128)) -> (u128, u128) {
    (count.saturating_mul(more), size.saturating_add(larger))
}

fn either(sum: (u128, u128), (more, larger): (u128, u128)) -> (u128, u128) {
    (sum.0.saturating_add(more), sum.1.saturating_add(larger))
}

fn count_item(item: &Item) -> (u128, u128) {
    match item {
        Item::Call(call) => {
            let args = call.args.iter().map(|arg| count_value(&arg.value));
            let bodies = call.bodies.iter().flatten().map(|body| count_items(body));
            args.chain(bodies).fold((1, 1), both)
        }
        Item::Repeat { count, items, .. } => {
            let counts = match count {
                Count::Times(_) => 1,
                Count::OneOf(counts) => counts.len() as u128,
            };
            both((counts, 1), count_items(items))
        }
        Item::Choice { choices, .. } => choices
            .iter()
            .map(|choice| count_items(choice))
            .fold((0, 0), either),
    }
}

fn count_value(value: &ValueTree) -> (u128, u128) {
    match &value.kind {
        ValueKind::Choice(values) => values.iter().map(count_value).fold((0, 0), either),
        ValueKind::Tuple(values) => values.iter().map(count_value).fold((1, 1), both),
        _ => (1, 1),
    }
}

/// Every way of taking one of each.
fn product<T: Clone>(parts: impl Iterator<Item = Vec<T>>) -> Vec<Vec<T>> {
    parts.fold(vec![Vec::new()], |lists, part| {
        if let [only] = &part[..] {
            let with = |mut list: Vec<T>| {
                list.push(only.clone());
                list
            };
            return lists.into_iter().map(with).collect();
        }
        let longer = |list: &Vec<T>| {
            part.iter()
                .map(|one| list.iter().chain([one]).cloned().collect())
                .collect::<Vec<_>>()
        };
        lists.iter().flat_map(longer).collect()
    })
}

fn expand_items(items: &[Item]) -> Vec<Vec<Item>> {
    let parts = product(items.iter().map(expand_item));
    parts.into_iter().map(|parts| parts.concat()).collect()
}

/// The lists of items that an item stands for.
fn expand_item(item: &Item) -> Vec<Vec<Item>> {
    match item {
        Item::Call(call) => expand_call(call)
            .into_iter()
            .map(|call| vec![Item::Call(call)])
            .collect(),
        Item::Choice { choices, .. } => choices
            .iter()
            .flat_map(|choice| expand_items(choice))
            .collect(),
        Item::Repeat {
            count,
            items,
            place,
        } => {
            let counts = match count {
                Count::Times(n) => vec![*n],
                Count::OneOf(counts) => counts.clone(),
            };
            let bodies = expand_items(items);
            let one = |n: u32, items: &Vec<Item>| {
                vec![Item::Repeat {
                    count: Count::Times(n),
                    items: items.clone(),
                    place: *place,
                }]
            };
            counts
                .iter()
                .flat_map(|&n| bodies.iter().map(move |items| one(n, items)))
                .collect()
        }
    }
}

fn expand_call(call: &CallTree) -> Vec<CallTree> {
    let args = product(call.args.iter().map(|arg| {
        let with = |value| ArgTree {
            value,
            ..arg.clone()
        };
        expand_value(&arg.value).into_iter().map(with).collect()
    }));
    let bodies = match &call.bodies {
        None => vec![None],
        Some(bodies) => product(bodies.iter().map(|body| expand_items(body)))
            .into_iter()
            .map(Some)
            .collect(),
    };
    let one = |args: &Vec<ArgTree>, bodies: &Option<_>| CallTree {
        args: args.clone(),
        bodies: bodies.clone(),
        name: call.name.clone(),
        ..*call
    };
    args.iter()
        .flat_map(|args| bodies.iter().map(move |bodies| one(args, bodies)))
        .collect()
}

fn expand_value(value: &ValueTree) -> Vec<ValueTree> {
    match &value.kind {
        ValueKind::Choice(values) => values.iter().flat_map(expand_value).collect(),
        ValueKind::Tuple(values) => {
            let tuples = product(values.iter().map(expand_value)).into_iter();
            tuples
                .map(|values| ValueTree {
                    kind: ValueKind::Tuple(values),
                    place: value.place,
                })
                .collect()
        }
        _ => vec![value.clone()],
    }
}
