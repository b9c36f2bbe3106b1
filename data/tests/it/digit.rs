//! Pictures of digits, prepared as MNIST's were.

use std::sync::OnceLock;

use image::{GrayImage, imageops};
use proptest::{collection::vec, prelude::*};
use tapeline_data::{Dataset, Images, digit, load};

fn test_digits() -> &'static Dataset {
    static DIGITS: OnceLock<Dataset> = OnceLock::new();
    DIGITS.get_or_init(|| load("mnist").unwrap().test)
}

/// Enlarges an MNIST image, and puts it on a ground of another brightness.
fn picture(
    digits: &Dataset,
    i: usize,
    scale: u32,
    (ground, ink): (u8, u8),
    at: [usize; 2],
) -> Images {
    let image = GrayImage::from_raw(28, 28, digits.images.pixels(i).to_vec()).unwrap();
    let side = 28 * scale;
    let image = imageops::resize(&image, side, side, imageops::FilterType::CatmullRom);
    let (rows, cols) = (side as usize + at[0] + 30, side as usize + at[1] + 40);
    let mut pixels = vec![ground; rows * cols];
    for (x, y, pixel) in image.enumerate_pixels() {
        let share = f64::from(pixel.0[0]) / 255.0;
        let shade = f64::from(ground) * (1.0 - share) + f64::from(ink) * share;
        pixels[(y as usize + at[0]) * cols + x as usize + at[1]] = shade.round() as u8;
    }
    Images::new(pixels, [1, 1, rows, cols])
}

/// Returns the cosine of the angle between two images.
fn likeness(a: &[u8], b: &[u8]) -> f64 {
    let dot = |a: &[u8], b: &[u8]| {
        let pairs = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        pairs.sum::<f64>()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Returns the largest likeness when the first image is moved by a pixel at most, along each axis.
fn likeness_moved(a: &[u8], b: &[u8]) -> f64 {
    let moves = (-1..=1isize).flat_map(|down| (-1..=1isize).map(move |right| [down, right]));
    let moved = |[down, right]: [isize; 2]| {
        let pixel = |i: usize| {
            let at = [(i / 28) as isize - down, (i % 28) as isize - right];
            let is_inside = at.iter().all(|at| (0..28).contains(at));
            is_inside.then(|| a[(at[0] * 28 + at[1]) as usize])
        };
        (0..784).map(|i| pixel(i).unwrap_or(0)).collect::<Vec<u8>>()
    };
    moves.map(|by| likeness(&moved(by), b)).fold(0.0, f64::max)
}

/// Returns the first and last row and column with more than an eighth of the full brightness.
fn bounds(pixels: &[u8]) -> [usize; 4] {
    let bright = || (0..784).filter(|&i| pixels[i] > 31);
    let cols = || bright().map(|i| i % 28);
    [
        bright().next().unwrap() / 28,
        bright().next_back().unwrap() / 28,
        cols().min().unwrap(),
        cols().max().unwrap(),
    ]
}

/// MNIST's own digits, enlarged, inverted and moved, become what they were.
#[test]
fn the_preparation_gives_mnists_own_digits() {
    let digits = test_digits();
    let mut all = Vec::new();
    for i in 0..60 {
        let shades = if i % 3 == 0 { (20, 230) } else { (225, 40) };
        let picture = picture(
            digits,
            i,
            3 + i as u32 % 9,
            shades,
            [i * 3 % 200, i * 7 % 300],
        );
        let found = digit(&picture, 0, 28);
        assert_eq!(found.image.shape(), [1, 28, 28]);
        // The centre of mass is rounded to whole pixels, here as in MNIST: where it lies halfway
        // between two, a slight change of grey moves the digit by one.
        all.push(likeness_moved(
            found.image.pixels(0),
            digits.images.pixels(i),
        ));
    }
    all.sort_by(f64::total_cmp);
    // The preparation of the original scans is known up to the filter of antialiasing.
    assert!(all[30] > 0.95 && all[3] > 0.88 && all[0] > 0.7, "{all:?}");
}

#[test]
fn a_digit_fills_the_box_and_is_centred_by_mass() {
    let digits = test_digits();
    for i in 0..40 {
        let picture = picture(digits, i, 8, (200, 30), [150, 20]);
        let found = digit(&picture, 0, 28);
        let pixels = found.image.pixels(0);
        let [top, bottom, left, right] = bounds(pixels);
        let longest = (bottom - top).max(right - left) + 1;
        assert!((19..=20).contains(&longest), "{i}: {longest}");
        let mass: f64 = pixels.iter().map(|&pixel| f64::from(pixel)).sum();
        let moment = |at: fn(usize) -> usize| {
            let terms = pixels.iter().enumerate();
            terms
                .map(|(i, &pixel)| f64::from(pixel) * at(i) as f64)
                .sum::<f64>()
                / mass
        };
        for centre in [moment(|i| i / 28), moment(|i| i % 28)] {
            assert!((centre - 14.0).abs() <= 0.51, "{i}: {centre}");
        }
    }
}

#[test]
fn thin_and_thick_strokes_become_alike() {
    // A frame of strokes with a width of 3, 12 and 60 pixels.
    let frame = |width: usize| {
        let pixel = |i: usize| {
            let [row, col] = [i / 500, i % 500];
            let is_inside = |margin: usize| {
                (50 + margin..450 - margin).contains(&row)
                    && (100 + margin..400 - margin).contains(&col)
            };
            if is_inside(0) && !is_inside(width) {
                30
            } else {
                220
            }
        };
        let picture = Images::new((0..250_000).map(pixel).collect(), [1, 1, 500, 500]);
        let found = digit(&picture, 0, 28);
        let pixels = found.image.pixels(0).iter().map(|&pixel| f64::from(pixel));
        pixels.sum::<f64>() / 255.0
    };
    let [thin, usual, thick] = [3, 40, 110].map(frame);
    // The outline of the box is 20 + 15 + 20 + 15 pixels long.
    assert!(
        thin > 60.0 && thin < usual && usual < thick && thick < 240.0,
        "{thin} {usual} {thick}"
    );
}

#[test]
fn several_shapes_and_none_are_counted() {
    let bars = |places: &[usize]| {
        let pixel = |i: usize| {
            let [row, col] = [i / 300, i % 300];
            let is_ink = places.iter().any(|left| (*left..left + 12).contains(&col));
            if is_ink && (60..140).contains(&row) {
                50
            } else {
                180
            }
        };
        digit(
            &Images::new((0..60_000).map(pixel).collect(), [1, 1, 200, 300]),
            0,
            28,
        )
        .shapes
    };
    assert_eq!(bars(&[]), 0);
    assert_eq!(bars(&[40]), 1);
    // Two strokes as close as those of one digit.
    assert_eq!(bars(&[40, 58]), 1);
    assert_eq!(bars(&[40, 140]), 2);
    assert_eq!(bars(&[40, 120, 220]), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Nothing panics, and the result is black or has a white pixel.
    #[test]
    fn any_picture_is_prepared(
        (rows, cols) in (1..60usize, 1..60usize),
        pixels in vec(any::<u8>(), 3600),
        few in any::<bool>(),
        side in 1..40usize,
    ) {
        let value = |i: usize| if few && pixels[i] < 240 { 100 } else { pixels[i] };
        let picture = Images::new((0..rows * cols).map(value).collect(), [1, 1, rows, cols]);
        let found = digit(&picture, 0, side);
        prop_assert_eq!(found.image.shape(), [1, side, side]);
        let most = found.image.pixels(0).iter().copied().max().unwrap();
        prop_assert_eq!(most, if found.shapes == 0 { 0 } else { 255 });
    }
}

/// Light that falls off to one side changes little.
#[test]
fn uneven_light_cancels_out() {
    let digits = test_digits();
    let lights = [[-0.25, 0.2], [0.3, 0.3], [0.3, -0.3]];
    let mut all = Vec::new();
    for (i, [across, down]) in (0..100).flat_map(|i| lights.map(|light| (i, light))) {
        let even = picture(digits, i, 6, (210, 60), [40, 90]);
        let [_, rows, cols] = even.shape();
        let darkest = (f64::abs(across) + f64::abs(down)) / 2.0;
        let lit = even.pixels(0).iter().enumerate().map(|(i, &pixel)| {
            let x = (i % cols) as f64 / cols as f64 - 0.5;
            let y = (i / cols) as f64 / rows as f64 - 0.5;
            let light = 1.0 - darkest + across * x + down * y;
            (f64::from(pixel) * light).round() as u8
        });
        let lit = Images::new(lit.collect(), [1, 1, rows, cols]);
        let [even, lit] = [&even, &lit].map(|picture| digit(picture, 0, 28));
        all.push(likeness_moved(even.image.pixels(0), lit.image.pixels(0)));
    }
    all.sort_by(f64::total_cmp);
    // A threshold may cut a faint end of a stroke in one light only, and the box is scaled by what
    // is left: digit 92 loses a hundredth of its width.
    assert!(all[3] > 0.999 && all[0] > 0.95, "{:?}", &all[..9]);
}
