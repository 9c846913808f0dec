//! What the bytes of results and of progress mean.

use shared::tender::CardProgress;

/// Cancelled, or too slow; also our word for a promise we cannot keep.
pub const ABORTED: u8 = 0x6C;
/// The payment stands, and cannot be undone any more.
pub const IRREVERSIBLE: u8 = 0xB5;
/// Undone before.
pub const REVERSED: u8 = 0xB4;

/// What a progress code says the terminal waits for; `None` for one that says nothing we show.
pub fn progress(code: u8) -> Option<CardProgress> {
    Some(match code {
        0x0A => CardProgress::PresentCard,
        0x01 | 0x02 => CardProgress::EnterPin,
        0x04 | 0x0E | 0x17 => CardProgress::ContactingBank,
        _ => return None,
    })
}

/// The terminal is undoing a payment by itself: whoever asks about it has to wait.
pub fn is_reversing(code: u8) -> bool {
    matches!(code, 0x05 | 0x45)
}

/// What a result means, for the transcript and the telephone call.
pub fn meaning(code: u8) -> &'static str {
    match code {
        0x00 => "done",
        0x01..=0x63 => "refused by the host",
        0x64 => "card not readable",
        0x65 => "no card data",
        0x66 => "processing error",
        0x67 | 0x68 => "not permitted",
        0x6A => "turnover file full",
        0x6B => "not registered",
        0x6C => "cancelled, or too slow",
        0x6E => "blocked",
        0x6F => "wrong currency",
        0x71 => "credit exceeded",
        0x72 => "chip error",
        0x73 => "card data wrong",
        0x77 => "end of day not possible",
        0x78 => "card expired",
        0x7A => "card unknown",
        0x7D => "no communication",
        0x83 => "not possible now",
        0x85 => "key missing",
        0x89 => "PIN pad fault",
        0x9A => "protocol error",
        0x9B => "dialling failed",
        0x9C => "please wait",
        0xA0 => "receiver not ready",
        0xA1 => "the host is silent",
        0xA3 => "no connection",
        0xB1 | 0xB2 => "memory full",
        0xB4 => "reversed already",
        0xB5 => "cannot be reversed",
        0xB7 => "wrong pre-authorised amount",
        0xC2 => "diagnosis required",
        0xC3 => "amount too large",
        0xC5 => "payment method not supported",
        0xC8 => "amount too small",
        0xCC => "printer not ready",
        0xDC => "card inserted",
        0xE0 => "remote maintenance",
        0xF0 => "batch is open",
        0xFA => "clearing error",
        0xFF => "system error",
        _ => "unknown code",
    }
}
