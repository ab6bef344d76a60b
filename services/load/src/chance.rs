//! Seeded numbers: a hash of where they are needed, so that any event can be written without those before it.

/// One step of SplitMix64's output function: a bijection, see [`unmix`].
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 (variant 13 of Stafford).
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What [`mix`] was given.
pub fn unmix(mut z: u64) -> u64 {
    z = (z ^ (z >> 31) ^ (z >> 62)).wrapping_mul(0x3196_42b2_d24d_8ec3);
    z = (z ^ (z >> 27) ^ (z >> 54)).wrapping_mul(0x96de_1b17_3f11_9089);
    z ^ (z >> 30) ^ (z >> 60)
}

/// A row of numbers that belong to one place: `Chance::at(seed, &[stream, submission])`.
#[derive(Clone, Copy, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a place.
    pub fn at(seed: u64, place: &[u64]) -> Self {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        Self(place.iter().fold(mix(seed ^ GOLDEN), |state, part| mix(state ^ part.wrapping_mul(GOLDEN))))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next number below a bound; 0 where the bound is 0. The bias of the modulus does not matter here.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// Whether something of this probability happens.
    pub fn hits(&mut self, share: f64) -> bool {
        // 53 bits: what a double holds exactly, so that every machine decides the same.
        ((self.draw() >> 11) as f64) < share * 9_007_199_254_740_992.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_can_be_undone() {
        for n in (0..10_000).chain([u64::MAX, u64::MAX / 3, 1 << 63]) {
            assert_eq!(unmix(mix(n)), n);
        }
    }

    #[test]
    fn shares_are_met_and_places_differ() {
        let hits = (0..100_000).filter(|n| Chance::at(7, &[1, *n]).hits(0.02)).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
        assert_ne!(Chance::at(7, &[1, 2]).draw(), Chance::at(7, &[2, 1]).draw());
        assert!(!(0..1000).any(|n| Chance::at(7, &[n]).hits(0.0)) && (0..1000).all(|n| Chance::at(7, &[n]).hits(1.0)));
    }
}
