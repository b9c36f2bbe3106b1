//! Suggestions for misspelled names.

/// Returns the candidate closest to `name`, if one is close enough: equal up to case, or within an
/// edit distance of a third of the longer length, but at least 1 and at most 3. Ties go to the
/// first candidate.
///
/// ```
/// assert_eq!(tapeline_spec::nearest("lienar", ["linear", "relu"]), Some("linear"));
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let lower: Vec<char> = name.to_lowercase().chars().collect();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let known: Vec<char> = candidate.to_lowercase().chars().collect();
        let most = (lower.len().max(known.len()) / 3).clamp(1, 3);
        if known.len().abs_diff(lower.len()) > most {
            continue;
        }
        let distance = distance(&lower, &known);
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The Damerau–Levenshtein distance in its restricted form (optimal string alignment): insertions,
/// deletions, substitutions, and transpositions of adjacent characters.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: [Vec<usize>; 3] = [
        vec![0; b.len() + 1],
        vec![0; b.len() + 1],
        (0..=b.len()).collect(),
    ];
    for i in 1..=a.len() {
        rows.rotate_left(1);
        let [before, above, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
    }
    rows[2][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let distance = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|s| s.chars().collect::<Vec<_>>());
            assert_eq!(distance(&a, &b), distance(&b, &a));
            distance(&a, &b)
        };
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("relu", "rleu"), 1);
        assert_eq!(distance("ca", "abc"), 3);
    }

    #[test]
    fn near_names() {
        let known = ["conv2d", "linear", "maxpool2d", "relu", "tanh"];
        let nearest = |name| nearest(name, known);
        assert_eq!(nearest("Conv2D"), Some("conv2d"));
        assert_eq!(nearest("maxpol2d"), Some("maxpool2d"));
        assert_eq!(nearest("RELUU"), Some("relu"));
        assert_eq!(nearest("lienar"), Some("linear"));
        assert_eq!(nearest("gelu"), Some("relu"));
        assert_eq!(nearest("softmax"), None);
        assert_eq!(nearest(&"relu".repeat(100_000)), None);
    }
}
