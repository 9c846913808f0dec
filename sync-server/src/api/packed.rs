//! A push's body: JSON, zstd over it or not, with the dictionary of events or without. Knows nothing of its neighbours, so
//! that it can be fuzzed alone.

use std::io::Read as _;
use std::sync::LazyLock;

use shared::sync::packing::DICTIONARY;
use shared::sync::protocol::{MAX_BODY_BYTES, PushRequest};
use zstd::dict::DecoderDictionary;
use zstd::stream::read::Decoder;

static EVENTS: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    None,
    /// zstd.
    Zstd,
    /// zstd with the dictionary of events.
    Events,
}

/// Why a body is no push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// More than a request may hold, once unpacked.
    TooLarge,
    /// Not what it should be.
    Unreadable,
}

/// Reads a body. Unpacks no further than one byte past the limit: a small body can claim to be very large.
pub(crate) fn read(body: &[u8], packing: Packing) -> Result<PushRequest, ParseError> {
    let decoder = match packing {
        Packing::None => return serde_json::from_slice(body).map_err(|_| ParseError::Unreadable),
        Packing::Zstd => Decoder::with_buffer(body),
        Packing::Events => Decoder::with_prepared_dictionary(body, &EVENTS),
    };
    let mut decoder = decoder.map_err(|_| ParseError::Unreadable)?.single_frame();
    // 8 MiB of window is all a frame of ours needs; larger ones would make us set memory aside.
    decoder.window_log_max(23).map_err(|_| ParseError::Unreadable)?;
    let mut plain = Vec::new();
    let mut limited = decoder.take(MAX_BODY_BYTES as u64 + 1);
    let read = limited.read_to_end(&mut plain);
    if plain.len() > MAX_BODY_BYTES {
        return Err(ParseError::TooLarge);
    }
    read.map_err(|_| ParseError::Unreadable)?;
    // Something after the frame is something nobody has looked at.
    if !limited.into_inner().finish().is_empty() {
        return Err(ParseError::Unreadable);
    }
    serde_json::from_slice(&plain).map_err(|_| ParseError::Unreadable)
}
