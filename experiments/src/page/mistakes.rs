//! The page of misclassified images, by cell of the confusion matrix.

use crate::{
    mistakes::{Cell, Mistakes, Shown},
    page::{
        html::escaped,
        picture::{image, map},
    },
    table::percent,
};

/// The contents of the page, below its title.
pub fn body(mistakes: &Mistakes) -> String {
    let mut html = format!("<p>Shown: {}.</p>\n", escaped(&mistakes.count()));
    if mistakes.wrong == 0 {
        return html;
    }
    html += "<p class=\"note\">Right of each image: where covering it lowers (red) or raises (blue) the \
        probability of the predicted class. Each map has its own scale.</p>\n";
    for cell in &mistakes.cells {
        html += &self::cell(mistakes, cell);
    }
    html
}

fn cell(mistakes: &Mistakes, cell: &Cell) -> String {
    let [class, predicted] =
        [cell.class, cell.predicted].map(|class| escaped(&mistakes.classes[class]));
    let count = match (cell.shown.len(), cell.images) {
        (1, 1) => "1 image".into(),
        (shown, all) if shown == all => format!("{all} images"),
        (shown, all) => format!("{shown} of {all} images"),
    };
    let shown = cell.shown.iter().map(|shown| figure(mistakes, shown));
    format!(
        "<section class=\"cell\">\n<h2>{class}, predicted as {predicted} <span class=\"note\">{count}</span></h2>\n\
        <div class=\"wrong pairs\">\n{}</div>\n</section>\n",
        shown.collect::<String>()
    )
}

fn figure(mistakes: &Mistakes, shown: &Shown) -> String {
    let mistake = &shown.mistake;
    let name = |class: usize| escaped(&mistakes.classes[class]);
    let probability = |class: usize| percent(mistake.probabilities[class].into());
    let (class, predicted) = (mistake.class, mistake.predicted);
    let title = match &shown.file {
        Some(file) => {
            let path = escaped(&file.display().to_string());
            let base = file.file_name().unwrap_or(file.as_os_str());
            let base = escaped(&base.display().to_string());
            format!("<span title=\"{path}\">{base}</span>")
        }
        None => format!("test image {}", mistake.index),
    };
    format!(
        "<figure>\n<img src=\"{}\" alt=\"Test image {}: {}, predicted as {}\"/>\n\
        <img src=\"{}\" alt=\"Occlusion map\"/>\n\
        <figcaption>{title}<ul><li>true: <span>{}</span> {}</li><li>predicted: <span>{}</span> {}</li>\
        <li>loss {:.4}</li></ul></figcaption>\n</figure>\n",
        image(&shown.image),
        mistake.index,
        name(class),
        name(predicted),
        map(&shown.occlusion),
        name(class),
        probability(class),
        name(predicted),
        probability(predicted),
        mistake.loss
    )
}
