//! Converts the small subset of Markdown that studies use to HTML.

pub use crate::escape::xml as escaped;

/// Paragraphs, separated by blank lines.
pub fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts
        .map(|part| format!("<p>{}</p>\n", inline(part)))
        .collect()
}

/// A text with `` `code` `` and `[links](address)`.
pub fn inline(text: &str) -> String {
    let Some((before, rest)) = text.split_once('`') else {
        return links(text);
    };
    match rest.split_once('`') {
        Some((code, rest)) => {
            let (before, code) = (links(before), escaped(code));
            format!("{before}<code>{code}</code>{}", inline(rest))
        }
        None => links(text),
    }
}

fn links(text: &str) -> String {
    let link = || {
        let (before, rest) = text.split_once('[')?;
        let (name, rest) = rest.split_once("](")?;
        let (address, rest) = rest.split_once(')')?;
        leads_to_a_page(address).then(|| {
            let (before, address, name) = (escaped(before), escaped(address), escaped(name));
            format!(
                "{before}<a href=\"{address}\">{name}</a>{rest}",
                rest = links(rest)
            )
        })
    };
    link().unwrap_or_else(|| escaped(text))
}

/// Whether an address is on the web or relative to the page. Rejects schemes that run code.
fn leads_to_a_page(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://") || !address.contains(':')
}
