//! The session's transitions: `open → closed`. It may span midnight; its business date does not move.

use serde::{Deserialize, Serialize};

use super::{CashCount, CountError, SessionTotals, XReport, ZReport};
use crate::ids::{RegisterId, SessionId, StaffId};
use crate::money::Currency;
use crate::time::{BusinessDate, Timestamp};

/// One register session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RegisterSession {
    /// Its id.
    pub session_id: SessionId,
    /// The drawer.
    pub register_id: RegisterId,
    /// The night it belongs to.
    pub business_date: BusinessDate,
    /// Who opened it.
    pub opened_by: StaffId,
    /// When.
    pub opened_at: Timestamp,
    /// What the drawer is counted in.
    pub currency: Currency,
    /// Cash at opening, as counted.
    pub float: CashCount,
    /// Where it stands.
    #[serde(flatten)]
    pub state: SessionState,
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SessionState {
    /// Selling.
    Open,
    /// Counted and sealed.
    Closed {
        /// When.
        closed_at: Timestamp,
        /// The closing reading.
        z: ZReport,
    },
}

/// Why a session did not change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Closed already.
    #[error("session {0} is closed")]
    Closed(SessionId),
    /// A count that cannot be.
    #[error(transparent)]
    Count(#[from] CountError),
}

impl RegisterSession {
    /// Opens a drawer.
    ///
    /// Errors: [`SessionError::Count`] for a note that does not exist.
    pub fn open(
        session_id: SessionId,
        register_id: RegisterId,
        business_date: BusinessDate,
        (opened_by, opened_at): (StaffId, Timestamp),
        (float, currency): (CashCount, Currency),
    ) -> Result<Self, SessionError> {
        float.check(currency)?;
        let state = SessionState::Open;
        Ok(Self { session_id, register_id, business_date, opened_by, opened_at, currency, float, state })
    }

    /// Whether it sells.
    pub fn is_open(&self) -> bool {
        self.state == SessionState::Open
    }

    /// What the drawer should hold: float, cash kept and put in, less what was handed back, paid out and taken away.
    pub fn expected_cash_minor(&self, totals: &SessionTotals) -> i64 {
        self.float.total_minor() + totals.cash_through_minor()
    }

    /// Reads the session without changing it.
    pub fn read(&self, totals: SessionTotals, read_at: Timestamp, sees_expected: bool) -> XReport {
        XReport {
            session_id: self.session_id,
            business_date: self.business_date,
            read_at,
            sales: totals.sales,
            card_minor: totals.card_minor,
            manual_card_minor: totals.manual_card_minor,
            totals: sees_expected.then_some(totals),
            expected_cash_minor: sees_expected.then(|| self.expected_cash_minor(&totals)),
        }
    }

    /// Closes it on what the hands found. Any variance closes; it is written down, not argued with.
    pub fn close(
        self,
        counted: &CashCount,
        totals: SessionTotals,
        z_number: u32,
        closed_at: Timestamp,
    ) -> Result<(Self, ZReport), SessionError> {
        if !self.is_open() {
            return Err(SessionError::Closed(self.session_id));
        }
        counted.check(self.currency)?;
        let (expected_cash_minor, counted_cash_minor) = (self.expected_cash_minor(&totals), counted.total_minor());
        let z = ZReport {
            z_number,
            session_id: self.session_id,
            business_date: self.business_date,
            totals,
            float_minor: self.float.total_minor(),
            expected_cash_minor,
            counted_cash_minor,
            variance_minor: counted_cash_minor - expected_cash_minor,
        };
        Ok((Self { state: SessionState::Closed { closed_at, z: z.clone() }, ..self }, z))
    }
}
