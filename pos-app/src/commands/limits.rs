//! How long is too long. Checked before anything is looked up.

use super::types::{
    AddProduct, AddUpCash, Approval, CardRef, CloseBatch, CloseRegister, CompleteSale, CountNext, CountStock,
    EditProduct, Enroll, EnterCard, LogIn, MoveCash, MoveStock, Nothing, OpenDrawer, OpenRegister, PrintBadge,
    PrintJobRef, ReadFrame, RecentSales, RedeemTicket, RemoveLine, Reprint, ResolveCard, ReturnCard, RouteScan,
    ScannedCode, SearchCatalog, ServeTerminal, SetQuantity, StartCard, TenderCash, UndoRedemption, UsePrinter,
    VoidTicket, WaitCard,
};

use crate::scanner::camera::{LONGEST_SIDE, SHORTEST_SIDE};

/// Longer than any code of ours, shorter than any attempt to choke on.
const CODE_CHARS: usize = 2_048;

/// Arguments that can be too much.
pub(crate) trait Limits {
    /// Why they are refused.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

macro_rules! unlimited {
    ($($type:ty),+) => { $(impl Limits for $type {})+ };
}

unlimited!(
    Nothing,
    AddProduct,
    SetQuantity,
    RemoveLine,
    CompleteSale,
    StartCard,
    CardRef,
    CloseBatch,
    ServeTerminal,
    Reprint,
    PrintBadge,
    PrintJobRef,
    UsePrinter,
    CountStock,
    MoveStock
);

impl Limits for Enroll {
    fn check(&self) -> Result<(), &'static str> {
        if self.server_url.len() > 300
            || !(self.server_url.starts_with("https://") || self.server_url.starts_with("http://"))
        {
            return Err("server_url begins with https:// and has at most 300 characters");
        }
        if self.code.len() > 64 { Err("code has at most 64 characters") } else { Ok(()) }
    }
}

impl Limits for LogIn {
    fn check(&self) -> Result<(), &'static str> {
        a_pin(&self.pin)
    }
}

impl Limits for Approval {
    fn check(&self) -> Result<(), &'static str> {
        a_pin(&self.pin)
    }
}

fn a_pin(pin: &str) -> Result<(), &'static str> {
    let is_pin = (4..=8).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit());
    if is_pin { Ok(()) } else { Err("pin is four to eight digits") }
}

impl Limits for OpenRegister {
    fn check(&self) -> Result<(), &'static str> {
        few_notes(&self.float.0)
    }
}

impl Limits for CloseRegister {
    fn check(&self) -> Result<(), &'static str> {
        few_notes(&self.counted.0)
    }
}

impl Limits for AddUpCash {
    fn check(&self) -> Result<(), &'static str> {
        few_notes(&self.counted.0)
    }
}

impl Limits for TenderCash {
    fn check(&self) -> Result<(), &'static str> {
        self.notes.as_ref().map_or(Ok(()), |notes| few_notes(&notes.0))
    }
}

fn few_notes(counted: &[shared::register::Counted]) -> Result<(), &'static str> {
    let is_sane = counted.len() <= 100 && counted.iter().all(|counted| counted.count <= 1_000_000);
    if is_sane { Ok(()) } else { Err("a count has at most 100 rows of at most a million pieces") }
}

impl Limits for SearchCatalog {
    fn check(&self) -> Result<(), &'static str> {
        if self.text.chars().count() > 100 {
            return Err("text has at most 100 characters");
        }
        sane_limit(self.limit)
    }
}

impl Limits for RecentSales {
    fn check(&self) -> Result<(), &'static str> {
        sane_limit(self.limit)
    }
}

fn sane_limit(limit: u32) -> Result<(), &'static str> {
    if (1..=100).contains(&limit) { Ok(()) } else { Err("limit is 1 to 100") }
}

impl Limits for WaitCard {
    fn check(&self) -> Result<(), &'static str> {
        if self.timeout_ms <= 600_000 { Ok(()) } else { Err("timeout_ms is at most ten minutes") }
    }
}

impl Limits for ScannedCode {
    fn check(&self) -> Result<(), &'static str> {
        if self.code.len() <= CODE_CHARS { Ok(()) } else { Err("code has at most 2048 characters") }
    }
}

impl Limits for CountNext {
    fn check(&self) -> Result<(), &'static str> {
        few_times(self.times)
    }
}

fn few_times(times: Option<u16>) -> Result<(), &'static str> {
    if times.is_none_or(|times| (1..1_000).contains(&times)) { Ok(()) } else { Err("times is 1 to 999") }
}

impl Limits for ReadFrame {
    fn check(&self) -> Result<(), &'static str> {
        let sides = SHORTEST_SIDE..=LONGEST_SIDE;
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err("width and height are 32 to 1280");
        }
        // Three bytes are four signs.
        if self.luma.len() == (width * height).div_ceil(3) * 4 {
            Ok(())
        } else {
            Err("luma is a byte a dot, as Base64")
        }
    }
}

impl Limits for RouteScan {
    fn check(&self) -> Result<(), &'static str> {
        few_times(self.times)?;
        if self.code.len() <= CODE_CHARS { Ok(()) } else { Err("code has at most 2048 characters") }
    }
}

impl Limits for RedeemTicket {
    fn check(&self) -> Result<(), &'static str> {
        if self.code.len() > CODE_CHARS {
            return Err("code has at most 2048 characters");
        }
        let is_few = self.lines.as_ref().is_none_or(|lines| lines.len() <= 120);
        if is_few { Ok(()) } else { Err("lines are at most 120") }
    }
}

impl Limits for UndoRedemption {
    fn check(&self) -> Result<(), &'static str> {
        if self.code.len() <= CODE_CHARS { Ok(()) } else { Err("code has at most 2048 characters") }
    }
}

impl Limits for VoidTicket {
    fn check(&self) -> Result<(), &'static str> {
        if self.code.len() > CODE_CHARS {
            return Err("code has at most 2048 characters");
        }
        let chars = self.reason.trim().chars().count();
        if (1..=200).contains(&chars) { Ok(()) } else { Err("reason has 1 to 200 characters") }
    }
}

/// What is too long to be a slip of the finger; what is merely wrong has a code of its own.
fn sane_text<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<(), &'static str> {
    let is_sane = texts.into_iter().all(|text| text.len() <= 1_000);
    if is_sane { Ok(()) } else { Err("a text has at most 1000 bytes") }
}

impl Limits for ResolveCard {
    fn check(&self) -> Result<(), &'static str> {
        sane_text([&self.note].into_iter().chain(&self.authorisation_code).chain(&self.last4))
    }
}

impl Limits for ReturnCard {
    fn check(&self) -> Result<(), &'static str> {
        sane_text([&self.note])
    }
}

impl Limits for EnterCard {
    fn check(&self) -> Result<(), &'static str> {
        let is_word = |word: &Option<String>| {
            word.as_ref().is_none_or(|word| word.len() <= 20 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        };
        if !is_word(&self.card_type) || !is_word(&self.brand) {
            return Err("card_type and brand have at most 20 letters and digits");
        }
        sane_text([&self.authorisation_code, &self.last4])
    }
}

impl Limits for OpenDrawer {
    fn check(&self) -> Result<(), &'static str> {
        let chars = self.reason.trim().chars().count();
        if (1..=200).contains(&chars) { Ok(()) } else { Err("reason has 1 to 200 characters") }
    }
}

impl Limits for MoveCash {
    fn check(&self) -> Result<(), &'static str> {
        let chars = self.reason.trim().chars().count();
        if (1..=200).contains(&chars) { Ok(()) } else { Err("reason has 1 to 200 characters") }
    }
}

impl Limits for EditProduct {
    fn check(&self) -> Result<(), &'static str> {
        let is_text = |text: &String, most: usize| {
            (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
        };
        if self.name.as_ref().is_some_and(|name| !is_text(name, 80)) {
            return Err("name has 1 to 80 characters on one line");
        }
        if self.price_minor.is_some_and(|price| !(0..=1_000_000_000).contains(&price)) {
            return Err("price_minor is 0 to 1000000000");
        }
        let is_few = |tags: &Option<Vec<String>>| {
            tags.as_ref().is_none_or(|tags| tags.len() <= 20 && tags.iter().all(|tag| is_text(tag, 40)))
        };
        let is_few = is_few(&self.add_tags) && is_few(&self.remove_tags);
        if is_few { Ok(()) } else { Err("tags are at most 20, of 1 to 40 characters on one line") }
    }
}
