//! What a message says: a numbered command and its fields, or a numbered answer and its.
//!
//! Source: the vendor's public Node library and independent public drivers, which agree on it. No terminal was heard yet.

use serde::Serialize;
use serde_json::{Map, Value};

use super::frame::get;

/// What the till asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Are you there?
    Poll,
    /// Take money.
    Sale {
        /// Whole pesos.
        amount: i64,
        /// The correlation key, at most 24 characters. Some terminals do not say it again.
        ticket: String,
    },
    /// The last sale, void or return in memory.
    LastVoucher {
        /// On the terminal's paper as well.
        prints: bool,
    },
    /// Undo a sale of the open batch, by the terminal's number for it.
    Refund {
        /// As the approval said.
        operation: i64,
    },
    /// Give back what was taken in a batch that is closed by now, by the bank's code for it.
    Return {
        /// As the approval said.
        authorisation: String,
        /// Whole pesos.
        amount: i64,
    },
    /// Count and sum of the open batch, on the terminal's paper.
    Totals,
    /// Each transaction of the open batch, on the terminal's paper.
    Details,
    /// From here on it takes payments at its own keypad only, until a person sets it back there.
    NormalMode,
    /// The voucher of a payment of the open batch again, by the terminal's number for it.
    Duplicate {
        /// As the approval said.
        operation: i64,
    },
    /// What a seller sold, on the terminal's paper.
    SellerSales {
        /// The number that came with the sales.
        seller: u16,
    },
    /// What a seller was tipped, on the terminal's paper.
    Tips {
        /// The number that came with the sales.
        seller: u16,
    },
    /// What a sale typed into the terminal is from now on.
    SaleKind {
        /// 0 to 6, as the vendor numbers them.
        kind: u8,
    },
    /// How the terminal is set up, on its paper.
    Parameters,
    /// The card by which it reaches its bank, on its paper.
    Sim,
    /// Settle with the acquirer and empty the memory. Never while a sale is in doubt.
    Close,
    /// The till wants the sale to end.
    Cancel,
}

/// Command numbers.
pub mod command {
    /// Take money.
    pub const SALE: i64 = 100;
    /// The last transaction.
    pub const LAST_VOUCHER: i64 = 101;
    /// Undo.
    pub const REFUND: i64 = 102;
    /// Close the batch.
    pub const CLOSE: i64 = 103;
    /// Count and sum.
    pub const TOTALS: i64 = 104;
    /// One by one.
    pub const DETAILS: i64 = 105;
    /// Poll.
    pub const POLL: i64 = 106;
    /// Out of the till's hands.
    pub const NORMAL_MODE: i64 = 107;
    /// Money back after the batch was closed.
    pub const RETURN: i64 = 108;
    /// A voucher again.
    pub const DUPLICATE: i64 = 109;
    /// What a seller sold.
    pub const SELLER_SALES: i64 = 110;
    /// What a seller was tipped.
    pub const TIPS: i64 = 111;
    /// Progress, from the terminal.
    pub const MESSAGE: i64 = 112;
    /// What a sale at the keypad is.
    pub const SALE_KIND: i64 = 113;
    /// How it is set up.
    pub const PARAMETERS: i64 = 114;
    /// Its own SIM card.
    pub const SIM: i64 = 115;
    /// End the sale.
    pub const CANCEL: i64 = 116;
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SaleCommand<'a> {
    command: i64,
    amount: i64,
    ticket_number: &'a str,
    print_on_pos: bool,
    sale_type: u8,
    send_message: bool,
    employee_id: u8,
    date_time: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Plain<'a> {
    #[serde(rename = "Command")]
    number: i64,
    #[serde(rename = "OperationId", skip_serializing_if = "Option::is_none")]
    operation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(rename = "EmployeeId", skip_serializing_if = "Option::is_none")]
    seller: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    print_on_pos: Option<bool>,
    date_time: &'a str,
}

impl Request {
    /// Its number.
    pub fn command(&self) -> i64 {
        match self {
            Self::Poll => command::POLL,
            Self::Sale { .. } => command::SALE,
            Self::LastVoucher { .. } => command::LAST_VOUCHER,
            Self::Refund { .. } => command::REFUND,
            Self::Return { .. } => command::RETURN,
            Self::Totals => command::TOTALS,
            Self::Details => command::DETAILS,
            Self::Close => command::CLOSE,
            Self::Cancel => command::CANCEL,
            Self::NormalMode => command::NORMAL_MODE,
            Self::Duplicate { .. } => command::DUPLICATE,
            Self::SellerSales { .. } => command::SELLER_SALES,
            Self::Tips { .. } => command::TIPS,
            Self::SaleKind { .. } => command::SALE_KIND,
            Self::Parameters => command::PARAMETERS,
            Self::Sim => command::SIM,
        }
    }

    /// As JSON without blanks. `date_time` is now, `2026-07-26T11:37:48.000Z`. Of a payment the terminal prints nothing of
    /// its own: the till's receipt says it all. The summary of a close it prints, and what it is asked to print.
    pub fn serialize(&self, date_time: &str) -> String {
        let command = self.command();
        let text = if let Self::Sale { amount, ticket } = self {
            serde_json::to_string(&SaleCommand {
                command,
                amount: *amount,
                ticket_number: ticket,
                print_on_pos: false,
                sale_type: 0,
                send_message: true,
                employee_id: 1,
                date_time,
            })
        } else {
            let operation = match self {
                Self::Refund { operation } | Self::Duplicate { operation } => Some(*operation),
                _ => None,
            };
            let (authorization_code, amount) = match self {
                Self::Return { authorisation, amount } => (Some(authorisation.as_str()), Some(*amount)),
                _ => (None, None),
            };
            let seller = match self {
                Self::SellerSales { seller } | Self::Tips { seller } => Some(*seller),
                _ => None,
            };
            let sale_type = if let Self::SaleKind { kind } = self { Some(*kind) } else { None };
            let print_on_pos = match self {
                Self::Poll | Self::Cancel | Self::NormalMode | Self::Sim => None,
                Self::Refund { .. } | Self::Return { .. } => Some(false),
                Self::LastVoucher { prints } => Some(*prints),
                _ => Some(true),
            };
            let number = command;
            serde_json::to_string(&Plain {
                number,
                operation,
                authorization_code,
                amount,
                seller,
                sale_type,
                print_on_pos,
                date_time,
            })
        };
        text.unwrap_or_default()
    }
}

/// What the terminal says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Which command it answers; 0 for an error that answers none.
    pub function: Option<i64>,
    /// 0 is good, and only as a number.
    pub code: Option<i64>,
    /// In words.
    pub message: String,
    /// As sent, where the terminal says it.
    pub ticket: Option<String>,
    /// The bank's code.
    pub authorisation: String,
    /// Whole pesos.
    pub amount: Option<i64>,
    /// Never more than four digits.
    pub last4: String,
    /// The terminal's number for it; it counts up.
    pub operation: Option<i64>,
    /// `CR` or `DB`, as the terminal says.
    pub card_type: String,
    /// As the terminal says.
    pub brand: String,
    /// Progress, in words.
    pub message_text: Option<String>,
}

/// The terminal has no such transaction.
pub const NO_TRANSACTION: [i64; 2] = [21, 99];

impl Reply {
    /// Reads a message. Missing fields are empty; nothing in it can fail.
    pub fn read(message: &Map<String, Value>) -> Self {
        let text = |name| get(message, name).map(words).unwrap_or_default();
        let digits: Vec<char> = text("Last4Digits").chars().filter(char::is_ascii_digit).collect();
        let ticket = text("Ticket");
        Self {
            function: get(message, "FunctionCode").and_then(Value::as_i64),
            code: get(message, "ResponseCode").and_then(Value::as_i64),
            message: text("ResponseMessage"),
            ticket: (!ticket.is_empty()).then_some(ticket),
            authorisation: text("AuthorizationCode"),
            amount: get(message, "Amount").and_then(number),
            last4: digits[digits.len().saturating_sub(4)..].iter().collect(),
            operation: get(message, "OperationId").and_then(number),
            card_type: text("CardType"),
            brand: text("CardBrand"),
            message_text: get(message, "MessageText").map(words),
        }
    }
}

/// A value as text, however it is written.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A whole number, however it is written; never a fraction.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Heard, Receiver, encode};
    use super::*;
    use serde_json::json;

    const NOW: &str = "2026-07-26T11:37:48.000Z";

    #[test]
    fn a_sale_is_undone_by_its_number() {
        assert_eq!(
            Request::Refund { operation: 123 }.serialize(NOW),
            r#"{"Command":102,"OperationId":123,"PrintOnPos":false,"DateTime":"2026-07-26T11:37:48.000Z"}"#
        );
    }

    fn read(value: &Value) -> Reply {
        let mut receiver = Receiver::default();
        let bytes = encode(&value.to_string());
        let heard = bytes.iter().find_map(|byte| receiver.hear(*byte));
        match heard {
            Some(Heard::Message(message)) => Reply::read(&message),
            other => panic!("not a message: {other:?}"),
        }
    }

    #[test]
    fn an_answer_is_read_whatever_its_capitals_and_quotes() {
        let reply = read(&json!({
            "functionCode": 100, "responseCode": 0, "responseMessage": "Aprobado", "ticket": "00000A", "amount": "1990",
            "authorizationCode": "252985", "last4Digits": 461, "operationId": 123, "cardType": "CR", "cardBrand": "VI",
        }));
        assert_eq!(
            (reply.function, reply.code, reply.amount, reply.operation),
            (Some(100), Some(0), Some(1_990), Some(123))
        );
        assert_eq!(
            (reply.ticket.as_deref(), reply.authorisation.as_str(), reply.last4.as_str()),
            (Some("00000A"), "252985", "461")
        );
    }

    #[test]
    fn a_code_in_quotes_is_no_code_and_a_fraction_no_amount() {
        let reply = read(
            &json!({ "FunctionCode": 100, "ResponseCode": "0", "Amount": 1990.5, "Last4Digits": "4111111111111111" }),
        );
        assert_eq!((reply.code, reply.amount, reply.last4.as_str()), (None, None, "1111"));
    }
}
