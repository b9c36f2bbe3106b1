//! The choices that distinguish the alternatives of a tree.

use crate::{
    SpecError, Tree,
    expand::{count, exprs, items, product},
    tree::{Arg, Call, Expr, Item},
};

/// The places of a tree that hold alternatives, and the option that each expanded tree chooses
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// The places in order, as written: `{1, 3}`. Alternatives nested in alternatives are not
    /// separate places.
    pub places: Vec<String>,
    /// For each expanded tree, in the order of [`expand`](crate::expand()), the option chosen at
    /// each place; an empty string for an empty option.
    pub chosen: Vec<Vec<String>>,
}

/// Returns the choices that distinguish the alternatives of a tree.
///
/// # Errors
/// Same as [`expand`](crate::expand()).
///
/// ```
/// use tapeline_spec::{choices, parse};
///
/// let tree = parse("{0, 2}*linear(8) { | tanh}")?;
/// let choices = choices(&tree)?;
/// assert_eq!(choices.places, ["{0, 2}", "{ | tanh }"]);
/// assert_eq!(choices.chosen, [["0", ""], ["0", "tanh"], ["2", ""], ["2", "tanh"]]);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn choices(tree: &Tree) -> Result<Choices, SpecError> {
    count(tree)?;
    let mut places = Vec::new();
    for definition in &tree.lets {
        for default in definition
            .params
            .iter()
            .filter_map(|param| param.default.as_ref())
        {
            values(default, &mut places);
        }
        list(&definition.body, &mut places);
    }
    list(&tree.items, &mut places);
    let options = places.iter().map(|place| {
        place
            .options
            .iter()
            .map(|text| vec![text.clone()])
            .collect()
    });
    Ok(Choices {
        chosen: product(options),
        places: places.into_iter().map(|place| place.text).collect(),
    })
}

/// A place and all its options.
struct Place {
    text: String,
    options: Vec<String>,
}

fn written(items: &[Item]) -> String {
    let items: Vec<_> = items.iter().map(Item::to_string).collect();
    items.join(" ")
}

/// Collects the places of some items in the order in which [`expand`](crate::expand()) visits them:
/// the last one varies fastest.
fn list(items: &[Item], places: &mut Vec<Place>) {
    for item in items {
        match item {
            Item::Call(call) => calls(call, places),
            Item::Repeat(repeat) => {
                if repeat.counts.len() > 1 {
                    let options: Vec<_> = repeat.counts.iter().map(u16::to_string).collect();
                    places.push(Place {
                        text: format!("{{{}}}", options.join(", ")),
                        options,
                    });
                }
                list(&repeat.body, places);
            }
            Item::OneOf(one_of) => {
                let options = one_of.options.iter().flat_map(|option| self::items(option));
                places.push(Place {
                    text: item.to_string(),
                    options: options.map(|items| written(&items)).collect(),
                });
            }
        }
    }
}

fn calls(call: &Call, places: &mut Vec<Place>) {
    for Arg { value, .. } in &call.args {
        values(value, places);
    }
    for body in &call.bodies {
        list(body, places);
    }
}

fn values(expr: &Expr, places: &mut Vec<Place>) {
    match expr {
        Expr::Value(_) => {}
        Expr::Tuple(parts) => parts.iter().for_each(|part| values(part, places)),
        Expr::Chain(chain) => chain.operands().for_each(|part| values(part, places)),
        Expr::OneOf(one_of) => {
            let options = one_of.options.iter().flat_map(exprs);
            places.push(Place {
                text: expr.to_string(),
                options: options.map(|value| value.to_string()).collect(),
            });
        }
    }
}
