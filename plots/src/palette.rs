//! Colours of charts, and their style sheet.
//!
//! The colours are the ten of M. A. Petroff, "Accessible Color Sequences for Data Visualization"
//! (arXiv 2107.02270), which are distinguishable with any kind of colour vision. The lightest are
//! darkened on a light background, and the darkest lightened on a dark one.

use std::sync::LazyLock;

/// Number of colours.
pub const COLORS: usize = 10;

const LIGHT: Theme = Theme {
    ground: "#ffffff",
    ink: "#24292f",
    grid: "#e2e6ea",
    colors: [
        "#3f90da", "#e89300", "#bd1f01", "#8f9f9d", "#832db6", "#a3614f", "#e76300", "#b3a55f",
        "#656a76", "#62c0c8",
    ],
};

const DARK: Theme = Theme {
    ground: "#0d1117",
    ink: "#d1d7de",
    grid: "#262c34",
    colors: [
        "#4a9ae6", "#ffa90e", "#d63a1e", "#94a4a2", "#a352d6", "#b3735f", "#f0721a", "#c2b578",
        "#717581", "#92dadd",
    ],
};

struct Theme {
    ground: &'static str,
    ink: &'static str,
    grid: &'static str,
    colors: [&'static str; COLORS],
}

const SHAPES: &str = "\
.chart { font: 12px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; max-width: 100%; height: auto }
.chart text { fill: var(--ink) }
.chart .title { font-weight: 600 }
.chart .ground { fill: var(--ground) }
.chart .grid { stroke: var(--grid) }
.chart .axis { stroke: var(--ink); stroke-opacity: 0.5 }
.chart polyline, .chart .swatch { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round }
.chart circle { fill: currentColor }
.chart .dashed { stroke-dasharray: 2 3 }
.chart .again { stroke-dasharray: 8 3 }
.chart .again.dashed { stroke-dasharray: 8 3 2 3 }
";

/// The style sheet of charts.
pub fn style() -> &'static str {
    static STYLE: LazyLock<String> = LazyLock::new(|| {
        let (light, dark) = (LIGHT.rules(), DARK.rules());
        format!("{SHAPES}{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
    });
    &STYLE
}

/// The CSS classes of an element of a series: that of the series and that of its colour.
pub fn classes(series: usize) -> String {
    let again = if series < COLORS { "" } else { " again" };
    format!("s{series} c{}{again}", series % COLORS)
}

/// The presentation attributes of an element, in the colours of the light theme. They serve
/// programs that don't support CSS variables; elsewhere the style sheet overrides them.
pub fn fallback(part: Part) -> String {
    let Theme {
        ground,
        ink,
        grid,
        colors,
    } = LIGHT;
    match part {
        Part::Text => format!(" fill=\"{ink}\""),
        Part::Ground => format!(" fill=\"{ground}\""),
        Part::Grid => format!(" stroke=\"{grid}\""),
        Part::Axis => format!(" stroke=\"{ink}\" stroke-opacity=\"0.5\""),
        Part::Stroke(series) => {
            let color = colors[series % COLORS];
            format!(" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"")
        }
        Part::Fill(series) => format!(" fill=\"{}\"", colors[series % COLORS]),
    }
}

/// A part of a chart that has a colour.
#[derive(Clone, Copy)]
pub enum Part {
    /// Titles, labels, numbers.
    Text,
    /// The background.
    Ground,
    /// The lines at the ticks of an axis.
    Grid,
    /// The line of an axis.
    Axis,
    /// The line of a series.
    Stroke(usize),
    /// A point of a series.
    Fill(usize),
}

impl Theme {
    fn rules(&self) -> String {
        let Theme {
            ground, ink, grid, ..
        } = self;
        let mut rules = format!(".chart {{ --ground: {ground}; --ink: {ink}; --grid: {grid} }}\n");
        for (i, color) in self.colors.iter().enumerate() {
            rules += &format!(".chart .c{i} {{ color: {color} }}\n");
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = [f64; 3];
    type Matrix = [[f64; 3]; 3];

    /// Normal colour vision, and vision without each kind of cone. The matrices are those of G. M.
    /// Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for Simulation
    /// of Color Vision Deficiency" (2009), severity 1.
    const VISIONS: [Matrix; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ];

    fn times(matrix: &Matrix, color: Rgb) -> Rgb {
        matrix.map(|row| row.iter().zip(color).map(|(m, c)| m * c).sum())
    }

    /// Converts an sRGB colour to linear RGB.
    fn light(color: &str) -> Rgb {
        let channel = |at| f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
        [1, 3, 5].map(channel).map(|c| match c <= 0.04045 {
            true => c / 12.92,
            false => ((c + 0.055) / 1.055).powf(2.4),
        })
    }

    /// Contrast ratio as defined by WCAG 2, from 1 to 21.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |color| {
            let [r, g, b] = light(color);
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    /// Converts linear RGB to B. Ottosson's Oklab, in which distances approximate perceived
    /// differences.
    fn oklab(light: Rgb) -> Rgb {
        let cones = times(
            &[
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ],
            light,
        );
        times(
            &[
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ],
            cones.map(|cone| cone.max(0.0).cbrt()),
        )
    }

    #[test]
    fn colors_stand_out_from_the_ground() {
        for (theme, least) in [(LIGHT, 2.0), (DARK, 4.0)] {
            for color in theme.colors {
                let contrast = contrast(color, theme.ground);
                assert!(contrast > least, "{color}: {contrast}");
            }
            assert!(contrast(theme.ink, theme.ground) > 7.0);
        }
    }

    #[test]
    fn colors_are_told_apart_with_any_colour_vision() {
        for (theme, vision) in [LIGHT, DARK].iter().flat_map(|t| VISIONS.map(|v| (t, v))) {
            let seen = theme
                .colors
                .map(|color| oklab(times(&vision, light(color))));
            for (i, j) in (0..COLORS).flat_map(|i| (0..i).map(move |j| (i, j))) {
                let squares = seen[i].iter().zip(seen[j]).map(|(a, b)| (a - b).powi(2));
                let distance = squares.sum::<f64>().sqrt();
                assert!(distance > 0.06, "{i} and {j}: {distance}");
            }
        }
    }
}
