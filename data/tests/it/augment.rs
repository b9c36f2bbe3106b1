//! Augmentation: properties of chains, of each entry, and of warps.

use proptest::{collection::vec, prelude::*};
use serde_json::Value;
use tapeline_data::{
    AugmentDef, Augmentation, Change, Dataset, Images, Normalisation, PerChannel, Warp,
    augmentations,
};
use tapeline_spec::Registry;

fn read(text: &str) -> Augmentation {
    Augmentation::read(text, &augmentations()).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// Returns augmented image `index` in the first epoch with seed 1.
fn draw(text: &str, index: usize, image: &[u8], shape: [usize; 3]) -> Vec<f32> {
    let mut out = vec![f32::NAN; image.len()];
    read(text).draws(1, 1).apply(index, image, shape, &mut out);
    out
}

fn warped(warp: &Warp, image: &[u8]) -> Vec<f32> {
    let mut out = vec![f32::NAN; image.len()];
    warp.resample(image, &mut out);
    out
}

fn dataset(pixels: Vec<u8>, sizes: [usize; 4]) -> Dataset {
    let labels = vec![0; sizes[0]];
    Dataset::new(Images::new(pixels, sizes), labels, ["any".into()]).unwrap()
}

fn datasets() -> impl Strategy<Value = Dataset> {
    (1..8usize, 1..4usize, 1..9usize, 1..9usize).prop_flat_map(|(n, c, h, w)| {
        vec(any::<u8>(), n * c * h * w).prop_map(move |pixels| dataset(pixels, [n, c, h, w]))
    })
}

fn normalisations() -> impl Strategy<Value = Normalisation> {
    let other = Normalisation {
        mean: 0.1307.into(),
        std: PerChannel::all(0.3081),
        ..Normalisation::default()
    };
    prop_oneof![Just(Normalisation::default()), Just(other)]
}

/// Returns an entry of the registry with random arguments.
fn call(def: &AugmentDef, n: u64) -> String {
    let args = def.args.iter().zip(n..);
    let args: Vec<_> = args
        .filter_map(|(arg, n)| Some(format!("{}={}", arg.name, arg.draw(n)?)))
        .collect();
    format!("{}({})", def.name, args.join(", "))
}

/// Generates chains of one to four entries.
fn chains() -> impl Strategy<Value = String> {
    vec((any::<prop::sample::Index>(), 0..1_000_000u64), 1..5).prop_map(|drawn| {
        let defs: Vec<_> = augmentations().iter().copied().collect();
        let calls: Vec<_> = drawn
            .iter()
            .map(|(place, n)| call(place.get(&defs), *n))
            .collect();
        calls.join(" ")
    })
}

fn gather(data: &Dataset, indices: &[usize], scale: Normalisation) -> Vec<f32> {
    let mut out = vec![f32::NAN; indices.len() * data.images.area()];
    data.gather(indices, scale, &mut out);
    out
}

fn augmented(
    data: &Dataset,
    indices: &[usize],
    scale: Normalisation,
    augmentation: &Augmentation,
    (seed, epoch): (u64, u64),
) -> Vec<f32> {
    let mut out = vec![f32::NAN; indices.len() * data.images.area()];
    data.gather_augmented(indices, scale, augmentation.draws(seed, epoch), &mut out);
    out
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #[test]
    fn what_changes_nothing_is_a_plain_gather(data in datasets(), scale in normalisations(), seed: u64) {
        let indices: Vec<_> = (0..data.len()).rev().collect();
        let plain = bits(&gather(&data, &indices, scale));
        let idle = read(
            "shift(0) rotate(0) scale(1, 1) shear(0) elastic(0, 4) erase(0) hflip(0) vflip(0) crop(0) \
             brightness(0) contrast(0) saturation(0) blur(1)",
        );
        for augmentation in [Augmentation::default(), idle] {
            let found = augmented(&data, &indices, scale, &augmentation, (seed, 1));
            prop_assert_eq!(&bits(&found), &plain);
        }
    }

    #[test]
    fn an_image_is_the_same_in_any_batch(data in datasets(), chain in chains(), scale in normalisations(), at: (u64, u64)) {
        let augmentation = read(&chain);
        let gather = |indices: &[usize]| augmented(&data, indices, scale, &augmentation, at);
        let indices: Vec<_> = (0..data.len()).rev().chain([0]).collect();
        let alone: Vec<f32> = indices.iter().flat_map(|&i| gather(&[i])).collect();
        prop_assert_eq!(bits(&gather(&indices)), bits(&alone));
    }

    #[test]
    fn values_stay_in_range(data in datasets(), chain in chains(), scale in normalisations(), at: (u64, u64)) {
        let indices: Vec<_> = (0..data.len()).collect();
        let found = augmented(&data, &indices, scale, &read(&chain), at);
        let range = scale.apply(0, 0)..=scale.apply(255, 0);
        prop_assert!(found.iter().all(|x| range.contains(x)), "{:?}", found);
    }

    #[test]
    fn channels_move_together(data in datasets(), chain in chains(), at: (u64, u64)) {
        let [_, rows, cols] = data.shape();
        let plane = &data.images.pixels(0)[..rows * cols];
        let mut out = vec![0.0; 3 * rows * cols];
        read(&chain).draws(at.0, at.1).apply(0, &plane.repeat(3), [3, rows, cols], &mut out);
        prop_assert_eq!(&out[..2 * rows * cols], &out[rows * cols..]);
    }

    #[test]
    fn printed_forms_read_back(data in datasets(), chain in chains(), at: (u64, u64)) {
        let augmentation = read(&chain);
        let found = |augmentation: &Augmentation| augmented(&data, &[0], Normalisation::default(), augmentation, at);
        for printed in [augmentation.short(), augmentation.full()] {
            let again = read(printed);
            prop_assert_eq!(again.full(), augmentation.full());
            prop_assert_eq!(found(&again), found(&augmentation));
        }
    }

    #[test]
    fn whole_shifts_are_exact(data in datasets(), x in -9..=9i32, y in -9..=9i32) {
        let [_, rows, cols] = data.shape();
        let mut warp = Warp::new([rows, cols]);
        warp.shift(x.into(), y.into());
        let image = data.images.pixels(0);
        let old = data.images.view();
        let wanted = old.index_axis(ndarray::Axis(0), 0);
        let wanted: Vec<f32> = wanted.indexed_iter().map(|((channel, r, c), _)| {
            let from = [r as i32 - y, c as i32 - x].map(|i| usize::try_from(i).unwrap_or(usize::MAX));
            old.get([0, channel, from[0], from[1]]).map_or(0.0, |&pixel| pixel.into())
        }).collect();
        prop_assert_eq!(warped(&warp, image), wanted);
    }

    /// Up to four quarter turns, in steps and at once, of squares of any size.
    #[test]
    fn quarter_turns_are_exact(pixels in vec(any::<u8>(), 64), side in 1..=8usize, turns in 0..=4usize) {
        let image = &pixels[..side * side];
        let mut wanted = image.to_vec();
        for _ in 0..turns {
            // The right column becomes the first row.
            wanted = (0..side * side)
                .map(|i| wanted[i % side * side + side - 1 - i / side])
                .collect();
        }
        let wanted: Vec<f32> = wanted.into_iter().map(f32::from).collect();
        let (mut once, mut often) = (Warp::new([side; 2]), Warp::new([side; 2]));
        once.rotate(90.0 * turns as f64);
        (0..turns).for_each(|_| often.rotate(90.0));
        for warp in [once, often] {
            let found = warped(&warp, image);
            prop_assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-3), "{:?} {:?}", found, wanted);
        }
    }
}

#[test]
fn warps_are_those_of_pytorch() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../fixtures/warp.json")).unwrap();
    let numbers = |value: &Value| -> Vec<f64> {
        let values = value.as_array().unwrap().iter();
        values.map(|x| x.as_f64().unwrap()).collect()
    };
    for case in &cases {
        let shape = numbers(&case["shape"]);
        let mut warp = Warp::new([shape[1] as usize, shape[2] as usize]);
        for change in case["changes"].as_array().unwrap() {
            let args = &change.as_array().unwrap()[1..];
            let x: Vec<f64> = args.iter().filter_map(Value::as_f64).collect();
            match change[0].as_str().unwrap() {
                "shift" => warp.shift(x[0], x[1]),
                "rotate" => warp.rotate(x[0]),
                "linear" => warp.linear([[x[0], x[1]], [x[2], x[3]]]),
                _ => {
                    let field = args[0].as_array().unwrap().iter().map(numbers);
                    let field: Vec<_> = field.map(|d| [d[0] as f32, d[1] as f32]).collect();
                    warp.displace(&field);
                }
            }
        }
        let image: Vec<u8> = numbers(&case["image"]).iter().map(|&x| x as u8).collect();
        let found = warped(&warp, &image);
        for (found, wanted) in found.iter().zip(numbers(&case["out"])) {
            assert!(
                (f64::from(*found) - wanted).abs() < 2e-3,
                "{case}: {found:?}"
            );
        }
    }
}

#[test]
fn draws_differ_by_seed_epoch_image_and_place() {
    const IMAGES: usize = 24;
    // The same image again and again, then others to mix with it.
    let pixel = |i: usize| match i / 1200 < IMAGES {
        true => i % 1200 * 7919 % 256,
        false => i * 7907 % 253,
    };
    let pixels: Vec<u8> = (0..2 * IMAGES * 1200).map(|i| pixel(i) as u8).collect();
    let data = dataset(pixels, [2 * IMAGES, 3, 20, 20]);
    let indices: Vec<_> = (0..IMAGES).collect();
    for def in augmentations().iter() {
        let augmentation = read(def.examples[0]);
        let of = |at| augmented(&data, &indices, Normalisation::default(), &augmentation, at);
        let all = [(1, 2), (2, 1), (1, 3), (3, 2)].map(of);
        for (i, images) in all.iter().enumerate() {
            assert!(!all[..i].contains(images), "{}: {i}", def.name);
            let mut different = images
                .chunks(1200)
                .filter(|image| *image != &images[..1200]);
            assert!(different.next().is_some(), "{}: {i}", def.name);
        }
    }
    // The second of two equal entries doesn't repeat the random numbers of the first one;
    // otherwise, no total shift would be odd.
    let spot: Vec<u8> = (0..81).map(|i| if i == 40 { 255 } else { 0 }).collect();
    let column = |i| {
        let out = draw("shift(1) shift(1)", i, &spot, [1, 9, 9]);
        out.iter().position(|&x| x == 255.0).unwrap() % 9
    };
    let columns: Vec<_> = (0..60).map(column).collect();
    assert!(
        (2..=6).all(|column| columns.contains(&column)),
        "{columns:?}"
    );
}

#[test]
fn shifts_are_even_over_all_whole_steps() {
    let spot: Vec<u8> = (0..63).map(|i| if i == 31 { 200 } else { 0 }).collect();
    let mut counts = [0; 63];
    for i in 0..2500 {
        let out = draw("shift(2)", i, &spot, [1, 7, 9]);
        let place = out.iter().position(|&x| x == 200.0).unwrap();
        assert_eq!(out.iter().sum::<f32>(), 200.0);
        counts[place] += 1;
    }
    // The expected count is 100, with a standard deviation of 10.
    for (place, &count) in counts.iter().enumerate() {
        let within = (1..=5).contains(&(place / 9)) && (2..=6).contains(&(place % 9));
        let range = if within { 50..150 } else { 0..1 };
        assert!(range.contains(&count), "{place}: {count}");
    }
}

/// Returns *A* of *A·q*, determined from an image whose channels are ramps.
fn matrix(text: &str, index: usize) -> [[f64; 2]; 2] {
    const SIDE: usize = 31;
    let places = || (0..SIDE).flat_map(|r| (0..SIDE).map(move |c| [c, r]));
    let image: Vec<u8> = [0, 1]
        .iter()
        .flat_map(|&axis| places().map(move |place| 8 * place[axis] as u8))
        .collect();
    let out = draw(text, index, &image, [2, SIDE, SIDE]);
    let at = |axis: usize, r: usize, c: usize| f64::from(out[(axis * SIDE + r) * SIDE + c]) / 8.0;
    [0, 1].map(|axis| {
        [
            at(axis, 15, 16) - at(axis, 15, 15),
            at(axis, 16, 15) - at(axis, 15, 15),
        ]
    })
}

/// Checks that the minimum and maximum of 400 samples of *U(low, high)* are near its ends.
fn fills(mut draws: Vec<f64>, low: f64, high: f64) {
    draws.sort_by(f64::total_cmp);
    let (first, last, slack) = (draws[0], draws[399], 0.03 * (high - low));
    assert!(
        first > low - 1e-3 && last < high + 1e-3 && first < low + slack && last > high - slack,
        "{first} to {last}"
    );
    let middle = draws[200];
    assert!(
        (middle - (low + high) / 2.0).abs() < 0.1 * (high - low),
        "{middle}"
    );
}

#[test]
fn linear_entries_draw_from_their_whole_range() {
    let drawn = |text| (0..400).map(move |i| matrix(text, i));
    let angles = drawn("rotate(30)").map(|[[a, b], [c, d]]| {
        assert!((a - d).abs() < 1e-3 && (b + c).abs() < 1e-3);
        assert!((a * d - b * c - 1.0).abs() < 1e-3);
        c.atan2(a).to_degrees()
    });
    fills(angles.collect(), -30.0, 30.0);
    let factors = drawn("scale(0.8, 1.5)").map(|[[a, b], [c, d]]| {
        assert!(b.abs() + c.abs() + (a - d).abs() < 1e-3);
        1.0 / a
    });
    fills(factors.collect(), 0.8, 1.5);
    let angles = drawn("shear(30)").map(|[[a, b], [c, d]]| {
        assert!((a - 1.0).abs() + c.abs() + (d - 1.0).abs() < 1e-3);
        -b.atan().to_degrees()
    });
    fills(angles.collect(), -30.0, 30.0);
}

/// Displacements have the standard deviation *α / (σ·√(12·π))*, that of a sum of *U(−1, 1)*
/// weighted by a Gaussian, and the correlation *exp(−n² / 4σ²)* over a distance of *n* pixels.
/// Their two components are uncorrelated.
#[test]
fn elastic_displacements_are_those_of_smoothed_noise() {
    const SIDE: usize = 51;
    const DRAWS: usize = 2000;
    let (alpha, sigma) = (30.0_f64, 3.0_f64);
    let places = || (0..SIDE).flat_map(|r| (0..SIDE).map(move |c| [c, r]));
    let image: Vec<u8> = [0, 1]
        .iter()
        .flat_map(|&axis| places().map(move |place| 5 * place[axis] as u8))
        .collect();
    let mut sums = [0.0; 6];
    for i in 0..DRAWS {
        let out = draw("elastic(30, 3)", i, &image, [2, SIDE, SIDE]);
        let at = |axis: usize, r: usize, c: usize| {
            let value = f64::from(out[(axis * SIDE + r) * SIDE + c]) / 5.0;
            value - [c, r][axis] as f64
        };
        let (x, y) = (at(0, 25, 25), at(1, 25, 25));
        let (right, below) = (at(0, 25, 29), at(0, 29, 25));
        let terms = [x, x * x, y * y, x * y, x * right, x * below];
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += term / DRAWS as f64;
        }
    }
    let variance = alpha.powi(2) / (12.0 * std::f64::consts::PI * sigma.powi(2));
    let apart = variance * (-16.0 / (4.0 * sigma.powi(2))).exp();
    // A mean of 2000 products has a standard deviation of 2 to 3 % of the variance.
    let wanted = [0.0, variance, variance, 0.0, apart, apart];
    for (found, wanted) in sums.iter().zip(wanted) {
        assert!((found - wanted).abs() < 0.12 * variance, "{sums:?}");
    }
}

#[test]
fn elastic_keeps_the_mean_brightness() {
    let blob = |i: usize| (8..20).contains(&(i / 28)) && (8..20).contains(&(i % 28));
    let image: Vec<u8> = (0..28 * 28)
        .map(|i| if blob(i) { 240 } else { 0 })
        .collect();
    let mean = |values: &[f32]| values.iter().sum::<f32>() / 784.0;
    let wanted = 240.0 * 144.0 / 784.0;
    let found: Vec<_> = (0..300)
        .map(|i| draw("elastic(34, 4)", i, &image, [1, 28, 28]))
        .collect();
    let all = found.iter().map(|out| mean(out)).sum::<f32>() / 300.0;
    assert!((all / wanted - 1.0).abs() < 0.03, "{all} and {wanted}");
    let plain: Vec<f32> = image.iter().map(|&pixel| pixel.into()).collect();
    assert!(found.iter().all(|out| *out != plain));
}

#[test]
fn erasing_makes_rectangles_black_as_often_as_it_says() {
    let shape = [2, 28, 20];
    let mut erased = 0;
    for i in 0..2000 {
        let out = draw("erase(0.3)", i, &[255; 2 * 28 * 20], shape);
        assert_eq!(out[..560], out[560..]);
        let black: Vec<_> = (0..560).filter(|&i| out[i] == 0.0).collect();
        assert!(out.iter().all(|&x| x == 0.0 || x == 255.0));
        if black.is_empty() {
            continue;
        }
        erased += 1;
        let rows = black[black.len() - 1] / 20 - black[0] / 20 + 1;
        let cols = black[black.len() - 1] % 20 - black[0] % 20 + 1;
        assert_eq!(rows * cols, black.len(), "a rectangle");
        // Sides are rounded by up to half a pixel.
        let (rows, cols) = (rows as f64, cols as f64);
        let sides = |d: f64| [rows + d, cols + d];
        let area = |d: f64| sides(d).iter().product::<f64>() / 560.0;
        assert!(area(0.5) > 0.02 && area(-0.5) < 0.33, "{rows}x{cols}");
        assert!((rows + 0.5) / (cols - 0.5) > 0.3 && (rows - 0.5) / (cols + 0.5) < 3.3);
    }
    // The expected count is 600, with a standard deviation of 20.
    assert!((500..700).contains(&erased), "{erased}");
}

#[test]
fn flips_mirror_as_often_as_they_say() {
    let image: Vec<u8> = (0..30).collect();
    let plain: Vec<f32> = image.iter().map(|&pixel| pixel.into()).collect();
    type Place = fn(usize) -> usize;
    let flipped: [(&str, Place); 2] = [
        ("hflip", |i| i / 3 * 3 + 2 - i % 3),
        ("vflip", |i| i / 15 * 15 + (4 - i % 15 / 3) * 3 + i % 3),
    ];
    for (name, from) in flipped {
        let wanted: Vec<f32> = (0..30).map(|i| plain[from(i)]).collect();
        let mut count = 0;
        for i in 0..2000 {
            let out = draw(&format!("{name}(0.3)"), i, &image, [2, 5, 3]);
            assert!(out == plain || out == wanted, "{name}: {out:?}");
            count += usize::from(out == wanted);
        }
        // The expected count is 600, with a standard deviation of 20.
        assert!((500..700).contains(&count), "{name}: {count}");
    }
}

#[test]
fn a_crop_of_a_padded_image_is_a_shift() {
    let image: Vec<u8> = (0..63).map(|i| (i * 37 % 256) as u8).collect();
    for i in 0..50 {
        let found = draw("crop(padding=3)", i, &image, [1, 7, 9]);
        assert_eq!(found, draw("shift(3)", i, &image, [1, 7, 9]));
    }
    assert_eq!(read("crop").full(), "crop(padding=4)");
}

#[test]
fn factors_are_drawn_from_their_whole_range() {
    let drawn = |text: &'static str, image: &'static [u8], shape, of: fn(&[f32]) -> f32| {
        (0..400).map(move |i| f64::from(of(&draw(text, i, image, shape))))
    };
    let brightness = drawn("brightness(0.4)", &[100], [1, 1, 1], |out| out[0] / 100.0);
    fills(brightness.collect(), 0.6, 1.4);
    let contrast = |out: &[f32]| {
        assert!((out[0] + out[1] - 200.0).abs() < 1e-3, "{out:?}");
        (out[1] - out[0]) / 40.0
    };
    fills(
        drawn("contrast(0.5)", &[80, 120], [1, 1, 2], contrast).collect(),
        0.5,
        1.5,
    );
    let saturation = drawn("saturation(0.25)", &[120, 100, 80], [3, 1, 1], |out| {
        (out[0] - out[2]) / 40.0
    });
    fills(saturation.collect(), 0.75, 1.25);
    // A factor is never negative.
    let least = drawn("brightness(3)", &[10], [1, 1, 1], |out| out[0] / 10.0);
    fills(least.collect(), 0.0, 4.0);
}

/// The size of the rectangle is determined from an image whose channels are ramps.
#[test]
fn resized_crops_have_areas_and_ratios_in_range() {
    const SIDE: usize = 40;
    let places = || (0..SIDE).flat_map(|r| (0..SIDE).map(move |c| [c, r]));
    let image: Vec<u8> = [0, 1]
        .iter()
        .flat_map(|&axis| places().map(move |place| 6 * place[axis] as u8))
        .collect();
    let (mut areas, mut corners) = (Vec::new(), Vec::new());
    for i in 0..400 {
        let text = "resized_crop(scale=(0.25, 0.75), ratio=(0.5, 2))";
        let out = draw(text, i, &image, [2, SIDE, SIDE]);
        let at =
            |axis: usize, r: usize, c: usize| f64::from(out[(axis * SIDE + r) * SIDE + c]) / 6.0;
        let middle = SIDE / 2;
        let width = SIDE as f64 * (at(0, middle, middle + 1) - at(0, middle, middle));
        let height = SIDE as f64 * (at(1, middle + 1, middle) - at(1, middle, middle));
        // Sides are rounded by up to half a pixel.
        let ratio = width / height;
        assert!((0.47..2.1).contains(&ratio), "{width}x{height}");
        areas.push(width * height / (SIDE * SIDE) as f64);
        corners.push(at(0, 0, 0) / (SIDE as f64 - width).max(1.0));
    }
    areas.sort_by(f64::total_cmp);
    corners.sort_by(f64::total_cmp);
    assert!(areas[0] > 0.23 && areas[399] < 0.78, "{areas:?}");
    assert!(areas[0] < 0.28 && areas[399] > 0.72, "{areas:?}");
    assert!(corners[0] == 0.0 && corners[399] > 0.97, "{corners:?}");
}

#[test]
fn blurring_keeps_the_sum_of_a_spot_and_draws_its_width() {
    let mut spot = [0; 11 * 11];
    spot[60] = 250;
    let centres: Vec<_> = (0..200)
        .map(|i| {
            let out = draw("blur(9, sigma=(0.3, 2))", i, &spot, [1, 11, 11]);
            assert!((out.iter().sum::<f32>() - 250.0).abs() < 1e-2);
            out[60]
        })
        .collect();
    let (least, most) = centres
        .iter()
        .fold((250.0_f32, 0.0_f32), |(least, most), &x| {
            (least.min(x), most.max(x))
        });
    // Of a Gaussian of 2 pixels, the central weight is 1/25; of one of 0.3, nearly 1.
    assert!(
        least > 9.0 && least < 13.0 && most > 200.0,
        "{least} {most}"
    );
}

/// Geometric changes precede changes of values: an erased area remains a black rectangle.
#[test]
fn values_change_after_places() {
    for i in 0..20 {
        let image = [255; 400];
        let out = draw("erase(1) rotate(30) scale(2, 2)", i, &image, [1, 20, 20]);
        assert!(out.iter().all(|&x| x == 0.0 || x == 255.0), "{out:?}");
    }
}

/// Returns a dataset of `COUNT` images of 6 by 8 pixels, each of one class and one value, and what the
/// mixtures in some epochs are made of: the pixels, both classes, and the share of the first.
const COUNT: usize = 8;
fn mixed(text: &str, epochs: u64) -> Vec<(Vec<f32>, [usize; 2], f64)> {
    let pixels = (0..COUNT).flat_map(|i| vec![30 * i as u8; 48]).collect();
    let labels: Vec<_> = (0..COUNT as u8).collect();
    let classes = (0..COUNT).map(|i| i.to_string());
    let images = Images::new(pixels, [COUNT, 1, 6, 8]);
    let data = Dataset::new(images, labels, classes.collect::<Vec<_>>()).unwrap();
    let (augmentation, plain) = (read(text), Normalisation::default());
    let indices: Vec<_> = (0..COUNT).collect();
    let epoch = |epoch| {
        let out = augmented(&data, &indices, plain, &augmentation, (7, epoch));
        let mixtures = data.mixtures(&indices, augmentation.draws(7, epoch));
        let pairs: Vec<_> = out.chunks(48).map(<[f32]>::to_vec).zip(mixtures).collect();
        assert!(
            pairs
                .iter()
                .zip(0..)
                .all(|((_, mixture), i)| mixture.classes[0] == i)
        );
        pairs.into_iter().map(|(out, mixture)| {
            // Whole values are exact again.
            let byte = |x: &f32| (x * 255.0 * 1024.0).round() / 1024.0;
            let out = out.iter().map(byte).collect();
            (out, mixture.classes, mixture.share)
        })
    };
    (0..epochs).flat_map(epoch).collect()
}

#[test]
fn a_blend_has_the_shares_of_its_target() {
    for alpha in [0.2, 1.0, 4.0] {
        let all = mixed(&format!("mixup({alpha})"), 250);
        let mut others = [0; COUNT];
        for (pixels, [own, other], share) in &all {
            let wanted = 30.0 * (*own as f64 * share + *other as f64 * (1.0 - share));
            assert!(pixels.iter().all(|&x| (f64::from(x) - wanted).abs() < 1e-3));
            others[*other] += 1;
        }
        // The expected count is 250, with a standard deviation of 15.
        assert!(
            others.iter().all(|count| (190..310).contains(count)),
            "{others:?}"
        );
        // Beta(α, α) has the mean ½ and the variance 1 / (8α + 4).
        let mean = |f: &dyn Fn(f64) -> f64| {
            all.iter().map(|mixture| f(mixture.2)).sum::<f64>() / all.len() as f64
        };
        let (centre, variance) = (mean(&|x| x), mean(&|x| (x - 0.5).powi(2)));
        assert!((centre - 0.5).abs() < 0.04, "{alpha}: {centre}");
        assert!(
            (variance * (8.0 * alpha + 4.0) - 1.0).abs() < 0.15,
            "{alpha}: {variance}"
        );
    }
}

#[test]
fn a_pasted_rectangle_has_the_share_of_its_target() {
    let all = mixed("cutmix", 250);
    let mut corners = [0; 2];
    for (pixels, [own, other], share) in &all {
        let is_other = |i: &usize| pixels[*i] == 30.0 * *other as f32;
        let pasted: Vec<_> = (0..48).filter(is_other).collect();
        let kept = pixels.iter().filter(|&&x| x == 30.0 * *own as f32).count();
        if own == other {
            continue;
        }
        assert_eq!(pasted.len() + kept, 48);
        assert!((1.0 - share - pasted.len() as f64 / 48.0).abs() < 1e-12);
        if let [first, .., last] = pasted[..] {
            let sides = [last / 8 - first / 8 + 1, last % 8 - first % 8 + 1];
            assert_eq!(sides[0] * sides[1], pasted.len(), "a rectangle");
        }
        corners[0] += usize::from(is_other(&0));
        corners[1] += usize::from(is_other(&47));
    }
    assert!(
        corners.iter().all(|count| (100..900).contains(count)),
        "{corners:?}"
    );
    // Without clipping, the mean area were ½; a quarter of it or so lies outside.
    let mean = all.iter().map(|mixture| 1.0 - mixture.2).sum::<f64>() / all.len() as f64;
    assert!((0.15..0.5).contains(&mean), "{mean}");
}

#[test]
fn each_image_is_mixed_in_one_way() {
    let is_blend = |pixels: &[f32]| pixels.iter().any(|x| x % 30.0 != 0.0);
    let blends = mixed("cutmix mixup", 250);
    let blends = blends
        .iter()
        .filter(|(pixels, ..)| is_blend(pixels))
        .count();
    // A blend is chosen in half of 2000 cases; in an eighth of them, both images are the same.
    assert!((780..980).contains(&blends), "{blends}");
    assert!(read("hflip mixup").mixes() && !read("hflip erase").mixes());
    let plain = mixed("shift(0)", 1);
    assert!(
        plain
            .iter()
            .all(|(_, [own, other], share)| own == other && *share == 1.0)
    );
}

#[test]
fn each_entry_has_examples_that_show_it() {
    for AugmentDef {
        name,
        about,
        examples,
        ..
    } in augmentations().iter()
    {
        assert!(!about.is_empty() && !examples.is_empty(), "{name}");
        for text in *examples {
            read(text);
            assert!(
                text.split([' ', '(']).any(|word| word == *name),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn all_errors_are_told_with_their_places() {
    let text = "shfit(2) rotate(-1) elastic(34)";
    let errors = Augmentation::read(text, &augmentations())
        .unwrap_err()
        .diagnostics;
    let told: Vec<_> = errors
        .iter()
        .map(|e| (&text[e.span.start..e.span.end], e.to_string()))
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].0 == "shfit" && told[0].1.contains("did you mean `shift`?"),
        "{told:?}"
    );
    assert!(
        told[1].0 == "-1" && told[1].1.contains("0 to 180"),
        "{told:?}"
    );
    assert!(told[2].1.contains("`sigma`"), "{told:?}");

    let text = "rotate(5) scale(1.1, 0.9) erase(scale=(0.5, 0.1)) erase(ratio=(2, 1)) blur(4) \
                resized_crop(scale=(1, 0.5))";
    let errors = Augmentation::read(text, &augmentations())
        .unwrap_err()
        .diagnostics;
    let places: Vec<_> = errors
        .iter()
        .map(|e| &text[e.span.start..e.span.end])
        .collect();
    assert_eq!(
        places,
        [
            "scale(1.1, 0.9)",
            "erase(scale=(0.5, 0.1))",
            "erase(ratio=(2, 1))",
            "blur(4)",
            "resized_crop(scale=(1, 0.5))"
        ]
    );
    assert!(Augmentation::read("", &augmentations()).is_err());
}

#[test]
fn an_outsider_adds_a_change_of_values() {
    const INVERT: AugmentDef = AugmentDef {
        name: "invert",
        about: "makes black white",
        examples: &["invert"],
        build: |_| {
            Ok(Change::pixels(|mut image, _| {
                image.mapv_inplace(|x| 255.0 - x)
            }))
        },
        ..AugmentDef::BASE
    };
    let registry: Registry<AugmentDef> = augmentations().with(INVERT).unwrap();
    let augmentation = Augmentation::read("shift(0) invert", &registry).unwrap();
    let mut out = [0.0; 3];
    augmentation
        .draws(0, 0)
        .apply(0, &[0, 5, 255], [3, 1, 1], &mut out);
    assert_eq!(out, [255.0, 250.0, 0.0]);
}

#[test]
fn images_without_pixels_are_left_alone() {
    for shape in [[1, 0, 3], [1, 3, 0], [0, 3, 3]] {
        let text = "shift(2) rotate(10) elastic(34, 4) erase(1) resized_crop blur contrast(1)";
        assert!(draw(text, 0, &[], shape).is_empty());
    }
}

#[test]
#[should_panic(expected = "Warp::linear: [[1.0, 2.0], [2.0, 4.0]] has no inverse")]
fn a_flat_matrix_is_refused() {
    Warp::new([3, 3]).linear([[1.0, 2.0], [2.0, 4.0]]);
}

#[test]
#[should_panic(expected = "Warp::displace: size of the field for 3x2 pixels")]
fn a_field_of_another_size_is_refused() {
    Warp::new([3, 2]).displace(&[[0.0; 2]; 5]);
}

#[test]
#[should_panic(expected = "Warp::resample: 7 pixels from 7 for planes of 3x2")]
fn an_image_of_another_size_is_refused() {
    Warp::new([3, 2]).resample(&[0; 7], &mut [0.0; 7]);
}
