//! Layers applied one after another.

use std::sync::Arc;

use tapeline_spec::{Call, Diagnostic, quote};
use tapeline_tensor::Var;

use crate::{
    AnyLayer, Build, Ctx, Element, Graph, GraphValue, Layer, LayerDef, Meaning, NoNodes, Refusal,
    SavedId,
    built::Join,
    def::Message,
    input_size,
    site::{LayerSummary, Site},
};

/// A sequence of layers, applied in order; itself a layer. An empty chain is the identity.
pub struct Sequential {
    links: Vec<Link>,
    meaning: Meaning,
}

/// The starting point of a chain.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Shape of its input, without the batch.
    pub shape: &'a [usize],
    /// Meaning of its input.
    pub meaning: Meaning,
    /// Prefix of the paths of its layers.
    pub prefix: &'a str,
    /// Nesting depth.
    pub depth: usize,
}

struct Link {
    /// Path of the layer: `5`, or `5.0` in the body of layer 5.
    path: String,
    /// The scope in which it runs: its path and name.
    scope: Arc<str>,
    /// Shape of its input, without the batch.
    input: Vec<usize>,
    /// The values saved in the chain of which it is the last user.
    last_use: Vec<SavedId>,
    layer: Box<dyn AnyLayer>,
}

impl Sequential {
    /// Builds the calls of one chain. Returns the chain and the shape of its output.
    pub(crate) fn build(
        calls: &[Call<LayerDef>],
        entry: Entry<'_>,
        site: &mut Site,
    ) -> Result<(Sequential, Vec<usize>), Vec<Diagnostic>> {
        let saved = site.saved_values.visible();
        let linked = Sequential::link(calls, entry, site);
        let hidden = site.saved_values.hide(saved);
        let (mut chain, shape, rows) = linked?;
        for value in hidden {
            let last_use = value.last_use.unwrap_or(value.row);
            // The link that the row belongs to, or to whose body.
            let place = rows.partition_point(|&row| row <= last_use);
            if let Some(link) = chain.links[..place].last_mut() {
                link.last_use.push(value.saved.id);
            }
        }
        Ok((chain, shape))
    }

    /// Builds the calls of one chain. Returns the chain, the shape of its output, and the row of
    /// each link.
    fn link(
        calls: &[Call<LayerDef>],
        entry: Entry<'_>,
        site: &mut Site,
    ) -> Result<(Sequential, Vec<usize>, Vec<usize>), Vec<Diagnostic>> {
        let mut links: Vec<Link> = Vec::with_capacity(calls.len());
        let mut join: Option<Join> = None;
        site.expect(calls.len());
        let mut rows = Vec::new();
        let Entry { prefix, depth, .. } = entry;
        let (mut shape, mut meaning) = (entry.shape.to_vec(), entry.meaning);
        for (i, call) in calls.iter().enumerate() {
            let bound = match call.args.is_deferred() {
                true => Some(input_size::bind(call, &shape)?),
                false => None,
            };
            let call = bound.as_ref().unwrap_or(call);
            site.bound.push(call.args.clone());
            let path = format!("{prefix}{i}");
            let scope: Arc<str> = format!("{path} {}", call.def.name).into();
            site.open(LayerSummary {
                path: path.clone(),
                scope: scope.clone(),
                text: call.text(),
                span: call.span,
                depth,
                output: Vec::new(),
                parameters: 0,
                multiply_adds: 0,
                input_meaning: meaning,
                output_meaning: meaning,
            });
            let mut build = Build {
                site,
                path: path.clone(),
                shape: &shape,
                meaning,
                bodies: &call.bodies,
                depth,
            };
            let built = (call.def.build)(&call.args, &mut build).and_then(|built| {
                let row = site.close(&built)?;
                Ok((built, row))
            });
            let (built, row) = built.map_err(|refusal| {
                explain(refusal, call, i.checked_sub(1).map(|i| &calls[i]), &shape)
            })?;
            meaning = site.meaning(row);
            let input = std::mem::replace(&mut shape, built.output);
            let joined = built.epilogue.and_then(|epilogue| join.as_ref()?(epilogue));
            match (joined, links.last_mut()) {
                (Some(joined), Some(last)) => {
                    last.layer = joined.layer;
                    join = joined.join;
                }
                _ => {
                    rows.push(row);
                    links.push(Link {
                        path,
                        scope,
                        input,
                        last_use: Vec::new(),
                        layer: built.layer,
                    });
                    join = built.join;
                }
            }
        }
        Ok((Sequential { links, meaning }, shape, rows))
    }

    /// Returns what its output means in evaluation.
    pub fn meaning(&self) -> Meaning {
        self.meaning
    }

    /// Appends its layers to a graph. Same as the trait method, but without a scalar type.
    ///
    /// # Errors
    /// The first layer that can't be written as nodes.
    pub fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        self.links.iter().try_fold(x, |x, link| {
            graph.within(&link.path, &link.input, |graph| {
                Layer::<f32>::nodes(&*link.layer, graph, x)
            })
        })
    }
}

/// Turns a refusal into a diagnostic that names the layer, its input shape, and the layer before
/// it.
fn explain(
    refusal: Refusal,
    call: &Call<LayerDef>,
    before: Option<&Call<LayerDef>>,
    shape: &[usize],
) -> Vec<Diagnostic> {
    let this = quote(&call.text());
    let from = match before {
        Some(before) => format!("{shape:?} from {}", quote(&before.text())),
        None => format!("{shape:?}"),
    };
    let message = match refusal.message {
        Message::Inside(errors) => return errors,
        Message::Takes(takes) => format!("{this} takes {takes}, but gets {from}"),
        Message::Text(text) => format!("{this} on {from}: {text}"),
    };
    let span = refusal
        .arg
        .and_then(|arg| call.arg_span(arg))
        .unwrap_or(call.span);
    let mut diagnostic = call.locate(Diagnostic::error(span, message));
    diagnostic.notes.extend(refusal.note);
    vec![match refusal.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }]
}

impl<T: Element> Layer<T> for Sequential {
    fn forward<'t>(&self, cx: &Ctx<'t, '_, T>, x: Var<'t, T>) -> Var<'t, T> {
        let tape = cx.tape();
        let start = tape.position();
        let (mut x, mut links, mut position) = (x, &self.links[..], start);
        while let [link, rest @ ..] = links {
            let layer = T::layer(&*link.layer);
            let folded = rest.split_first().and_then(|(next, rest)| {
                let next = match cx.may_fold() {
                    true => T::layer(&*next.layer).by_channel(cx)?,
                    false => return None,
                };
                let y = cx.scope(&link.scope, || layer.forward_then(cx, x, &next))?;
                Some((y, rest))
            });
            let (y, rest) =
                folded.unwrap_or_else(|| (cx.scope(&link.scope, || layer.forward(cx, x)), rest));
            let done = &links[..links.len() - rest.len()];
            for &id in done.iter().flat_map(|link| &link.last_use) {
                // A value from before the chain is not the chain's to release.
                let at = cx.forget(id).filter(|&at| at >= start);
                position = at.map_or(position, |at| at.min(position));
            }
            position = tape.release(position, y);
            (x, links) = (y, rest);
        }
        x
    }

    fn nodes(&self, graph: &mut Graph, x: GraphValue) -> Result<GraphValue, NoNodes> {
        Sequential::nodes(self, graph, x)
    }
}
