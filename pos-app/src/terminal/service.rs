//! What a terminal can be asked for besides payments: paper of its own, the day's keys, and to stand alone.
//!
//! None of it moves money or says how a payment ended, so none of it is journalled. Each is asked once and never while a
//! payment is open, and one that was not said to be done is not said to be done.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::config::TerminalConfig;

/// A service, as the screens name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ServiceName {
    /// The voucher of one payment of the open batch, again.
    Voucher,
    /// The voucher of its last transaction, again.
    LastVoucher,
    /// Count and sum of the open batch.
    Totals,
    /// Each transaction of the open batch.
    Sales,
    /// What one seller sold.
    SellerSales,
    /// What one seller was tipped.
    Tips,
    /// How it is set up.
    Parameters,
    /// The card by which it reaches its bank.
    Sim,
    /// The day's keys, without which it sells nothing.
    LoadKeys,
    /// What a sale typed into it is to the tax office.
    SaleKind,
    /// Takes payments typed into it, and none from the till, until somebody sets it back.
    StandAlone,
}

/// What a sale is to the tax office. The number is the terminal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SaleKind {
    /// As the terminal is set up.
    Sale = 0,
    /// With tax.
    Affected = 1,
    /// With tax, by invoice.
    InvoiceAffected = 2,
    /// Without tax.
    Exempt = 3,
    /// Without tax, by invoice.
    InvoiceExempt = 4,
    /// Collected for another, with tax.
    CollectionAffected = 5,
    /// Collected for another, without tax.
    CollectionExempt = 6,
}

impl SaleKind {
    /// As the terminal wants it.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// A service with what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// By the terminal's number for the payment.
    Voucher {
        /// As the approval said.
        operation: i64,
    },
    /// Of its last transaction.
    LastVoucher,
    /// Of the open batch.
    Totals,
    /// Of the open batch.
    Sales,
    /// Of one seller.
    SellerSales {
        /// The number the till gives with each sale, or one typed into the terminal.
        seller: u16,
    },
    /// Of one seller.
    Tips {
        /// The same.
        seller: u16,
    },
    /// How it is set up.
    Parameters,
    /// The card by which it reaches its bank.
    Sim,
    /// The day's keys.
    LoadKeys,
    /// Of sales typed into it.
    SaleKind {
        /// What they are from now on.
        kind: SaleKind,
    },
    /// No more payments from the till.
    StandAlone,
}

impl Service {
    /// Which it is.
    pub fn name(self) -> ServiceName {
        match self {
            Self::Voucher { .. } => ServiceName::Voucher,
            Self::LastVoucher => ServiceName::LastVoucher,
            Self::Totals => ServiceName::Totals,
            Self::Sales => ServiceName::Sales,
            Self::SellerSales { .. } => ServiceName::SellerSales,
            Self::Tips { .. } => ServiceName::Tips,
            Self::Parameters => ServiceName::Parameters,
            Self::Sim => ServiceName::Sim,
            Self::LoadKeys => ServiceName::LoadKeys,
            Self::SaleKind { .. } => ServiceName::SaleKind,
            Self::StandAlone => ServiceName::StandAlone,
        }
    }
}

/// Whether such terminals give back what was taken in a batch that is closed by now.
pub fn gives_back_later(config: &TerminalConfig) -> bool {
    matches!(config.protocol.as_str(), "getnet" | "zvt")
}

/// What a terminal that is set up so can be asked for, in the order a person would look for it.
pub fn offered(config: &TerminalConfig) -> &'static [ServiceName] {
    use ServiceName as N;
    match (config.protocol.as_str(), &config.commerce) {
        ("transbank", None) => &[N::LastVoucher, N::Totals, N::Sales, N::LoadKeys, N::StandAlone],
        // Whether one of several merchants prints its last voucher again is in no public source.
        ("transbank", Some(_)) => &[N::Totals, N::Sales, N::LoadKeys, N::StandAlone],
        ("getnet", _) => &[
            N::Voucher,
            N::LastVoucher,
            N::Totals,
            N::Sales,
            N::SellerSales,
            N::Tips,
            N::Parameters,
            N::Sim,
            N::SaleKind,
            N::StandAlone,
        ],
        ("zvt", _) => &[N::LastVoucher, N::StandAlone],
        _ => &[],
    }
}
