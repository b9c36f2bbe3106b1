//! Evaluations of many batches, which threads compute one each.

use tapeline_data::{Dataset, Images, Normalisation};
use tapeline_layers::{NamedLoss, layers, losses};
use tapeline_models::{Evaluation, Model, NotFinite, Subject, evaluate, presets};
use tapeline_tensor::{Params, Pool};

/// Images of 4 × 4 pixels in two classes; the brightness of an image is that of all its pixels.
fn images(brightness: impl Fn(usize) -> u8) -> Dataset {
    const COUNT: usize = 950;
    let pixels = (0..COUNT * 16).map(|i| brightness(i / 16)).collect();
    let labels: Vec<u8> = (0..COUNT).map(|i| (i % 2) as u8).collect();
    let images = Images::new(pixels, [COUNT, 1, 4, 4]);
    Dataset::new(images, labels, ["a", "b"].map(String::from)).unwrap()
}

fn judged(model: &Model, params: &Params, data: &Dataset) -> Result<Evaluation, NotFinite> {
    let loss = NamedLoss::read("cross_entropy", &losses()).unwrap().loss;
    evaluate(model, params, &*loss, data, Normalisation::default())
}

#[test]
fn threads_change_neither_bits_nor_order() {
    let spec = "conv2d(40, 3, padding=same, bias=false) batchnorm2d relu flatten linear(2)";
    let model = Model::build(spec, &[1, 4, 4], &layers(), &presets()).unwrap();
    let mut params = model.init(1);
    let data = images(|i| (i * 37 % 251) as u8);
    let pool = Pool::new(2).unwrap();
    let before = judged(&model, &params, &data).unwrap();
    assert_eq!(
        pool.install(|| judged(&model, &params, &data).unwrap()),
        before
    );

    // What was prepared for an evaluation is not used after a change.
    params.values_mut().for_each(|mut values| values += 0.5);
    let after = pool.install(|| judged(&model, &params, &data).unwrap());
    assert_ne!(after, before);
    assert_eq!(judged(&model, &params.clone(), &data).unwrap(), after);
}

#[test]
fn the_first_image_without_a_finite_output_is_reported() {
    let model = Model::build("flatten linear(2)", &[1, 4, 4], &layers(), &presets()).unwrap();
    let mut params = model.init(1);
    let pool = Pool::new(2).unwrap();
    // Bright images overflow.
    params
        .values_mut()
        .for_each(|mut values| values.fill(f32::MAX / 2.0));
    for first in [0, 99, 100, 555] {
        let data = images(|i| if i >= first { 255 } else { 0 });
        for found in [
            judged(&model, &params, &data),
            pool.install(|| judged(&model, &params, &data)),
        ] {
            let wanted = Subject::Output { sample: first };
            assert_eq!(found.unwrap_err().subject, wanted);
        }
    }
}
