//! A camera's picture, and the QR codes in it. Pure: nothing here knows a camera, and no code is believed.

/// The shortest side that can hold a code worth reading.
pub const SHORTEST_SIDE: usize = 32;
/// The longest side: what a web camera shows, not what a photographer's does.
pub const LONGEST_SIDE: usize = 1_280;
/// More codes than anybody holds up at once.
const MOST_CODES: usize = 8;

/// A picture that is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too small, or too large.
    #[error("a picture has 32 to 1280 dots a side, not {width} by {height}")]
    Size {
        /// Dots across.
        width: usize,
        /// Dots down.
        height: usize,
    },
    /// More or fewer dots than its sides say.
    #[error("a picture of its size has {expected} dots, not {found}")]
    Dots {
        /// As its sides say.
        expected: usize,
        /// As they came.
        found: usize,
    },
}

/// What every code in a grey picture says, top to bottom: one byte a dot, row by row, from black to white.
///
/// Errors: [`FrameError::Size`], [`FrameError::Dots`].
pub fn read_frame(width: usize, height: usize, luma: &[u8]) -> Result<Vec<String>, FrameError> {
    let sides = SHORTEST_SIDE..=LONGEST_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(FrameError::Size { width, height });
    }
    let expected = width * height;
    if luma.len() != expected {
        return Err(FrameError::Dots { expected, found: luma.len() });
    }
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| luma[y * width + x]);
    let mut codes: Vec<(i32, String)> = image
        .detect_grids()
        .into_iter()
        .take(MOST_CODES)
        .filter_map(|grid| grid.decode().ok().map(|(_, text)| (grid.bounds[0].y, text)))
        .collect();
    codes.sort();
    let mut codes: Vec<String> = codes.into_iter().map(|(_, text)| text).collect();
    codes.dedup();
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_picture_of_another_size_than_it_says_is_not_looked_at() {
        assert_eq!(read_frame(31, 64, &[0; 31 * 64]), Err(FrameError::Size { width: 31, height: 64 }));
        assert_eq!(read_frame(64, 1_281, &[]), Err(FrameError::Size { width: 64, height: 1_281 }));
        assert!(read_frame(usize::MAX, usize::MAX, &[]).is_err());
        assert_eq!(read_frame(64, 64, &[9; 64 * 64 - 1]), Err(FrameError::Dots { expected: 4_096, found: 4_095 }));
        assert_eq!(read_frame(64, 64, &[9; 64 * 64]), Ok(Vec::new()));
    }

    /// Noise, stripes, and what looks like the corners of a code.
    fn frames() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
        (SHORTEST_SIDE..200, SHORTEST_SIDE..200, any::<u64>(), 0..4_u8, 1..24_usize).prop_map(
            |(width, height, seed, kind, module)| {
                let hash = blake3::hash(&seed.to_be_bytes());
                let mut noise = blake3::Hasher::new_keyed(hash.as_bytes()).finalize_xof();
                let mut luma = vec![0; width * height];
                noise.fill(&mut luma);
                for (at, dot) in luma.iter_mut().enumerate() {
                    let (x, y) = (at % width / module, at / width / module);
                    // Three squares in squares, where a code has its corners.
                    let ring = |x: usize, y: usize| x.abs_diff(3).max(y.abs_diff(3));
                    let rings = [ring(x, y), ring(x, (y + 7).saturating_sub(21)), ring((x + 7).saturating_sub(21), y)];
                    let corner = rings.into_iter().find(|ring| *ring <= 4);
                    *dot = match (kind, corner) {
                        (0, _) => *dot,
                        (1, _) => {
                            if (x + y) % 2 == 0 {
                                20
                            } else {
                                230
                            }
                        }
                        (_, Some(ring)) => {
                            if ring == 2 || ring == 4 {
                                240
                            } else {
                                15
                            }
                        }
                        (_, None) => {
                            if *dot & 1 == 0 {
                                240
                            } else {
                                15
                            }
                        }
                    };
                }
                (width, height, luma)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

        /// Whatever is held up, it is read or it is not.
        #[test]
        fn any_picture_is_read_or_not((width, height, luma) in frames()) {
            let codes = read_frame(width, height, &luma);
            prop_assert!(codes.is_ok_and(|codes| codes.len() <= MOST_CODES));
        }

        /// Sides that lie about their dots are found out, whatever the dots are.
        #[test]
        fn any_sides_are_taken_or_refused(width in 0..2_000_usize, height in 0..2_000_usize, dots in 0..5_000_usize) {
            let read = read_frame(width, height, &vec![128; dots]);
            prop_assert_eq!(read.is_ok(), width * height == dots && width.min(height) >= SHORTEST_SIDE && width.max(height) <= LONGEST_SIDE);
        }
    }
}
