//! Diagnostics of each configuration's model: confusion matrix, worst mistakes, first layer,
//! gradient norms.

use crate::{
    page::{
        figures,
        html::escaped,
        picture::{image, sheet},
    },
    study::evidence::{Evidence, Filters, Wrong},
    table::percent,
};

/// Number of shades of a confusion matrix, not counting the empty one.
const SHADES: f64 = 9.0;

/// Minimum width of a tile of a sheet, in pixels.
const TILE: usize = 48;

/// The collapsible section of one model.
pub fn model(name: &str, evidence: &Evidence, level: usize) -> String {
    let images: usize = evidence.confusion.iter().flatten().sum();
    let right: usize = (0..evidence.confusion.len())
        .map(|i| evidence.confusion[i][i])
        .sum();
    let part = |class: &str, title: &str, html: String| {
        format!("<div class=\"{class}\">\n<h{level}>{title}</h{level}>\n{html}</div>\n")
    };
    let mut parts = part("matrix", "Confusion matrix", confusion(evidence));
    if !evidence.wrong.is_empty() {
        let title = "Most confidently wrong";
        parts += &part("mistakes", title, wrong(evidence));
    }
    if let Some(filters) = &evidence.filters {
        parts += &part("weights", "First layer", weights(filters));
    }
    let end = match evidence.gradients.end {
        Some(_) => "solid after training",
        None => "not finite after training",
    };
    let start = match evidence.gradients.start {
        Some(_) => ", dashed before training",
        None => "",
    };
    let norms = figures::norms(&evidence.gradients);
    let note = format!(
        "<p class=\"note\">Norm for each weight over the first training images, logarithmic scale: {end}{start}.</p>\n"
    );
    parts += &part("norms", "Gradient norms", norms + &note);
    format!(
        "<details>\n<summary><b>{}</b> <span class=\"note\">seed {}, {} of {images} test images wrong</span></summary>\n\
        <div class=\"parts\">\n{parts}</div>\n</details>\n",
        escaped(name),
        evidence.seed,
        images - right
    )
}

fn confusion(evidence: &Evidence) -> String {
    let column = |class: &String| format!("<th scope=\"col\">{}</th>", escaped(class));
    let columns: String = evidence.classes.iter().map(column).collect();
    let row = |(class, row): (usize, &Vec<usize>)| {
        let images = row.iter().sum::<usize>().max(1) as f64;
        let cell = |(found, &count): (usize, &usize)| {
            // The square root makes small counts visible.
            let shade = (SHADES * (count as f64 / images).sqrt()).ceil();
            match (count, found == class) {
                (0, _) => "<td></td>".into(),
                (_, true) => format!("<td class=\"right h{shade}\">{count}</td>"),
                (_, false) => format!("<td class=\"h{shade}\">{count}</td>"),
            }
        };
        let cells: String = row.iter().enumerate().map(cell).collect();
        let name = escaped(&evidence.classes[class]);
        format!("<tr><th scope=\"row\">{name}</th>{cells}</tr>\n")
    };
    let rows: String = evidence.confusion.iter().enumerate().map(row).collect();
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Confusion matrix\">\n\
        <table class=\"confusion\">\n<thead>\n<tr><th></th>{columns}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n\
        <p class=\"note\">Rows: true class. Columns: predicted class.</p>\n"
    )
}

fn wrong(evidence: &Evidence) -> String {
    let name = |class: usize| escaped(&evidence.classes[class]);
    let shown = |wrong: &Wrong| {
        let (is, taken) = (name(wrong.class), name(wrong.likeliest[0].0));
        let likeliest = wrong.likeliest.iter();
        let likeliest = likeliest.map(|&(class, p)| {
            let (class, p) = (name(class), percent(p.into()));
            format!("<li><span>{class}</span> {p}</li>")
        });
        format!(
            "<figure>\n<img src=\"{}\" alt=\"Test image {}: {is}, predicted as {taken}\"/>\n\
            <figcaption>{is}, not {taken}<ul>{}</ul></figcaption>\n</figure>\n",
            image(&wrong.image),
            wrong.index,
            likeliest.collect::<String>()
        )
    };
    let shown: String = evidence.wrong.iter().map(shown).collect();
    format!("<div class=\"wrong\">\n{shown}</div>\n")
}

fn weights(filters: &Filters) -> String {
    let sheet = sheet(filters);
    let scale = TILE.div_ceil(filters.cols.max(filters.rows));
    let (shown, name) = (filters.images.len(), escaped(&filters.name));
    let count = match shown == filters.of {
        true => format!("All {shown}"),
        false => format!("The first {shown} of {}", filters.of),
    };
    format!(
        "<img class=\"sheet\" width=\"{}\" height=\"{}\" src=\"{}\" alt=\"{shown} images of the weights {name}\"/>\n\
        <p class=\"note\">{count} of <code>{name}</code>, each on its own scale: red is positive, blue is negative.</p>\n",
        scale * sheet.width,
        scale * sheet.height,
        sheet.source
    )
}
