//! Frames on the wire, a byte at a time: `STX data ETX LRC`, and the bare bytes ACK and NAK between them.

/// Starts a frame.
pub const STX: u8 = 0x02;
/// Ends the data of a frame; the byte after it is the LRC, whatever that byte is.
pub const ETX: u8 = 0x03;
/// Received and understood.
pub const ACK: u8 = 0x06;
/// Received, but broken: send it again.
pub const NAK: u8 = 0x15;
/// The longest frame listened to; vouchers make them long.
pub const MAX_FRAME: usize = 8 * 1024;

/// XOR of every data byte and of ETX. It does not see two digits swapped: amounts are compared as well.
pub fn lrc(data: &[u8]) -> u8 {
    data.iter().fold(ETX, |sum, byte| sum ^ byte)
}

/// The bytes of a frame. ETX cannot be escaped, so data never holds it.
pub fn encode(data: &str) -> Vec<u8> {
    debug_assert!(!data.as_bytes().contains(&ETX), "no request holds ETX");
    let mut frame = Vec::with_capacity(data.len() + 3);
    frame.push(STX);
    frame.extend_from_slice(data.as_bytes());
    frame.extend_from_slice(&[ETX, lrc(data.as_bytes())]);
    frame
}

/// Why the bytes of a frame are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The LRC does not match.
    Lrc {
        /// What came instead.
        got: u8,
    },
    /// Longer than [`MAX_FRAME`].
    TooLong,
    /// The rest did not come.
    Gap,
    /// Another STX came before ETX: a cut frame, followed by a new one. Nothing to complain about.
    Restarted,
}

/// What the bytes turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// ACK.
    Ack,
    /// NAK.
    Nak,
    /// A whole frame with the right LRC; its data.
    Frame(Vec<u8>),
    /// Part of a frame, or a whole one with the wrong LRC.
    Broken {
        /// The data as far as it came.
        data: Vec<u8>,
        /// What is wrong.
        flaw: Flaw,
    },
    /// A byte that belongs to nothing.
    Noise(u8),
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    InData,
    WantLrc,
}

/// Turns bytes into [`Heard`]. Knows no clock: whoever reads the port says when a gap was too long.
#[derive(Debug, Default)]
pub struct Receiver {
    state: State,
    data: Vec<u8>,
}

impl Receiver {
    /// Takes the next byte.
    pub fn hear(&mut self, byte: u8) -> Option<Heard> {
        match (&self.state, byte) {
            (State::Idle, ACK) => Some(Heard::Ack),
            (State::Idle, NAK) => Some(Heard::Nak),
            (State::Idle, STX) => {
                self.state = State::InData;
                None
            }
            (State::Idle, _) => Some(Heard::Noise(byte)),
            (State::InData, ETX) => {
                self.state = State::WantLrc;
                None
            }
            (State::InData, STX) => {
                let data = std::mem::take(&mut self.data);
                Some(Heard::Broken { data, flaw: Flaw::Restarted })
            }
            (State::InData, _) => {
                self.data.push(byte);
                (self.data.len() > MAX_FRAME).then(|| self.give_up(Flaw::TooLong))
            }
            (State::WantLrc, got) => {
                if got != lrc(&self.data) {
                    return Some(self.give_up(Flaw::Lrc { got }));
                }
                self.state = State::Idle;
                Some(Heard::Frame(std::mem::take(&mut self.data)))
            }
        }
    }

    /// Silence inside a frame, longer than a frame may pause.
    pub fn gap(&mut self) -> Option<Heard> {
        self.is_mid_frame().then(|| self.give_up(Flaw::Gap))
    }

    /// A frame has begun and not ended.
    pub fn is_mid_frame(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    fn give_up(&mut self, flaw: Flaw) -> Heard {
        self.state = State::Idle;
        Heard::Broken { data: std::mem::take(&mut self.data), flaw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hear(bytes: &[u8]) -> Vec<Heard> {
        let mut receiver = Receiver::default();
        bytes.iter().filter_map(|byte| receiver.hear(*byte)).collect()
    }

    #[test]
    fn the_lrc_may_be_any_byte_even_one_with_a_meaning() {
        for (data, expected) in
            [("0100", STX), ("0500||", ACK), ("0900|81|", ETX), ("0900|82|", 0), ("0900|78|", 5), ("0200|123|", 0x31)]
        {
            let frame = encode(data);
            assert_eq!(frame.last(), Some(&expected), "{data}");
            assert_eq!(hear(&frame), vec![Heard::Frame(data.as_bytes().to_vec())]);
        }
    }

    #[test]
    fn a_cut_frame_followed_by_a_resend_is_heard_once() {
        let mut bytes = encode("0210|00|5970")[..8].to_vec();
        bytes.extend(encode("0210|00|59702"));
        assert_eq!(
            hear(&bytes),
            vec![
                Heard::Broken { data: b"0210|00".to_vec(), flaw: Flaw::Restarted },
                Heard::Frame(b"0210|00|59702".to_vec())
            ]
        );
    }

    #[test]
    fn noise_before_a_frame_is_set_aside() {
        let mut bytes = vec![0xFF, b'x'];
        bytes.extend(encode("0100"));
        assert_eq!(hear(&bytes), vec![Heard::Noise(0xFF), Heard::Noise(b'x'), Heard::Frame(b"0100".to_vec())]);
    }

    #[test]
    fn a_frame_without_end_is_dropped() {
        let mut bytes = vec![STX];
        bytes.extend(vec![b'9'; MAX_FRAME + 1]);
        bytes.extend(encode("0100"));
        let heard = hear(&bytes);
        assert!(matches!(&heard[0], Heard::Broken { flaw: Flaw::TooLong, .. }));
        assert_eq!(heard[1], Heard::Frame(b"0100".to_vec()));
    }

    #[test]
    fn silence_inside_a_frame_drops_it() {
        let mut receiver = Receiver::default();
        assert_eq!(receiver.gap(), None, "silence between frames is nothing");
        for byte in &encode("0100")[..3] {
            receiver.hear(*byte);
        }
        assert_eq!(receiver.gap(), Some(Heard::Broken { data: b"01".to_vec(), flaw: Flaw::Gap }));
        assert!(!receiver.is_mid_frame());
    }

    proptest! {
        /// What a frame holds comes out as it went in, whatever came before it.
        #[test]
        fn a_whole_frame_after_any_noise_is_heard(noise in prop::collection::vec(4_u8..=255, 0..40), data in "[0-9A-Z| ]{1,60}") {
            let mut bytes = noise;
            bytes.extend(encode(&data));
            let heard = hear(&bytes);
            prop_assert_eq!(heard.last(), Some(&Heard::Frame(data.into_bytes())));
        }

        /// Every byte is accounted for, and none of them can upset the receiver.
        #[test]
        fn no_byte_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut receiver = Receiver::default();
            let mut heard: Vec<Heard> = bytes.iter().filter_map(|byte| receiver.hear(*byte)).collect();
            heard.extend(receiver.gap());
            let counted: usize = heard.iter().map(|heard| match heard {
                Heard::Ack | Heard::Nak | Heard::Noise(_) => 1,
                Heard::Frame(data) | Heard::Broken { data, flaw: Flaw::Lrc { .. } } => data.len() + 3,
                Heard::Broken { data, .. } => data.len() + 1,
            }).sum();
            // A frame given up between ETX and LRC has swallowed its ETX.
            prop_assert!(counted == bytes.len() || counted + 1 == bytes.len());
        }
    }
}
