//! A message on a serial line: `DLE STX message DLE ETX CRC CRC`, every DLE of the message doubled, and the bare bytes
//! ACK and NAK between.
//!
//! The CRC is CRC-16/KERMIT over the message and ETX, low byte first, and is not doubled.

use super::apdu::Apdu;

/// Received and understood.
pub const ACK: u8 = 0x06;
/// Received, but broken: send it again.
pub const NAK: u8 = 0x15;
const DLE: u8 = 0x10;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
/// The longest message listened to; receipts make them long.
pub const MAX_MESSAGE: usize = 16 * 1024;

/// CRC-16/KERMIT: reflected polynomial 8408, starting with 0.
pub fn crc(bytes: impl IntoIterator<Item = u8>) -> u16 {
    bytes.into_iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ u16::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0x8408 } else { sum >> 1 })
    })
}

fn crc_of(message: &[u8]) -> u16 {
    crc(message.iter().copied().chain([ETX]))
}

/// The bytes of a frame.
pub fn encode(apdu: &Apdu) -> Vec<u8> {
    wrap(&apdu.encode())
}

/// A frame around the bytes of a message.
pub fn wrap(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![DLE, STX];
    for byte in message {
        frame.push(*byte);
        if *byte == DLE {
            frame.push(DLE);
        }
    }
    frame.extend([DLE, ETX]);
    frame.extend(crc_of(message).to_le_bytes());
    frame
}

/// Why the bytes of a frame are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The CRC does not match.
    Crc,
    /// The CRC matches, and what it covers is no message.
    NoMessage,
    /// Longer than any message.
    TooLong,
    /// The rest did not come.
    Gap,
    /// Another frame began before this one ended: a cut one, said again.
    Restarted,
    /// A DLE followed by what may not follow it.
    Escape,
}

/// What the bytes turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// ACK.
    Ack,
    /// NAK.
    Nak,
    /// A whole message.
    Apdu(Apdu),
    /// Part of a frame, or a whole one that is wrong: so many bytes.
    Broken(usize, Flaw),
    /// A byte that belongs to nothing.
    Noise(u8),
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// A DLE between frames.
    Opening,
    InMessage,
    /// A DLE inside a frame.
    Escaped,
    /// So much of the CRC.
    Crc(Option<u8>),
}

/// Turns bytes into [`Heard`].
#[derive(Debug, Default)]
pub struct Receiver {
    state: State,
    message: Vec<u8>,
}

impl Receiver {
    /// Takes the next byte.
    pub fn hear(&mut self, byte: u8) -> Option<Heard> {
        match (&self.state, byte) {
            (State::Idle, ACK) => Some(Heard::Ack),
            (State::Idle, NAK) => Some(Heard::Nak),
            (State::Idle, DLE) => self.go(State::Opening),
            (State::Idle, _) => Some(Heard::Noise(byte)),
            (State::Opening, STX) => self.go(State::InMessage),
            (State::Opening, DLE) => Some(Heard::Noise(DLE)),
            (State::Opening, _) => {
                self.state = State::Idle;
                Some(Heard::Noise(byte))
            }
            (State::InMessage, DLE) => self.go(State::Escaped),
            (State::InMessage, _) => self.collect(byte),
            (State::Escaped, DLE) => {
                self.state = State::InMessage;
                self.collect(DLE)
            }
            (State::Escaped, ETX) => self.go(State::Crc(None)),
            (State::Escaped, STX) => {
                let heard = self.give_up(Flaw::Restarted);
                self.state = State::InMessage;
                Some(heard)
            }
            (State::Escaped, _) => Some(self.give_up(Flaw::Escape)),
            (State::Crc(None), low) => self.go(State::Crc(Some(low))),
            (State::Crc(Some(low)), high) => Some(self.check(u16::from_le_bytes([*low, high]))),
        }
    }

    /// Silence inside a frame, longer than a frame may pause.
    pub fn gap(&mut self) -> Option<Heard> {
        self.is_mid_frame().then(|| self.give_up(Flaw::Gap))
    }

    /// A frame has begun and not ended.
    pub fn is_mid_frame(&self) -> bool {
        self.state != State::Idle
    }

    fn go(&mut self, state: State) -> Option<Heard> {
        self.state = state;
        None
    }

    fn collect(&mut self, byte: u8) -> Option<Heard> {
        self.message.push(byte);
        (self.message.len() > MAX_MESSAGE).then(|| self.give_up(Flaw::TooLong))
    }

    fn check(&mut self, got: u16) -> Heard {
        if got != crc_of(&self.message) {
            return self.give_up(Flaw::Crc);
        }
        match Apdu::decode(&self.message) {
            Some(apdu) => {
                (self.state, self.message) = (State::Idle, Vec::new());
                Heard::Apdu(apdu)
            }
            None => self.give_up(Flaw::NoMessage),
        }
    }

    fn give_up(&mut self, flaw: Flaw) -> Heard {
        self.state = State::Idle;
        Heard::Broken(std::mem::take(&mut self.message).len(), flaw)
    }
}

#[cfg(test)]
mod tests {
    use super::super::apdu::command;
    use super::*;
    use proptest::prelude::*;

    fn hear(bytes: &[u8]) -> Vec<Heard> {
        let mut receiver = Receiver::default();
        bytes.iter().filter_map(|byte| receiver.hear(*byte)).collect()
    }

    #[test]
    fn a_cut_frame_said_again_is_heard_once() {
        let frame = encode(&Apdu::new(command::COMPLETION, vec![1, 2, 3]));
        // Cut after a DLE of its own, the new frame's DLE would close a pair; cut elsewhere, its STX shows.
        let mut bytes = frame[..6].to_vec();
        bytes.extend(&frame);
        assert_eq!(hear(&bytes).last(), Some(&Heard::Apdu(Apdu::new(command::COMPLETION, vec![1, 2, 3]))));
        assert_eq!(hear(&bytes)[0], Heard::Broken(4, Flaw::Restarted));
    }

    #[test]
    fn noise_gaps_and_endless_frames_are_set_aside() {
        assert_eq!(hear(&[0xFF, DLE, b'x', ACK]), vec![Heard::Noise(0xFF), Heard::Noise(b'x'), Heard::Ack]);
        let mut receiver = Receiver::default();
        assert_eq!(receiver.gap(), None);
        for byte in [DLE, STX, 6] {
            assert_eq!(receiver.hear(byte), None);
        }
        assert_eq!(receiver.gap(), Some(Heard::Broken(1, Flaw::Gap)));
        let mut bytes = vec![DLE, STX];
        bytes.extend(vec![9; MAX_MESSAGE + 1]);
        assert_eq!(hear(&bytes), vec![Heard::Broken(MAX_MESSAGE + 1, Flaw::TooLong)]);
    }

    proptest! {
        /// Whatever a message holds, DLE and ETX above all, it comes out as it went in.
        #[test]
        fn a_message_survives_its_frame(command: u16, data in prop::collection::vec(prop_oneof![Just(DLE), Just(ETX), Just(STX), any::<u8>()], 0..300)) {
            let apdu = Apdu::new(command, data);
            prop_assert_eq!(hear(&encode(&apdu)), vec![Heard::Apdu(apdu)]);
        }

        /// One flipped bit never gives another message.
        #[test]
        fn a_flipped_bit_is_noticed(data in prop::collection::vec(any::<u8>(), 0..60), at: prop::sample::Index, bit in 0_u32..8) {
            let apdu = Apdu::new(command::AUTHORISATION, data);
            let mut frame = encode(&apdu);
            let place = at.index(frame.len());
            frame[place] ^= 1 << bit;
            prop_assert!(!hear(&frame).iter().any(|heard| matches!(heard, Heard::Apdu(_))));
        }

        /// No bytes upset it.
        #[test]
        fn any_bytes_are_heard(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut receiver = Receiver::default();
            for byte in bytes {
                receiver.hear(byte);
            }
            receiver.gap();
            prop_assert!(!receiver.is_mid_frame());
        }
    }
}
