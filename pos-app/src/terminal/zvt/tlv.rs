//! Tagged values inside a message: BER tags, lengths of one to three bytes, big-endian unlike a message's own.

/// Text for the display.
pub const DISPLAY_TEXTS: u16 = 0x24;
/// Text for the printer.
pub const PRINT_TEXTS: u16 = 0x25;
/// A line of text.
pub const TEXT: u16 = 0x07;

/// A length, and what follows it.
pub(super) fn length(data: &[u8]) -> Option<(usize, &[u8])> {
    match data {
        [length @ 0..=0x7F, rest @ ..] | [0x81, length, rest @ ..] => Some((usize::from(*length), rest)),
        [0x82, high, low, rest @ ..] => Some((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        _ => None,
    }
}

/// The tagged values, in their order, as far as they can be read.
pub fn values(mut data: &[u8]) -> Vec<(u16, &[u8])> {
    let mut values = Vec::new();
    while let Some((value, rest)) = next(data) {
        values.push(value);
        data = rest;
    }
    values
}

/// A tag and its value.
type Tagged<'a> = (u16, &'a [u8]);

fn next(data: &[u8]) -> Option<(Tagged<'_>, &[u8])> {
    let (tag, rest) = match data {
        [first, second, rest @ ..] if first & 0x1F == 0x1F => (u16::from_be_bytes([*first, *second]), rest),
        [first, rest @ ..] => (u16::from(*first), rest),
        [] => return None,
    };
    let (length, rest) = length(rest)?;
    Some(((tag, rest.get(..length)?), rest.get(length..)?))
}

/// Every line of text inside a container, such as [`PRINT_TEXTS`]. Bytes above 127 are Latin-1.
pub fn lines(data: &[u8], container: u16) -> Vec<String> {
    let inside = values(data).into_iter().filter(|(tag, _)| *tag == container);
    let texts = inside.flat_map(|(_, value)| values(value)).filter(|(tag, _)| *tag == TEXT);
    texts.map(|(_, text)| text.iter().map(|byte| char::from(*byte)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_and_lengths_of_every_size_are_read() {
        let mut data = vec![0x1F, 0x07, 1, 2, 0x25, 0x81, 3, 0x07, 1, b'A', 0x12, 0x82, 0, 1, 48];
        assert_eq!(values(&data), vec![(0x1F07, &[2][..]), (PRINT_TEXTS, &[0x07, 1, b'A'][..]), (0x12, &[48][..])]);
        assert_eq!(lines(&data, PRINT_TEXTS), vec!["A"]);
        data.extend([0x07, 9, 1]);
        assert_eq!(values(&data).len(), 3, "a value that is cut is none");
    }

    proptest! {
        /// No bytes upset the reader.
        #[test]
        fn any_bytes_are_read(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let read: usize = values(&data).iter().map(|(_, value)| value.len() + 2).sum();
            prop_assert!(read <= data.len());
            lines(&data, PRINT_TEXTS);
        }
    }
}
