//! What the two digits of a reply mean.
//!
//! Only `00` is an approval, and every other code of a final reply is a refusal. That holds for `02`, `03` and `22` too:
//! the bank did not answer the terminal, so the terminal has taken nothing and says so. Some treat those three as a doubt;
//! but a terminal that says how a sale ended is not in doubt, and one that is says nothing.

use shared::tender::CardProgress;

/// The only code that means money was taken.
pub const APPROVED: &str = "00";
/// The terminal has no sale in its memory.
pub const NOTHING_STORED: &str = "11";
/// Our own word, not the terminal's: it answered, and its memory proves that no such sale was taken.
pub const NOT_STORED: &str = "not_stored";
/// A void that is no news: the sale was undone before.
pub const ALREADY_VOIDED: &str = "04";
/// The day's keys are missing.
pub const LOAD_KEYS: &str = "26";
/// Our own word: the sale is not in the terminal's open batch, so nothing was asked.
pub const NOT_IN_BATCH: &str = "not_in_batch";
/// Our own word: not a byte of the request was sent.
pub const UNREACHABLE: &str = "unreachable";
/// Our own word: the terminal answered the request itself by NAK, three times.
pub const REQUEST_REFUSED: &str = "request_refused";

/// What a progress code says the terminal waits for; `None` for one that says nothing we show.
pub fn progress(code: &str) -> Option<CardProgress> {
    Some(match code {
        "78" | "84" => CardProgress::PresentCard,
        "79" => CardProgress::ConfirmAmount,
        "80" | "83" | "85" | "86" | "87" => CardProgress::Choose,
        "81" => CardProgress::EnterPin,
        "82" => CardProgress::ContactingBank,
        _ => return None,
    })
}

/// What a person can do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Close the terminal's batch first.
    Close,
    /// Load the day's keys, then try again with a new ticket.
    LoadKeys,
    /// Put paper in.
    Paper,
    /// Another card, or another way to pay.
    OtherTender,
}

/// What helps against a refusal.
pub fn remedy(code: &str) -> Remedy {
    match code {
        "13" | "67" | "74" | "76" | "77" => Remedy::Close,
        "26" => Remedy::LoadKeys,
        "24" => Remedy::Paper,
        _ => Remedy::OtherTender,
    }
}

/// What a code means, for the transcript and the telephone call.
pub fn meaning(code: &str) -> &'static str {
    match code {
        "00" => "approved",
        "01" => "refused",
        "02" => "the host is silent",
        "03" => "no connection to the host",
        "04" => "already voided",
        "05" => "nothing to void",
        "06" => "card not supported",
        "07" => "cancelled at the terminal",
        "08" => "debit cannot be voided",
        "09" => "card not readable",
        "10" => "below the minimum",
        "11" => "no sale stored",
        "12" => "transaction not supported",
        "13" | "74" | "77" => "close required",
        "14" => "no tone",
        "15" => "BITMAP.DAT missing",
        "16" => "bad answer of the host",
        "17" => "the last four digits do not match",
        "18" => "bad menu option",
        "19" => "another card",
        "20" => "invalid card",
        "21" => "void not allowed",
        "22" => "timed out",
        "24" => "no paper",
        "25" => "bad date",
        "26" => "load keys",
        "27" => "update needed",
        "60" => "bad instalments",
        "61" => "request could not be built",
        "62" => "pin pad fault",
        "65" => "error in the host's answer",
        "67" | "76" => "too many sales, close",
        "68" => "error entering the amount",
        "70" => "bad ticket",
        "71" => "bad print field",
        "72" => "amount must be above zero",
        "73" => "terminal number not set",
        "75" => "no cards configured",
        "88" => "bad number of instalments",
        "93" => "declined",
        "94" => "error processing the answer",
        "95" => "error printing",
        _ => "unknown code",
    }
}

/// The brand behind a reply's two letters, for a screen; the letters themselves when unknown.
pub fn brand_name(brand: &str) -> &str {
    match brand {
        "VI" => "Visa",
        "MC" => "Mastercard",
        "CA" => "Cabal",
        "CR" => "Credencial",
        "AX" => "American Express",
        "CE" => "Cerrada",
        "DC" => "Diners",
        "TP" => "Presto",
        "MG" => "Magna",
        "TM" => "Más",
        "RP" => "Ripley",
        "EX" => "Extra",
        "TC" => "CMR",
        "DB" => "Redcompra",
        other => other,
    }
}
