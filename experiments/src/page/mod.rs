//! Renders a study with its results as one self-contained HTML file, which needs no network and no
//! fonts, and JavaScript for sorting and printing only.
//!
//! The page is also well-formed XML, so that a parser can check it.
//!
//! | module | contents |
//! |---|---|
//! | [`html`] | escaping, paragraphs |
//! | [`table`] | the results table of a comparison |
//! | [`figures`] | charts with a legend that toggles their series |
//! | [`models`] | diagnostics of each configuration's model |
//! | `mistakes` | the page of misclassified images |
//! | [`picture`] | images as PNG data URLs |

mod figures;
mod html;
mod mistakes;
mod models;
mod picture;
mod table;

use tapeline_plots::Chart;

use crate::{
    mistakes::Mistakes,
    page::html::{escaped, inline, paragraphs},
    study::{
        Study,
        evidence::Evidence,
        facts::{self, facts},
        results::Compared,
        text::{STRANGERS, method, strangers, verdicts},
    },
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Renders the page. `evidence` has an entry for each configuration of each comparison.
pub fn page(study: &Study, all: &[Compared<'_>], evidence: &[Vec<Option<Evidence>>]) -> String {
    let series = all.iter().map(|compared| compared.rows.len()).max();
    let style = [Chart::style(), &figures::toggles(series.unwrap_or(0))].concat();
    let mut body = paragraphs(&study.text);
    let fact = |(name, value): &(String, String)| {
        format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), inline(value))
    };
    let facts: String = facts(study).iter().map(fact).collect();
    body += &format!("<dl class=\"facts\">\n{facts}</dl>\n");
    if all.len() > 1 {
        body += &contents(all);
    }
    for (number, (compared, evidence)) in all.iter().zip(evidence).enumerate() {
        body += &section(study, number, compared, evidence);
    }
    document(&study.title, &style, &body, SCRIPT)
}

/// Renders the page of misclassified images.
pub fn mistakes(mistakes: &Mistakes) -> String {
    let title = format!("Misclassified images of {}", mistakes.data);
    document(&title, "", &mistakes::body(mistakes), "")
}

/// Returns a whole page: a body with its title, and what it needs besides the common style.
fn document(title: &str, style: &str, body: &str, script: &str) -> String {
    let title = escaped(title);
    let script = match script {
        "" => String::new(),
        script => format!("<script>\n{script}</script>\n"),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
        <meta name=\"color-scheme\" content=\"light dark\"/>\n\
        <title>{title}</title>\n<style>\n{style}{STYLE}</style>\n</head>\n\
        <body>\n<main>\n<h1>{title}</h1>\n{body}\
        </main>\n<footer>Tapeline {}</footer>\n{script}</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn contents(all: &[Compared<'_>]) -> String {
    let entry = |(number, compared): (usize, &Compared<'_>)| {
        let title = escaped(&compared.comparison.title);
        format!("<li><a href=\"#comparison-{number}\">{title}</a></li>\n")
    };
    let entries: String = all.iter().enumerate().map(entry).collect();
    format!("<nav aria-label=\"Contents\">\n<ol>\n{entries}</ol>\n</nav>\n")
}

fn section(
    study: &Study,
    number: usize,
    compared: &Compared<'_>,
    evidence: &[Option<Evidence>],
) -> String {
    let comparison = compared.comparison;
    // If the study has a single comparison with the same title, the page's heading serves for both.
    let alone = study.title == comparison.title;
    let level = if alone { 2 } else { 3 };
    let heading = |text: &str| format!("<h{level}>{text}</h{level}>\n");
    let mut html = format!("<section id=\"comparison-{number}\">\n");
    if !alone {
        html += &format!("<h2>{}</h2>\n", escaped(&comparison.title));
    }
    html += &paragraphs(&comparison.text);
    html += &table::table(compared);
    let models = facts::models(compared);
    if !models.is_empty() {
        html += "<p>Models:</p>\n";
        html += &list(&models, true);
    }
    let changes = facts::changes(study, compared);
    if !changes.is_empty() {
        html += "<p>Changes from the recipe:</p>\n";
        html += &list(&changes, true);
    }
    let lines = verdicts(compared);
    if !lines.is_empty() {
        html += &heading("Verdicts");
        let claims = !comparison.claims.is_empty();
        if let Some(method) = method(compared).filter(|_| claims) {
            html += &format!("<p class=\"note\">Method: {}.</p>\n", escaped(&method));
        }
        html += &list(&lines, claims);
    }
    let strangers = strangers(compared);
    if !strangers.is_empty() {
        html += &format!("<p>{}</p>\n", escaped(STRANGERS));
        html += &list(&strangers, true);
    }
    html += &heading("Learning curves");
    html += &figures::curves(number, compared);
    if comparison.gradients && evidence.iter().any(Option::is_some) {
        html += &heading("Gradients");
        html += &figures::gradients(number, compared, evidence);
    }
    if evidence.iter().any(Option::is_some) {
        html += &heading("Models");
        html +=
            "<p>The first finished run of each configuration, evaluated on the test images.</p>\n";
        for (row, evidence) in compared.rows.iter().zip(evidence) {
            if let Some(evidence) = evidence {
                html += &models::model(&row.row.name(), evidence, level + 1);
            }
        }
    }
    html + "</section>\n"
}

/// Renders lines as a list. Unless `all` is set, only indented lines become items, and the others
/// become paragraphs above them.
fn list(lines: &[String], all: bool) -> String {
    let is_item = |line: &&String| all || line.starts_with(' ');
    let show = |tag, line: &String| format!("<{tag}>{}</{tag}>\n", inline(line.trim()));
    let texts = lines.iter().filter(|line| !is_item(line));
    let mut html: String = texts.map(|line| show("p", line)).collect();
    let items = lines.iter().filter(is_item);
    let items: String = items.map(|line| show("li", line)).collect();
    if !items.is_empty() {
        html += &format!("<ul>\n{items}</ul>\n");
    }
    html
}
