//! What was probably meant.

/// The nearest of some names, if one is near enough to be meant: a few letters wrong, missing, added or swapped; capitals don't count.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name there is: not meant, and not to be compared at length.
    const LONGEST: usize = 64;
    let wanted: Vec<char> = name.to_lowercase().chars().take(LONGEST + 1).collect();
    if wanted.len() > LONGEST {
        return None;
    }
    let far = |candidate: &str| {
        distance(
            &wanted,
            &candidate.to_lowercase().chars().collect::<Vec<_>>(),
        )
    };
    let nearest = names.map(|candidate| (far(candidate), candidate)).min()?;
    let most = (wanted.len() / 3).max(1);
    (nearest.0 <= most).then_some(nearest.1)
}

/// How many letters to change, add, take away or swap with the next (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = [
        vec![0; b.len() + 1],
        (0..=b.len()).collect(),
        vec![0; b.len() + 1],
    ];
    for i in 1..=a.len() {
        let [before, last, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}
