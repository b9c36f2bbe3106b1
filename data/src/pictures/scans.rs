//! Completeness check for JPEG files: every segment, every coded block of every scan, and the
//! end-of-image marker.
//!
//! Decoders fill missing parts with grey. This module therefore decodes the Huffman codes of all
//! blocks and discards the values. Names and constants follow the standard. (ITU-T T.81, annexes B,
//! F and G)

use super::{MAX_SIDE, Problem, damaged, truncated};

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;
const HUFFMAN_TABLES: u8 = 0xc4;
const RESTART_INTERVAL: u8 = 0xdd;

/// Baseline, extended sequential and progressive frames with Huffman coding.
const FRAMES: [u8; 3] = [0xc0, 0xc1, 0xc2];

/// Checks that a file is complete up to its end-of-image marker; anything after it is ignored.
///
/// Returns the number of scans.
pub fn expect_complete(bytes: &[u8]) -> Result<usize, Problem> {
    let mut file = File::default();
    let mut place = 2;
    loop {
        place = marker(bytes, place)?;
        let code = bytes[place];
        match code {
            END_OF_IMAGE if file.scans == 0 => return Err(damaged("it has no pixels")),
            END_OF_IMAGE => return Ok(file.scans),
            // Markers without a length: the temporary marker (TEM), and restart markers, which are
            // handled while reading a scan.
            0x01 | 0xd0..=0xd7 => place += 1,
            _ => {
                let [high, low] = *bytes[place + 1..].first_chunk().ok_or_else(truncated)?;
                let end = place + 1 + usize::from(u16::from_be_bytes([high, low]));
                let segment = bytes.get(place + 3..end).ok_or_else(truncated)?;
                match code {
                    HUFFMAN_TABLES => file.huffman_tables(segment),
                    RESTART_INTERVAL => file.restart_interval(segment),
                    START_OF_SCAN => file.scan(segment, &bytes[end..]),
                    code if FRAMES.contains(&code) => file.frame(code, segment),
                    _ => Some(()),
                }
                .ok_or_else(|| damaged("its compressed data end too early or are wrong"))?;
                if file.size.iter().any(|&side| side > MAX_SIDE as usize) {
                    return Err(Problem::TooLarge);
                }
                place = end;
            }
        }
    }
}

/// Returns the position of the next marker's code: a byte after 0xff that is neither a fill byte
/// (0xff) nor a stuffed zero, which escapes 0xff in data.
fn marker(bytes: &[u8], from: usize) -> Result<usize, Problem> {
    let rest = bytes.get(from..).ok_or_else(truncated)?;
    let place = rest
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff));
    place.map(|place| from + place + 1).ok_or_else(truncated)
}

/// State of the file read so far.
#[derive(Default)]
struct File {
    progressive: bool,
    /// Height and width in pixels.
    size: [usize; 2],
    components: Vec<Component>,
    /// Huffman tables for DC and AC coefficients.
    tables: [[Option<Huffman>; 4]; 2],
    interval: usize,
    scans: usize,
}

struct Component {
    id: u8,
    /// Vertical and horizontal sampling factors.
    sampling: [usize; 2],
    /// Number of blocks per line, padded to whole MCUs.
    blocks_across: usize,
    /// For each block, a bit mask of the nonzero coefficients, which a refinement scan depends on.
    nonzero: Vec<u64>,
}

impl File {
    fn frame(&mut self, code: u8, segment: &[u8]) -> Option<()> {
        self.progressive = code == 0xc2;
        let &[_, h0, h1, w0, w1, count, ref components @ ..] = segment else {
            return None;
        };
        self.size = [[h0, h1], [w0, w1]].map(|size| usize::from(u16::from_be_bytes(size)));
        let components = components.chunks_exact(3).take(count.into());
        self.components = components
            .map(|component| Component {
                id: component[0],
                sampling: [component[1] & 15, component[1] >> 4].map(usize::from),
                blocks_across: 0,
                nonzero: Vec::new(),
            })
            .collect();
        Some(())
    }

    fn huffman_tables(&mut self, mut segment: &[u8]) -> Option<()> {
        while let &[place, ref rest @ ..] = segment {
            let (counts, rest) = rest.split_first_chunk()?;
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let (values, rest) = rest.split_at_checked(count)?;
            let table = self.tables.get_mut(usize::from(place >> 4))?;
            *table.get_mut(usize::from(place & 15))? = Some(Huffman {
                counts: *counts,
                values: values.to_vec(),
            });
            segment = rest;
        }
        Some(())
    }

    fn restart_interval(&mut self, segment: &[u8]) -> Option<()> {
        self.interval = u16::from_be_bytes(*segment.first_chunk()?).into();
        Some(())
    }

    /// Reads all codes of a scan, whose entropy-coded data is at the start of `data`.
    fn scan(&mut self, segment: &[u8], data: &[u8]) -> Option<()> {
        self.scans += 1;
        let (&count, rest) = segment.split_first()?;
        let (chosen, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[first, last, steps] = rest.first_chunk()?;
        let mut scan = Scan {
            bits: Bits::new(data),
            progressive: self.progressive,
            first: first.min(63),
            last: last.min(63),
            refines: steps >> 4 != 0,
            end_of_band: 0,
        };
        let most = |i: usize| self.components.iter().map(|c| c.sampling[i]).max();
        let most = [most(0)?, most(1)?];
        if most.contains(&0) || self.components.iter().any(|c| c.sampling.contains(&0)) {
            return None;
        }
        let mut parts = Vec::new();
        for pair in chosen.chunks_exact(2) {
            let place = self.components.iter().position(|c| c.id == pair[0])?;
            let tables = [pair[1] >> 4, pair[1] & 15].map(usize::from);
            parts.push((place, tables));
        }
        // The MCU of a scan with one component is a single block; otherwise, it has as many blocks
        // of each component as its sampling factors say.
        let alone = parts.len() == 1;
        let units = [0, 1].map(|i| match alone {
            true => {
                let sampling = self.components[parts[0].0].sampling[i];
                (self.size[i] * sampling).div_ceil(8 * most[i])
            }
            false => self.size[i].div_ceil(8 * most[i]),
        });
        if self.progressive {
            for &(place, _) in &parts {
                let component = &mut self.components[place];
                let [down, across] =
                    [0, 1].map(|i| self.size[i].div_ceil(8 * most[i]) * component.sampling[i]);
                component.blocks_across = across;
                component.nonzero.resize(down * across, 0);
            }
        }
        for unit in 0..units[0] * units[1] {
            if self.interval > 0 && unit > 0 && unit % self.interval == 0 {
                scan.restart()?;
            }
            let (row, column) = (unit / units[1], unit % units[1]);
            for &(place, [dc, ac]) in &parts {
                let tables = [self.tables[0].get(dc), self.tables[1].get(ac)];
                let tables = tables.map(|table| table.and_then(Option::as_ref));
                let component = &mut self.components[place];
                let [tall, wide] = if alone { [1, 1] } else { component.sampling };
                for block in 0..tall * wide {
                    let place = (row * tall + block / wide) * component.blocks_across
                        + column * wide
                        + block % wide;
                    let mut ignored = 0;
                    let nonzero = component.nonzero.get_mut(place).unwrap_or(&mut ignored);
                    scan.block(tables, nonzero)?;
                }
            }
        }
        Some(())
    }
}

/// A scan being read.
struct Scan<'b> {
    bits: Bits<'b>,
    progressive: bool,
    /// First and last coefficient of each block in this scan.
    first: u8,
    last: u8,
    /// Whether the scan adds a bit to known coefficients.
    refines: bool,
    /// Remaining blocks of an end-of-band run, in which no further coefficient becomes nonzero.
    end_of_band: u32,
}

impl Scan<'_> {
    /// Continues after the next restart marker.
    fn restart(&mut self) -> Option<()> {
        self.end_of_band = 0;
        self.bits.restart()
    }

    fn block(&mut self, [dc, ac]: [Option<&Huffman>; 2], nonzero: &mut u64) -> Option<()> {
        if !self.progressive {
            let size = self.bits.code(dc?)?;
            self.bits.take(size)?;
            return self.coefficients(ac?, 1, 63, nonzero);
        }
        match (self.first, self.refines) {
            (0, false) => {
                let size = self.bits.code(dc?)?;
                self.bits.take(size).map(|_| ())
            }
            (0, true) => self.bits.take(1).map(|_| ()),
            (first, false) => self.coefficients(ac?, first, self.last, nonzero),
            (first, true) => self.refinements(ac?, first, self.last, nonzero),
        }
    }

    fn coefficients(&mut self, ac: &Huffman, first: u8, last: u8, nonzero: &mut u64) -> Option<()> {
        if self.end_of_band > 0 {
            self.end_of_band -= 1;
            return Some(());
        }
        let mut place = first;
        while place <= last {
            let code = self.bits.code(ac)?;
            match (code >> 4, code & 15) {
                (15, 0) => place += 16,
                (run, 0) => {
                    self.end_of_band = (1 << run) - 1 + self.bits.take(run)?;
                    break;
                }
                (run, size) => {
                    place += run;
                    self.bits.take(size)?;
                    *nonzero |= 1u64.checked_shl(place.into())?;
                    place += 1;
                }
            }
        }
        Some(())
    }

    fn refinements(&mut self, ac: &Huffman, first: u8, last: u8, nonzero: &mut u64) -> Option<()> {
        let mut place = first;
        while self.end_of_band == 0 && place <= last {
            let code = self.bits.code(ac)?;
            let (mut run, size) = (code >> 4, code & 15);
            if size == 0 && run < 15 {
                self.end_of_band = (1 << run) + self.bits.take(run)?;
                break;
            }
            self.bits.take(size)?;
            // Skip `run` zero coefficients, and read a refinement bit for each nonzero one on the
            // way.
            while place <= last {
                if *nonzero >> place & 1 == 1 {
                    self.bits.take(1)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                place += 1;
            }
            if size > 0 && place <= last {
                *nonzero |= 1 << place;
            }
            place += 1;
        }
        if self.end_of_band > 0 {
            self.end_of_band -= 1;
            for place in place..=last {
                if *nonzero >> place & 1 == 1 {
                    self.bits.take(1)?;
                }
            }
        }
        Some(())
    }
}

/// A canonical Huffman code for bytes.
struct Huffman {
    /// Number of codes of each length from 1 to 16.
    counts: [u8; 16],
    /// The encoded values, ordered by code length.
    values: Vec<u8>,
}

/// The bits of a scan, up to the next marker.
struct Bits<'b> {
    data: &'b [u8],
    byte: u8,
    left: u8,
}

impl<'b> Bits<'b> {
    fn new(data: &'b [u8]) -> Self {
        Bits {
            data,
            byte: 0,
            left: 0,
        }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let (byte, rest) = self.data.split_first()?;
            self.data = match byte {
                0xff => rest.strip_prefix(&[0])?,
                _ => rest,
            };
            (self.byte, self.left) = (*byte, 8);
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn take(&mut self, count: u8) -> Option<u32> {
        (0..count).try_fold(0, |bits, _| Some(bits << 1 | self.bit()?))
    }

    fn code(&mut self, table: &Huffman) -> Option<u8> {
        let (mut code, mut first, mut before) = (0, 0, 0);
        for &count in &table.counts {
            code = code << 1 | self.bit()?;
            if let Some(place) = u32::checked_sub(code, first).filter(|&i| i < count.into()) {
                return table.values.get(before + place as usize).copied();
            }
            before += usize::from(count);
            first = (first + u32::from(count)) << 1;
        }
        None
    }

    fn restart(&mut self) -> Option<()> {
        let start = self
            .data
            .windows(2)
            .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
        if !matches!(self.data[start + 1], 0xd0..=0xd7) {
            return None;
        }
        self.data = &self.data[start + 2..];
        self.left = 0;
        Some(())
    }
}
