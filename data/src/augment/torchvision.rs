//! Changes with given parameters next to those of torchvision, from
//! `tests/fixtures/augmentations.py`.

use ndarray::{ArrayView3, ArrayViewMut3};
use serde_json::Value;

use super::{Mix, Mixture, Warp, blur::blur, colour, cutmix, resized_crop};

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().into_iter().flatten();
    values.map(|x| x.as_f64().unwrap()).collect()
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../../tests/fixtures/augmentations.json")).unwrap()
}

/// Applies a change to an image.
fn changed(change: &str, args: &[f64], image: &[u8], shape: [usize; 3]) -> Vec<f32> {
    let mut warp = Warp::new([shape[1], shape[2]]);
    match change {
        "hflip" => warp.linear([[-1.0, 0.0], [0.0, 1.0]]),
        "vflip" => warp.linear([[1.0, 0.0], [0.0, -1.0]]),
        "crop" => warp.shift(args[0] - args[2], args[0] - args[1]),
        _ => {}
    }
    let mut out = vec![f32::NAN; image.len()];
    warp.resample(image, &mut out);
    let view = ArrayViewMut3::from_shape(shape, &mut out).unwrap();
    match change {
        "hflip" | "vflip" | "crop" => {}
        "resized_crop" => {
            let [top, left, height, width] = [0, 1, 2, 3].map(|i| args[i] as usize);
            let from = resized_crop::Rectangle {
                top,
                left,
                height,
                width,
            };
            resized_crop::resize(view, &from);
        }
        "brightness" => colour::brighten(view, args[0] as f32),
        "contrast" => colour::stretch(view, args[0] as f32),
        "saturation" => colour::saturate(view, args[0] as f32),
        "blur" => blur(view, args[0] as usize, args[1]),
        _ => panic!("{change}"),
    }
    out
}

#[test]
fn changes_are_those_of_torchvision() {
    let mut compared = 0;
    let other = ["central", "mixup", "cutmix"];
    for case in cases()
        .into_iter()
        .filter(|case| other.iter().all(|name| case["change"] != *name))
    {
        let [channels, rows, cols] = numbers(&case["shape"])[..] else {
            panic!("{case}");
        };
        let shape = [channels, rows, cols].map(|size| size as usize);
        let image: Vec<u8> = numbers(&case["image"]).iter().map(|&x| x as u8).collect();
        let (change, args) = (case["change"].as_str().unwrap(), numbers(&case["args"]));
        let found = changed(change, &args, &image, shape);
        let wanted = numbers(&case["out"]);
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((f64::from(*found) - wanted).abs() < 2e-3, "{case}: {found}");
        }
        compared += 1;
    }
    assert_eq!(compared, 21);
}

#[test]
fn a_rectangle_that_never_fits_is_the_central_one_of_torchvision() {
    let central: Vec<_> = cases()
        .into_iter()
        .filter(|case| case["change"] == "central")
        .collect();
    assert_eq!(central.len(), 6);
    for case in central {
        let size = numbers(&case["shape"]);
        let size = [size[1] as usize, size[2] as usize];
        let found = resized_crop::central(size, [0.75, 4.0 / 3.0]);
        let found = [found.top, found.left, found.height, found.width];
        assert_eq!(
            found.map(|x| x as f64)[..],
            numbers(&case["out"])[..],
            "{case}"
        );
    }
}

#[test]
fn mixtures_are_those_of_torchvision() {
    let mut compared = 0;
    for case in cases() {
        let (args, shape) = (numbers(&case["args"]), numbers(&case["shape"]));
        let shape = [0, 1, 2].map(|i| shape.get(i).map_or(0, |&size| size as usize));
        let mix = match case["change"].as_str().unwrap() {
            "mixup" => Mix::Blend { share: args[0] },
            "cutmix" => {
                let centre = [args[2] as usize, args[1] as usize];
                cutmix::pasted([shape[1], shape[2]], centre, args[0])
            }
            _ => continue,
        };
        let pixels = numbers(&case["image"]);
        let mut pixels: Vec<f32> = pixels.iter().map(|&x| x as f32).collect();
        let size = shape.iter().product();
        let (image, other) = pixels.split_at_mut(size);
        mix.apply(
            ArrayViewMut3::from_shape(shape, &mut *image).unwrap(),
            ArrayView3::from_shape(shape, &*other).unwrap(),
        );
        for (found, wanted) in image.iter().zip(numbers(&case["out"])) {
            assert!((f64::from(*found) - wanted).abs() < 1e-3, "{case}: {found}");
        }
        let (share, target) = (mix.share([shape[1], shape[2]]), numbers(&case["target"]));
        let mixture = Mixture {
            classes: [0, 1],
            share,
        };
        assert!((share - target[0]).abs() < 1e-6, "{case}: {share}");
        assert_eq!(mixture.dominant(), usize::from(target[1] > target[0]));
        compared += 1;
    }
    assert_eq!(compared, 8);
}
