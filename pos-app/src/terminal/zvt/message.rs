//! What the till asks, and what the terminal says of a transaction.

use shared::tender::{CardApproval, TerminalTotals};

use super::apdu::{Apdu, command};
use super::bmp::{self, Fields, packed};
use super::tlv;
use crate::terminal::transcript::mask_text;

/// What a registration asks for: the till prints receipts (02) and reports (04), hears what the terminal waits for (08),
/// and alone begins payments (10) and reports (20); lines to print come as messages (80).
pub const CONFIG: u8 = 0xBE;
/// Of a repeated receipt: say it (bit 0) and do not print it (bit 1).
const SAY_ONLY: u8 = 0x03;

/// Who the till is to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Six digits.
    pub password: u32,
    /// ISO 4217, `978`.
    pub currency: u16,
}

impl Account {
    fn password(self) -> Vec<u8> {
        packed(i64::from(self.password % 1_000_000), 3).unwrap_or_default()
    }

    fn currency(self) -> Vec<u8> {
        packed(i64::from(self.currency % 10_000), 2).unwrap_or_default()
    }

    /// Who we are, and what we print.
    pub fn registration(&self) -> Apdu {
        let data = [self.password(), vec![CONFIG], self.currency()].concat();
        Apdu::new(command::REGISTRATION, data)
    }

    /// Take money, minor units. `None` for an amount that does not fit.
    pub fn authorisation(&self, amount_minor: i64) -> Option<Apdu> {
        let data = [vec![bmp::AMOUNT], packed(amount_minor, 6)?, vec![bmp::CURRENCY], self.currency()].concat();
        Some(Apdu::new(command::AUTHORISATION, data))
    }

    /// What was the last transaction?
    pub fn repeat_receipt(&self) -> Apdu {
        Apdu::new(command::REPEAT_RECEIPT, [self.password(), vec![bmp::SERVICE, SAY_ONLY]].concat())
    }

    /// Print the last receipt again. The lines come as messages: the till is who prints.
    pub fn print_receipt(&self) -> Apdu {
        Apdu::new(command::REPEAT_RECEIPT, self.password())
    }

    /// How are you?
    pub fn status_enquiry(&self) -> Apdu {
        Apdu::new(command::STATUS_ENQUIRY, self.password())
    }

    /// Undo the payment with that receipt.
    pub fn reversal(&self, receipt: i64) -> Option<Apdu> {
        let data = [self.password(), vec![bmp::RECEIPT], packed(receipt, 2)?].concat();
        Some(Apdu::new(command::REVERSAL, data))
    }

    /// Give money back to the card that is shown, minor units.
    pub fn refund(&self, amount_minor: i64) -> Option<Apdu> {
        let amount = packed(amount_minor, 6)?;
        let data = [self.password(), vec![bmp::AMOUNT], amount, vec![bmp::CURRENCY], self.currency()].concat();
        Some(Apdu::new(command::REFUND, data))
    }

    /// What does the open batch come to?
    pub fn turnover_totals(&self) -> Apdu {
        Apdu::new(command::TURNOVER_TOTALS, self.password())
    }

    /// Settle with the acquirer.
    pub fn end_of_day(&self) -> Apdu {
        Apdu::new(command::END_OF_DAY, self.password())
    }
}

/// Bytes of a kind of card in a turnover: how many payments, then six of digits, their sum.
const KIND_LEN: usize = 7;
/// Bytes before the first kind: numbers of the first and the last receipt.
const RECEIPTS_LEN: usize = 4;

/// What the open batch comes to; `None` when the terminal does not say it, or not in a way that adds up.
pub fn turnover(data: &[u8]) -> Option<TerminalTotals> {
    let fields = Fields::read(data);
    let total = fields.number(bmp::AMOUNT);
    let Some(kinds) = fields.find(bmp::TURNOVER) else {
        // Without a payment there is no kind to tell of.
        return total.filter(|total| *total == 0).map(|_| TerminalTotals::default());
    };
    let kinds = kinds.get(RECEIPTS_LEN..)?.chunks_exact(KIND_LEN);
    let mut sum = TerminalTotals::default();
    for kind in kinds {
        sum.count += u32::from(kind[0]);
        sum.total_minor = sum.total_minor.checked_add(bmp::digits(&kind[1..])?.parse().ok()?)?;
    }
    // The sums of the kinds have no sign, so where both are told the total is the one to believe.
    Some(TerminalTotals { total_minor: total.unwrap_or(sum.total_minor), ..sum })
}

/// How a transaction stands, as the terminal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusInformation {
    /// 0 is good, unless the host says otherwise.
    pub result: Option<u8>,
    /// What the host says, where it says anything.
    pub host_result: Option<u8>,
    /// Minor units.
    pub amount: Option<i64>,
    /// ISO 4217, where it says one.
    pub currency: Option<u16>,
    /// The receipt's number; it counts up.
    pub receipt: Option<i64>,
    /// What an approval says of itself.
    pub approval: CardApproval,
}

impl StatusInformation {
    /// Reads its fields, as far as they can be read.
    pub fn read(data: &[u8]) -> Self {
        let fields = Fields::read(data);
        let receipt = fields.number(bmp::RECEIPT);
        Self {
            result: fields.byte(bmp::RESULT),
            host_result: fields.byte(bmp::HOST_RESULT),
            amount: fields.number(bmp::AMOUNT),
            currency: fields.number(bmp::CURRENCY).and_then(|number| u16::try_from(number).ok()),
            receipt,
            approval: CardApproval {
                authorisation_code: fields.text(bmp::AUTHORISATION).unwrap_or_default().trim().to_owned(),
                operation_no: receipt.map(number).unwrap_or_default(),
                last4: fields.last4().unwrap_or_default(),
                brand: fields.text(bmp::CARD_NAME).unwrap_or_default().trim().to_owned(),
                card_type: String::new(),
            },
        }
    }

    /// The terminal's code for a refusal, two hexadecimal digits; `None` when it says that all went well.
    pub fn refusal(&self) -> Option<String> {
        match (self.result, self.host_result) {
            (Some(0), None | Some(0)) => None,
            (Some(0), Some(code)) | (Some(code), _) => Some(format!("{code:02X}")),
            (None, _) => Some("??".to_owned()),
        }
    }
}

/// The lines of a message that wants something printed. Bytes above 127 are Latin-1; a card's number shows its ends only.
pub fn printed(apdu: &Apdu) -> Vec<String> {
    let latin = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let lines = match (apdu.command, &apdu.data[..]) {
        (command::PRINT_LINE, [_, text @ ..]) => vec![latin(text)],
        (command::PRINT_BLOCK, data) => {
            let container = Fields::read(data).find(bmp::TLV).unwrap_or_default();
            tlv::lines(container, tlv::PRINT_TEXTS)
        }
        _ => Vec::new(),
    };
    lines.iter().map(|line| mask_text(line)).collect()
}

/// A receipt's number as it is kept.
pub fn number(receipt: i64) -> String {
    format!("{receipt:04}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Account = Account { password: 0, currency: 978 };

    #[test]
    fn an_amount_that_does_not_fit_is_not_asked_for() {
        assert_eq!(ACCOUNT.authorisation(1_000_000_000_000), None);
    }

    #[test]
    fn what_is_to_be_printed_shows_no_card_number() {
        let line = Apdu::new(command::PRINT_LINE, b"\x40Karte 4111111111111111 Gr\xfc\xdfe".to_vec());
        assert_eq!(printed(&line), ["Karte 411111******1111 Grüße"]);
        let block = Apdu::new(command::PRINT_BLOCK, b"\x06\x0c\x25\x0a\x07\x03ABC\x07\x03DEF".to_vec());
        assert_eq!(printed(&block), ["ABC", "DEF"]);
        assert!(printed(&Apdu::new(command::PRINT_LINE, vec![])).is_empty());
    }

    /// Receipts 1 to 5; two payments of one kind, one of another.
    fn kinds(debit: (u8, i64), credit: (u8, i64)) -> Vec<u8> {
        let kind = |(count, sum): (u8, i64)| [vec![count], packed(sum, 6).expect("fits")].concat();
        let none = kind((0, 0));
        let kinds = [kind(debit), none.clone(), none.clone(), none.clone(), kind(credit), none.clone(), none];
        let data = [vec![0, 1, 0, 5], kinds.concat()].concat();
        [vec![bmp::TURNOVER, 0xF0, 0xF5, 0xF3], data].concat()
    }

    #[test]
    fn a_turnover_is_the_total_and_the_kinds_say_how_many() {
        let kinds = kinds((2, 2_600), (1, 1_990));
        assert_eq!(kinds.len(), 4 + 53);
        let totals = |count, total_minor| Some(TerminalTotals { count, total_minor });
        assert_eq!(turnover(&kinds), totals(3, 4_590));
        let amount = |minor| [vec![bmp::AMOUNT], packed(minor, 6).expect("fits")].concat();
        assert_eq!(turnover(&[vec![0x27, 0], amount(4_590), kinds].concat()), totals(3, 4_590));
        assert_eq!(turnover(&amount(0)), totals(0, 0), "nobody has paid");
        assert_eq!(turnover(&amount(4_590)), None, "of how many, it does not say");
        assert_eq!((turnover(&[]), turnover(&[bmp::TURNOVER, 0xF0, 0xF0, 0xF2, 0, 1])), (None, None));
    }

    #[test]
    fn an_approval_needs_both_results() {
        let said = |data: &[u8]| StatusInformation::read(data).refusal();
        assert_eq!(said(&[0x27, 0]), None);
        assert_eq!(said(&[0x27, 0x6C]).as_deref(), Some("6C"));
        assert_eq!(said(&[0x27, 0, 0xA0, 0x05]).as_deref(), Some("05"), "the host refused");
        assert_eq!(said(&[]).as_deref(), Some("??"));
    }
}
