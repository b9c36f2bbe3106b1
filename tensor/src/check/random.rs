//! A small random number generator, to avoid a dependency.

/// SplitMix64, by Steele, Lea and Flood.
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number in ±[0.5, 1.5). No factor is so small that a term would be lost.
    pub fn signed(&mut self) -> f64 {
        let bits = self.next();
        let size = 0.5 + (bits >> 11) as f64 / (1u64 << 53) as f64;
        if bits & 1 == 0 { size } else { -size }
    }
}
