//! How a push's body is packed: zstd, with a dictionary of what events look like, so that a sale sent alone does not have
//! to say again what every sale says. Whoever speaks protocol 1 has the dictionary; no compressor here.

/// The name of the packing, in `Content-Encoding`: zstd with [`DICTIONARY`]. Plain `zstd` is read as well.
pub const CODING: &str = "barra-1";

/// Trained once, by `zstd --train-fastcover --maxdict=4096 --dictID=40001`, on three thousand pushes of one sale each, half
/// of them with a ticket. Never changed: what would change it is another packing with another name.
pub const DICTIONARY: &[u8] = include_bytes!("packing/events_1.zdict");

/// The dictionary's number, as a frame may name it.
pub const DICTIONARY_ID: u32 = 40_001;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Hash;

    /// What was packed with it can be read with it only.
    #[test]
    fn the_dictionary_is_the_one_that_was_agreed() {
        let hash = Hash::of_part(&data_encoding::HEXLOWER.encode(DICTIONARY)).to_string();
        assert_eq!(hash, "36ca152aaffdc9ba77f3508cd2ec1fdcf583cb64babb6c5597ea2c40e08ceb88");
        assert_eq!(DICTIONARY[..4], [0x37, 0xA4, 0x30, 0xEC], "zstd's mark of a dictionary");
        assert_eq!(DICTIONARY[4..8], DICTIONARY_ID.to_le_bytes());
    }
}
