//! Padding of images.

use crate::{Build, IndexTable, Refusal, sizes::padded};

/// Returns the source index of each cell of an axis of `size` cells that is padded with `before`
/// and `after` cells; `None` is a zero. `mode` is `zeros`, `reflect`, `replicate` or `circular`.
/// (`torch.nn.functional.pad`)
///
/// # Errors
/// When the axis is too short for the padding in this mode, or the model's tables become too large.
pub fn table(
    build: &mut Build,
    mode: &str,
    size: usize,
    [before, after]: [usize; 2],
) -> Result<IndexTable, Refusal> {
    let most = match mode {
        "reflect" => size.saturating_sub(1),
        "circular" => size,
        _ => usize::MAX,
    };
    if before.max(after) > most {
        return Err(Refusal::from(format!(
            "a `{mode}` padding of {} is too large for {size} cells; the maximum is {most}",
            before.max(after)
        ))
        .arg("padding"));
    }
    let last = size - 1;
    let copied = |place: usize| match mode {
        "reflect" if place < before => before - place,
        "reflect" if place - before > last => 2 * last - (place - before),
        "replicate" => place.saturating_sub(before).min(last),
        "circular" => (place + size - before) % size,
        _ => place - before,
    };
    let inside = before..padded(size, [before, 0]);
    let cell = |place| (mode != "zeros" || inside.contains(&place)).then(|| copied(place));
    build
        .table(padded(size, [before, after]), cell)
        .map_err(|refusal| refusal.arg("padding"))
}
