//! Where one code ends and the next begins, on a serial line. Pure: bytes and times come in, codes come out.

/// The longest code anyone reads. Of a longer one a byte more is kept, so that it is told as what it is and refused; the
/// rest is noise up to the next end.
const MAX_FRAME: usize = 512;
/// The same code again within this time is one scan: the trigger bounced, or the paper was held too long.
pub const BOUNCE_MS: u64 = 800;

/// Collects one scanner's bytes.
#[derive(Debug, Default)]
pub struct Framer {
    frame: Vec<u8>,
    last: Option<(String, u64)>,
}

impl Framer {
    /// Takes bytes that came at `now_ms` of a clock that never goes back; answers the codes they completed.
    pub fn push(&mut self, bytes: &[u8], now_ms: u64) -> Vec<String> {
        let mut codes = Vec::new();
        for byte in bytes {
            if matches!(byte, b'\r' | b'\n') {
                codes.extend(self.end(now_ms));
            } else if self.frame.len() <= MAX_FRAME {
                self.frame.push(*byte);
            }
        }
        codes
    }

    /// The line was silent long enough: what came is a code, its end or not. Some scanners send none.
    pub fn silence(&mut self, now_ms: u64) -> Option<String> {
        self.end(now_ms)
    }

    /// The line broke; half a code is no code.
    pub fn reset(&mut self) {
        self.frame.clear();
    }

    fn end(&mut self, now_ms: u64) -> Option<String> {
        let frame = std::mem::take(&mut self.frame);
        if frame.is_empty() {
            return None;
        }
        let code = String::from_utf8_lossy(&frame).into_owned();
        let is_bounce =
            self.last.as_ref().is_some_and(|(last, at)| *last == code && now_ms.saturating_sub(*at) < BOUNCE_MS);
        // Held under the beam, a paper is read on and on: each reading starts the time anew.
        self.last = Some((code.clone(), now_ms));
        (!is_bounce).then_some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_ends_with_its_line_or_with_silence() {
        let mut framer = Framer::default();
        assert_eq!(framer.push(b"40063", 0), Vec::<String>::new());
        assert_eq!(framer.push(b"81333931\r\nT1", 10), ["4006381333931"]);
        assert_eq!(framer.silence(120), Some("T1".to_owned()));
        assert_eq!(framer.silence(240), None, "silence alone is nothing");
    }

    #[test]
    fn the_same_code_at_once_is_one_scan() {
        let mut framer = Framer::default();
        assert_eq!(framer.push(b"A\rB\rA\r", 0), ["A", "B", "A"], "two drinks, one between");
        assert_eq!(framer.push(b"A\r", 700), Vec::<String>::new());
        assert_eq!(framer.push(b"A\r", 1_499), Vec::<String>::new(), "still held under the beam");
        assert_eq!(framer.push(b"A\r", 2_299), ["A"], "scanned again");
    }

    #[test]
    fn noise_is_told_once_and_dropped_up_to_the_next_end() {
        let mut framer = Framer::default();
        assert_eq!(framer.push(&[b'x'; 5_000], 0), Vec::<String>::new());
        let heard = framer.push(b"tail\r4006381333931\r", 1);
        assert_eq!(heard, ["x".repeat(MAX_FRAME + 1), "4006381333931".to_owned()], "too long to be any code of ours");
        framer.push(b"half", 2);
        framer.reset();
        assert_eq!(framer.push(b"whole\n", 3), ["whole"]);
    }

    proptest! {
        /// However the line cuts the bytes, the codes are the same.
        #[test]
        fn pieces_do_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..300), split in 0..300_usize) {
            let split = split.min(bytes.len());
            let (mut whole, mut pieces) = (Framer::default(), Framer::default());
            let mut codes = pieces.push(&bytes[..split], 0);
            codes.extend(pieces.push(&bytes[split..], 0));
            prop_assert_eq!(whole.push(&bytes, 0), codes);
        }
    }
}
