//! The message of ZVT, whatever line carries it: class, instruction, length, data.
//!
//! Source: PA00P015 rev. 13.08, PA00P016 rev. 04. Two bytes of length, where there are two, are little-endian.

/// Says that two bytes of length follow.
const LONG: u8 = 0xFF;

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub struct Apdu {
    /// Class and instruction, `0x0601` for a payment.
    pub command: u16,
    /// What it carries, at most 65,535 bytes.
    pub data: Vec<u8>,
}

impl Apdu {
    /// A message with data.
    pub fn new(command: u16, data: Vec<u8>) -> Self {
        debug_assert!(u16::try_from(data.len()).is_ok(), "the length has two bytes");
        Self { command, data }
    }

    /// Understood, and carried out or begun.
    pub fn positive() -> Self {
        Self::new(command::POSITIVE, Vec::new())
    }

    /// Refused, and why.
    pub fn negative(code: u8) -> Self {
        Self::new(command::NEGATIVE | u16::from(code), Vec::new())
    }

    /// The bytes, as they go over TCP.
    pub fn encode(&self) -> Vec<u8> {
        let [class, instruction] = self.command.to_be_bytes();
        let mut bytes = vec![class, instruction];
        match u8::try_from(self.data.len()) {
            Ok(length) if length < LONG => bytes.push(length),
            _ => {
                bytes.push(LONG);
                bytes.extend(u16::try_from(self.data.len()).unwrap_or(u16::MAX).to_le_bytes());
            }
        }
        bytes.extend(&self.data);
        bytes
    }

    /// The message that `bytes` are, no more and no less.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::default();
        let (last, before) = bytes.split_last()?;
        if before.iter().any(|byte| reader.hear(*byte).is_some()) {
            return None;
        }
        reader.hear(*last)
    }

    /// The answer to it is yes. `84 00` counts as one.
    pub fn is_positive(&self) -> bool {
        matches!(self.command, command::POSITIVE | command::NEGATIVE)
    }

    /// The reason of a refusal.
    pub fn refusal(&self) -> Option<u8> {
        let [class, code] = self.command.to_be_bytes();
        (class == 0x84 && code != 0).then_some(code)
    }
}

/// Data can hold card numbers, so only its length shows.
impl std::fmt::Debug for Apdu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Apdu({:04x}, {} bytes)", self.command, self.data.len())
    }
}

/// Commands, class and instruction.
pub mod command {
    /// Yes.
    pub const POSITIVE: u16 = 0x8000;
    /// No; the second byte says why.
    pub const NEGATIVE: u16 = 0x8400;
    /// Registration: who we are and what we print.
    pub const REGISTRATION: u16 = 0x0600;
    /// Take money.
    pub const AUTHORISATION: u16 = 0x0601;
    /// End the registration.
    pub const LOG_OFF: u16 = 0x0602;
    /// Done.
    pub const COMPLETION: u16 = 0x060F;
    /// Not done.
    pub const ABORT: u16 = 0x061E;
    /// What the open batch comes to, which stays open.
    pub const TURNOVER_TOTALS: u16 = 0x0610;
    /// The last receipt again.
    pub const REPEAT_RECEIPT: u16 = 0x0620;
    /// Undo a payment.
    pub const REVERSAL: u16 = 0x0630;
    /// Give money back.
    pub const REFUND: u16 = 0x0631;
    /// Settle with the acquirer and empty the memory.
    pub const END_OF_DAY: u16 = 0x0650;
    /// The till wants what goes on to end.
    pub const ABORT_BY_TILL: u16 = 0x06B0;
    /// A line to be printed.
    pub const PRINT_LINE: u16 = 0x06D1;
    /// Text to be printed.
    pub const PRINT_BLOCK: u16 = 0x06D3;
    /// How are you?
    pub const STATUS_ENQUIRY: u16 = 0x0501;
    /// What became of a transaction.
    pub const STATUS_INFORMATION: u16 = 0x040F;
    /// What the terminal waits for.
    pub const INTERMEDIATE_STATUS: u16 = 0x04FF;
}

/// Cuts a stream of bytes into messages. Every stream is a stream of messages, so nothing in it can be wrong; a reader
/// that is out of step finds out by what the messages say.
#[derive(Debug, Default)]
pub struct Reader {
    head: Vec<u8>,
    /// Bytes of data still to come, once the head is whole.
    missing: Option<usize>,
    data: Vec<u8>,
}

impl Reader {
    /// Takes the next byte.
    pub fn hear(&mut self, byte: u8) -> Option<Apdu> {
        if let Some(missing) = self.missing {
            self.data.push(byte);
            if missing > 1 {
                self.missing = Some(missing - 1);
                return None;
            }
            return Some(self.finish());
        }
        self.head.push(byte);
        let length = match self.head[..] {
            [_, _, length] if length != LONG => usize::from(length),
            [_, _, _, low, high] => usize::from(u16::from_le_bytes([low, high])),
            _ => return None,
        };
        if length == 0 {
            return Some(self.finish());
        }
        self.missing = Some(length);
        None
    }

    /// A message has begun and not ended.
    pub fn is_mid_message(&self) -> bool {
        !self.head.is_empty()
    }

    /// Forgets what has begun. Answers how many bytes that were.
    pub fn give_up(&mut self) -> usize {
        let lost = self.head.len() + self.data.len();
        *self = Self::default();
        lost
    }

    fn finish(&mut self) -> Apdu {
        let command = u16::from_be_bytes([self.head[0], self.head[1]]);
        let data = std::mem::take(&mut self.data);
        *self = Self::default();
        Apdu { command, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_length_has_one_byte_or_three() {
        assert_eq!(Apdu::positive().encode(), [0x80, 0, 0]);
        assert_eq!(Apdu::negative(0x6C).encode(), [0x84, 0x6C, 0]);
        let longest = Apdu::new(command::PRINT_BLOCK, vec![7; 254]).encode();
        assert_eq!(longest[..4], [0x06, 0xD3, 254, 7]);
        let long = Apdu::new(command::PRINT_BLOCK, vec![7; 255]).encode();
        assert_eq!(long[..6], [0x06, 0xD3, 0xFF, 255, 0, 7]);
    }

    #[test]
    fn a_refusal_has_a_reason_and_84_00_is_none() {
        assert!(Apdu::positive().is_positive() && Apdu::negative(0).is_positive());
        assert_eq!(Apdu::negative(0).refusal(), None);
        assert_eq!((Apdu::negative(0x83).is_positive(), Apdu::negative(0x83).refusal()), (false, Some(0x83)));
    }

    proptest! {
        /// Messages come out as they went in, however the line cuts them.
        #[test]
        fn what_is_encoded_is_read(all in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..600)), 1..5)) {
            let messages: Vec<_> = all.into_iter().map(|(command, data)| Apdu::new(command, data)).collect();
            let mut reader = Reader::default();
            let bytes: Vec<u8> = messages.iter().flat_map(Apdu::encode).collect();
            let read: Vec<_> = bytes.iter().filter_map(|byte| reader.hear(*byte)).collect();
            prop_assert_eq!(read, messages);
            prop_assert!(!reader.is_mid_message());
        }
    }
}
