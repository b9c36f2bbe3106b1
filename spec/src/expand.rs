//! Expansion of alternatives.

mod ways;

use ways::Ways;

use crate::{
    Diagnostic, SpecError, Tree,
    tree::{Arg, Call, Expr, Item, Let, Param, Repeat, span},
};

/// The maximum number of alternatives of a tree.
pub const MAX_ALTERNATIVES: u64 = 1000;

/// The maximum total size of all alternatives as text, in bytes. The trees take about a hundred
/// times as much memory.
const MOST_BYTES: u64 = 1 << 20;

/// Returns all trees that result from choosing one option at each place, in order; the last place
/// varies fastest. A tree without alternatives is returned unchanged.
///
/// # Errors
/// If there are more than [`MAX_ALTERNATIVES`], or their total size exceeds 1 MiB.
///
/// ```
/// use tapeline_spec::{expand, parse};
///
/// let tree = parse("{0, 2}*linear(8) {relu | tanh}")?;
/// let texts: Vec<_> = expand(&tree)?.iter().map(|tree| tree.to_string()).collect();
/// assert_eq!(texts, ["0*linear(8) relu", "0*linear(8) tanh", "2*linear(8) relu", "2*linear(8) tanh"]);
/// # Ok::<(), tapeline_spec::SpecError>(())
/// ```
pub fn expand(tree: &Tree) -> Result<Vec<Tree>, SpecError> {
    if count(tree)? == 1 {
        return Ok(vec![tree.clone()]);
    }
    let items = items(&tree.items);
    let lets = product(tree.lets.iter().map(definitions)).into_iter();
    let trees = lets.flat_map(|lets| {
        items.iter().map(move |items| Tree {
            text: tree.text.clone(),
            lets: lets.clone(),
            items: items.clone(),
        })
    });
    Ok(trees.collect())
}

/// Returns the number of alternatives, or an error if there are too many.
pub(crate) fn count(tree: &Tree) -> Result<u64, SpecError> {
    let count = tree.lets.ways().saturating_mul(tree.items.ways());
    let refuse = |what: String, most: String| {
        let error = Diagnostic::error(span(&tree.items), what).help(format!("at most {most}"));
        Err(tree.error(vec![error]))
    };
    if count > MAX_ALTERNATIVES {
        let number = match count {
            u64::MAX => format!("more than {}", u64::MAX - 1),
            count => count.to_string(),
        };
        return refuse(
            format!("{number} alternatives are too many"),
            MAX_ALTERNATIVES.to_string(),
        );
    }
    let bytes = tree.to_string().len();
    if count > 1 && count * bytes as u64 > MOST_BYTES {
        let what = format!("{count} alternatives of about {bytes} characters each are too long");
        return refuse(what, format!("{MOST_BYTES} together"));
    }
    Ok(count)
}

/// Returns the Cartesian product: all sequences with one of the first options, then one of the
/// second, and so on, concatenated.
pub(crate) fn product<T: Clone>(parts: impl Iterator<Item = Vec<Vec<T>>>) -> Vec<Vec<T>> {
    let mut all = vec![Vec::new()];
    for options in parts {
        if let [only] = &options[..] {
            all.iter_mut()
                .for_each(|begun| begun.extend_from_slice(only));
        } else {
            let longer = all
                .iter()
                .flat_map(|begun| options.iter().map(|option| [&begun[..], option].concat()));
            all = longer.collect();
        }
    }
    all
}

/// Returns the alternatives of a definition, each as a list of one.
fn definitions(definition: &Let) -> Vec<Vec<Let>> {
    let params = product(definition.params.iter().map(|param| {
        let defaults = match &param.default {
            Some(default) => exprs(default).into_iter().map(Some).collect(),
            None => vec![None],
        };
        let params = defaults.into_iter().map(|default| Param {
            name: param.name.clone(),
            default,
            ..*param
        });
        params.map(|param| vec![param]).collect()
    }));
    let bodies = items(&definition.body);
    let both = params.iter().flat_map(|params| {
        bodies.iter().map(|body| Let {
            name: definition.name.clone(),
            params: params.clone(),
            body: body.clone(),
            ..*definition
        })
    });
    both.map(|definition| vec![definition]).collect()
}

pub(crate) fn items(list: &[Item]) -> Vec<Vec<Item>> {
    product(list.iter().map(item))
}

/// Returns the alternatives of an item. Each is a list of items, since an option can be a whole
/// spec.
fn item(item: &Item) -> Vec<Vec<Item>> {
    match item {
        Item::Call(call) => calls(call)
            .into_iter()
            .map(|call| vec![Item::Call(call)])
            .collect(),
        Item::Repeat(repeat) => {
            let bodies = items(&repeat.body);
            let both = repeat.counts.iter().flat_map(|&count| {
                bodies.iter().map(move |body| {
                    let (counts, body) = (vec![count], body.clone());
                    vec![Item::Repeat(Repeat {
                        counts,
                        body,
                        ..*repeat
                    })]
                })
            });
            both.collect()
        }
        Item::OneOf(one_of) => one_of
            .options
            .iter()
            .flat_map(|option| items(option))
            .collect(),
    }
}

fn calls(call: &Call) -> Vec<Call> {
    let args = product(call.args.iter().map(|arg| {
        let values = exprs(&arg.value).into_iter();
        values
            .map(|value| {
                vec![Arg {
                    value,
                    name: arg.name.clone(),
                    ..*arg
                }]
            })
            .collect()
    }));
    let bodies = product(
        call.bodies
            .iter()
            .map(|body| items(body).into_iter().map(|body| vec![body]).collect()),
    );
    let both = args.iter().flat_map(|args| {
        bodies.iter().map(|bodies| Call {
            name: call.name.clone(),
            args: args.clone(),
            bodies: bodies.clone(),
            ..*call
        })
    });
    both.collect()
}

pub(crate) fn exprs(expr: &Expr) -> Vec<Expr> {
    match expr {
        Expr::Value(_) => vec![expr.clone()],
        Expr::Tuple(parts) => all(parts.iter()).into_iter().map(Expr::Tuple).collect(),
        Expr::Chain(chain) => {
            let operands = all(chain.operands()).into_iter();
            operands
                .filter_map(|operands| chain.with(operands).map(Expr::Chain))
                .collect()
        }
        Expr::OneOf(one_of) => one_of.options.iter().flat_map(exprs).collect(),
    }
}

/// Returns the alternatives of several values together.
fn all<'e>(parts: impl Iterator<Item = &'e Expr>) -> Vec<Vec<Expr>> {
    product(parts.map(|part| exprs(part).into_iter().map(|part| vec![part]).collect()))
}
