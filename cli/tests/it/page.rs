//! Tests of `report.html`: a single well-formed, self-contained file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use quick_xml::{Reader, events::Event};

use crate::common::Bench;

/// Names with special characters of HTML, two comparisons (one with gradients and results from
/// another source), and a configuration that diverges.
const REPORT: &str = r#"
title = "a < b & \"c\""
text = """
First `x < y`, with [a page](https://example.org/?a=1&b=2) and [none](javascript:alert(1)).

Second.
"""
seeds = 2
[recipe]
optimizer = "sgd(lr=0.1)"
loss = "cross_entropy"
schedule = "constant"
epochs = 2
batch_size = 10
[quick]
seeds = 1
epochs = 0.5

[source."'else' & <where>"]
about = "from <elsewhere>"
data = "data"
epochs = 2

[[comparison]]
title = "Width <script>alert(1)</script>"
text = "What it is."
gradients = true
[[comparison.row]]
name = "<b>wide & \"deep\""
model = "flatten linear(8) relu linear(3)"
known."'else' & <where>" = [[0.5, 0.15, 0.25]]
[[comparison.row]]
name = "conv"
model = "conv2d(4, 3) relu flatten linear(3)"
[[comparison.claim]]
text = "Wide & deep is better"
better = "<b>wide & \"deep\""
than = "conv"

[[comparison]]
title = "Rate"
text = ""
[[comparison.row]]
name = "sane"
model = "flatten linear(3)"
[[comparison.row]]
name = "wild"
model = "flatten linear(8) linear(3)"
loss = "mse"
optimizer = "sgd(lr=1e30)"
"#;

/// An element with its attributes and the text directly after its tag.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

impl Element {
    fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    fn is(&self, class: &str) -> bool {
        self.get("class").split(' ').any(|name| name == class)
    }
}

/// All elements in order. Panics if the page is not well-formed.
fn elements(page: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(page);
    let (mut all, mut depth) = (Vec::<Element>::new(), 0);
    let mut behind_tag = false;
    loop {
        let event = reader.read_event().unwrap_or_else(|e| panic!("{e}"));
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                depth += usize::from(matches!(event, Event::Start(_)));
                let attributes = tag.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = attribute.unescape_value().unwrap().into_owned();
                    (String::from_utf8(attribute.key.0.to_vec()).unwrap(), value)
                });
                behind_tag = true;
                all.push(Element {
                    name: String::from_utf8(tag.name().0.to_vec()).unwrap(),
                    attributes: attributes.collect(),
                    text: String::new(),
                });
            }
            Event::End(_) => {
                depth -= 1;
                behind_tag = false;
            }
            Event::Text(text) if behind_tag => {
                all.last_mut().unwrap().text += &text.decode().unwrap();
            }
            Event::GeneralRef(entity) if behind_tag => {
                let entity = entity.decode().unwrap();
                let text = quick_xml::escape::resolve_predefined_entity(&entity).unwrap();
                all.last_mut().unwrap().text += text;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "elements that are not closed");
    all
}

fn report() -> String {
    let bench = Bench::new();
    fs::write(bench.path("report.toml"), REPORT).unwrap();
    let args = [
        "report",
        "--from",
        "report.toml",
        "--data",
        "data",
        "--out",
        "out",
    ];
    bench.run(&args).succeeded();
    fs::read_to_string(bench.path("out/report.html")).unwrap()
}

#[test]
fn the_page_of_a_report_is_whole() {
    let page = report();
    let all = elements(&page);
    let named = |name: &'static str| all.iter().filter(move |e| e.name == name);

    // Names are escaped.
    let text = |name: &'static str| named(name).map(|e| e.text.trim()).collect::<Vec<_>>();
    assert_eq!(text("h1"), ["a < b & \"c\""]);
    assert!(text("h2").contains(&"Width <script>alert(1)</script>"));
    assert!(text("code").contains(&"x < y"));
    assert!(text("summary b").is_empty() && text("b").contains(&"<b>wide & \"deep\""));
    assert_eq!(named("script").count(), 1);
    assert!(text("th").contains(&"'else' & <where>"));
    let links: Vec<_> = named("a").map(|e| e.get("href")).collect();
    assert_eq!(
        links,
        [
            "https://example.org/?a=1&b=2",
            "#comparison-0",
            "#comparison-1"
        ]
    );

    // No external resources are loaded.
    assert!(!page.contains("url(") && !page.contains("@import") && named("link").count() == 0);
    for element in all.iter().filter(|e| e.attributes.contains_key("src")) {
        let data = element.get("src").strip_prefix("data:image/png;base64,");
        let png = STANDARD.decode(data.unwrap()).unwrap();
        image::load_from_memory(&png).unwrap();
        assert!(!element.get("alt").is_empty(), "{element:?}");
    }

    // Ids are unique, links refer to them, and heading levels are not skipped.
    let mut ids = BTreeSet::new();
    let all_ids = all.iter().filter_map(|e| e.attributes.get("id"));
    all_ids.for_each(|id| assert!(ids.insert(id.as_str()), "{id} twice"));
    for link in links.iter().filter_map(|link| link.strip_prefix('#')) {
        assert!(ids.contains(link), "{link}");
    }
    let levels = all
        .iter()
        .filter_map(|e| e.name.strip_prefix('h')?.parse::<u8>().ok());
    let levels: Vec<_> = levels.collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1));

    // Each series has a checkbox that hides it.
    for section in page.split("<section").skip(1) {
        let section = elements(&format!(
            "<section{}",
            section.split("</main>").next().unwrap()
        ));
        let count = |test: &dyn Fn(&Element) -> bool| section.iter().filter(|e| test(e)).count();
        let figures = count(&|e| e.is("figures"));
        assert!(figures > 0);
        for series in 0..2 {
            let boxes = count(&|e| e.name == "input" && e.is(&format!("t{series}")));
            let swatches = count(&|e| e.is("swatch") && e.is(&format!("s{series}")));
            assert_eq!((boxes, swatches), (figures, figures));
            let lines = count(&|e| e.name == "g" && e.is(&format!("s{series}")));
            assert!(lines >= 2 * figures - 2, "{series}: {lines}");
            assert!(page.contains(&format!(":has(.t{series}:not(:checked)) .s{series} {{")));
        }
    }
}

#[test]
fn each_finished_model_shows_all_test_images() {
    let page = report();
    // Three models finished; the fourth diverged.
    let models: Vec<_> = page.split("<details>").skip(1).collect();
    assert_eq!(models.len(), 3);
    for model in models {
        let inside = model.split("</details>").next().unwrap();
        let model = elements(&format!("<details>{inside}</details>"));
        let cells = model
            .iter()
            .filter(|e| e.name == "td" && !e.text.is_empty());
        let sum: usize = cells.map(|e| e.text.parse::<usize>().unwrap()).sum();
        assert_eq!(sum, 23);
        let right = model.iter().filter(|e| e.is("right"));
        let right: usize = right.map(|e| e.text.parse::<usize>().unwrap()).sum();
        let summary = format!("seed 0, {} of 23 test images wrong", 23 - right);
        assert!(model.iter().any(|e| e.text == summary), "{summary}");
        let shown = model.iter().filter(|e| e.name == "figure").count();
        assert_eq!(shown, (23 - right).min(12));
        assert_eq!(model.iter().filter(|e| e.is("sheet")).count(), 1);
    }
}

/// A page with forty configurations at the size of MNIST must fit into 3 MB. Weights that are
/// hardly trained look like noise, which takes the most space.
#[test]
fn a_row_is_small() {
    let bench = Bench::new();
    bench.data("large", 28, 60, 40);
    let args = [
        "compare",
        "flatten linear({24, 32}) relu linear(3)",
        "--data",
        "large",
        "--epochs",
        "1",
        "--lr",
        "0.00001",
        "--seeds",
        "1",
    ];
    bench.run(&args).succeeded();
    let page = fs::read_to_string(bench.path("compare/report.html")).unwrap();
    assert!(page.len() < 2 * 3_000_000 / 40, "{}", page.len());
    assert_eq!(elements(&page).iter().filter(|e| e.is("sheet")).count(), 2);
    assert_eq!(page.matches("<figure>").count(), 24);
}

#[test]
fn a_model_of_other_data_shows_nothing() {
    let bench = Bench::new();
    let args = [
        "compare",
        "flatten linear(3)",
        "--data",
        "data",
        "--epochs",
        "1",
    ];
    bench.run(&args).succeeded();
    let page = || fs::read_to_string(bench.path("compare/report.html")).unwrap();
    assert!(page().contains("<details>"));
    bench.data("other", 6, 50, 20);
    let collected = ["compare", "--collect", "compare", "--data", "other"];
    bench.run(&collected).succeeded();
    assert!(!page().contains("<details>"));
}

/// The page of mistakes is whole, bounded, and shows an image and its occlusion map in each figure.
#[test]
fn the_worst_mistakes_are_shown() {
    let bench = Bench::new();
    bench.data("more", 6, 4, 401);
    bench.train("a", &["--epochs", "1", "--lr", "0.00001"]);
    let eval = |data: &str| {
        let args = [
            "eval", "@a", "--data", data, "--errors", "out.html", "--json",
        ];
        let ran = bench.run(&args).succeeded();
        let confusion = ran.json()[0]["confusion"].clone();
        let count = |class: usize, found: usize| confusion[class][found].as_u64().unwrap() as usize;
        let cells = (0..3).flat_map(|class| (0..3).map(move |found| (class, found)));
        let wrong: usize = cells
            .filter(|(class, found)| class != found)
            .map(|(class, found)| count(class, found))
            .sum();
        let page = fs::read_to_string(bench.path("out.html")).unwrap();
        let all = elements(&page);
        assert!(
            all.iter()
                .all(|e| !["script", "link"].contains(&e.name.as_str()))
        );
        for image in all.iter().filter(|e| e.name == "img") {
            let data = image.get("src").strip_prefix("data:image/png;base64,");
            let png = STANDARD.decode(data.unwrap()).unwrap();
            let image = image::load_from_memory(&png).unwrap();
            assert_eq!((image.width(), image.height()), (6, 6));
        }
        let count = |name: &str| all.iter().filter(|e| e.name == name).count();
        assert_eq!(count("img"), 2 * count("figure"));
        (ran.stderr, page.clone(), wrong, count("figure"))
    };
    let (noted, page, wrong, shown) = eval("more");
    assert!(wrong > 60, "{wrong}");
    assert_eq!(shown, 60);
    let said = format!("60 of {wrong} misclassified images, those with the highest loss, of 401");
    assert!(
        page.contains(&said) && noted.contains(&said),
        "{said}: {noted}"
    );
    let (_, page, wrong, shown) = eval("data");
    assert_eq!(shown, wrong);
    let said = format!("all {wrong} misclassified images of 23");
    assert!(page.contains(&said), "{said}");
    bench
        .run(&["eval", "@a", "--errors", "nowhere/out.html"])
        .failed(6, &["nowhere/out.html: cannot write"]);
}

/// Pictures are named by their files, whose names are escaped.
#[test]
fn mistakes_have_the_names_of_their_files() {
    let bench = Bench::new();
    for (class, value) in [("a", 100), ("b", 101)] {
        let folder = bench.path("photos").join(class);
        fs::create_dir_all(&folder).unwrap();
        for i in 0..20 {
            let picture = image::GrayImage::from_pixel(5, 5, image::Luma([value]));
            let name = format!("{class} & {i}.png");
            picture.save(folder.join(name)).unwrap();
        }
    }
    let train = [
        "train",
        "flatten linear(2)",
        "--data",
        "photos",
        "--epochs",
        "1",
        "--out",
        "a",
    ];
    bench.run(&train).succeeded();
    bench
        .run(&["eval", "@a", "--errors", "out.html"])
        .succeeded();
    let page = fs::read_to_string(bench.path("out.html")).unwrap();
    // Pictures that are nearly equal get the same class, so one class is wrong.
    let all = elements(&page);
    let names: Vec<_> = all
        .iter()
        .filter(|e| e.name == "span" && !e.get("title").is_empty())
        .collect();
    assert_eq!(names.len(), 4, "{page}");
    for name in names {
        let class = &name.text[..1];
        assert_eq!(name.get("title"), format!("photos/{class}/{}", name.text));
    }
}
