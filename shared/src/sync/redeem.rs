//! The one question a till asks while a customer waits: may this be handed over? Decided once, by the redemption's id: asked
//! again the server says what it said, also when that was no.

use serde::{Deserialize, Serialize};

use crate::event::TicketRedeemed;
use crate::ids::{DeviceId, RedemptionId, StaffId};
use crate::ticket::{RedeemError, RedeemedLine, Ticket, Uses, redeem};
use crate::time::{BusinessDate, Timestamp};

/// `POST /v1/redeem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedeemRequest {
    /// The hand-over to be; the event will carry the same.
    pub redemption_id: RedemptionId,
    /// The signed code.
    pub code: String,
    /// What is to be handed over.
    pub lines: Vec<RedeemedLine>,
    /// The night at the till.
    pub business_date: BusinessDate,
    /// Who hands over.
    pub staff_id: Option<StaffId>,
    /// What this till has handed over of the ticket. What it asked for before and is not in it, it never handed over: the
    /// answer was lost, and so was the server's promise.
    pub recorded: Vec<RedemptionId>,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedeemReply {
    /// Which was asked about.
    pub redemption_id: RedemptionId,
    /// What was decided, now or before.
    pub decision: RedeemDecision,
}

/// What the server decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum RedeemDecision {
    /// Hand it over. It counts from now on.
    Accepted,
    /// Hand nothing over.
    Refused {
        /// Why.
        reason: RedeemRefusal,
        /// What was handed over of it, or promised, oldest first.
        uses: Vec<TicketUse>,
    },
}

/// Why nothing is to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedeemRefusal {
    /// All of it was handed over before.
    Delivered,
    /// Some of what is asked for was.
    NotOwed,
    /// It was promised to another bar just now, which has not yet said that it handed over.
    InReview,
    /// It was withdrawn.
    Void,
    /// Its nights are over, or have not begun.
    NotTonight,
    /// Nothing, or a line it does not have, was asked for.
    Nothing,
    /// Not a ticket that this company believes.
    Unverified,
}

/// A use of a ticket, as the server knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketUse {
    /// Its id.
    pub redemption_id: RedemptionId,
    /// The machine.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: Option<StaffId>,
    /// When it was handed over; promised, by the server's clock, while that is not known.
    pub at: Timestamp,
    /// What.
    pub lines: Vec<RedeemedLine>,
    /// Promised, and its event is still on its way.
    pub is_pending: bool,
}

impl TicketUse {
    /// As told by the event.
    pub fn of(redeemed: &TicketRedeemed, device_id: DeviceId, staff_id: Option<StaffId>) -> Self {
        let TicketRedeemed { redemption_id, redeemed_at: at, lines, .. } = redeemed;
        Self { redemption_id: *redemption_id, device_id, staff_id, at: *at, lines: lines.clone(), is_pending: false }
    }
}

fn lines_of<'a>(uses: impl Iterator<Item = &'a TicketUse>) -> Vec<RedeemedLine> {
    uses.flat_map(|one| one.lines.iter().copied()).collect()
}

/// What the server answers, by everything handed over and not taken back, and everything promised.
pub fn decide(ticket: &Ticket, is_void: bool, uses: &[TicketUse], request: &RedeemRequest) -> RedeemDecision {
    let ask = |redeemed: &[RedeemedLine]| {
        redeem(ticket, Uses { redeemed, is_void }, request.business_date, Some(&request.lines))
    };
    let Err(error) = ask(&lines_of(uses.iter())) else { return RedeemDecision::Accepted };
    let settled = ask(&lines_of(uses.iter().filter(|one| !one.is_pending)));
    let reason = match error {
        RedeemError::AlreadyRedeemed | RedeemError::TooMany { .. } => match settled {
            Ok(_) => RedeemRefusal::InReview,
            Err(RedeemError::AlreadyRedeemed) => RedeemRefusal::Delivered,
            Err(_) => RedeemRefusal::NotOwed,
        },
        RedeemError::Void => RedeemRefusal::Void,
        RedeemError::Expired(_) | RedeemError::OtherNight(_) => RedeemRefusal::NotTonight,
        RedeemError::UnknownLine(_) | RedeemError::Nothing => RedeemRefusal::Nothing,
    };
    RedeemDecision::Refused { reason, uses: uses.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ChainId;
    use crate::ticket::{TicketId, TicketKind, TicketLine};
    use uuid::Uuid;

    fn ticket() -> Ticket {
        Ticket {
            kind: TicketKind::Delivery,
            ticket_id: TicketId::new(1, ChainId::from_uuid(Uuid::nil()), 7),
            business_date: BusinessDate::from_days(20_778),
            valid_days: 1,
            lines: vec![TicketLine { product_number: 1, quantity: 3 }],
        }
    }

    fn request(quantity: u8, day: i32) -> RedeemRequest {
        RedeemRequest {
            redemption_id: RedemptionId::from_uuid(Uuid::from_u128(9)),
            code: String::new(),
            lines: vec![RedeemedLine { line_no: 1, quantity }],
            business_date: BusinessDate::from_days(20_778 + day),
            staff_id: None,
            recorded: Vec::new(),
        }
    }

    fn used(quantity: u8, is_pending: bool) -> TicketUse {
        TicketUse {
            redemption_id: RedemptionId::from_uuid(Uuid::from_u128(1)),
            device_id: DeviceId::from_uuid(Uuid::nil()),
            staff_id: None,
            at: Timestamp::from_millis(0),
            lines: vec![RedeemedLine { line_no: 1, quantity }],
            is_pending,
        }
    }

    fn reason(is_void: bool, uses: &[TicketUse], request: &RedeemRequest) -> Option<RedeemRefusal> {
        match decide(&ticket(), is_void, uses, request) {
            RedeemDecision::Accepted => None,
            RedeemDecision::Refused { reason, uses: told } => {
                assert_eq!(told, uses, "who asks is told what is known");
                Some(reason)
            }
        }
    }

    #[test]
    fn what_is_owed_may_be_handed_over() {
        assert_eq!(reason(false, &[], &request(3, 0)), None);
        assert_eq!(reason(false, &[used(2, true)], &request(1, 0)), None);
    }

    #[test]
    fn a_promise_counts_and_is_told_apart_from_a_hand_over() {
        assert_eq!(reason(false, &[used(3, true)], &request(1, 0)), Some(RedeemRefusal::InReview));
        assert_eq!(reason(false, &[used(3, false)], &request(1, 0)), Some(RedeemRefusal::Delivered));
        assert_eq!(reason(false, &[used(2, false)], &request(2, 0)), Some(RedeemRefusal::NotOwed));
        assert_eq!(reason(false, &[used(2, false), used(1, true)], &request(2, 0)), Some(RedeemRefusal::NotOwed));
    }

    #[test]
    fn nothing_else_is() {
        assert_eq!(reason(true, &[], &request(1, 0)), Some(RedeemRefusal::Void));
        assert_eq!(reason(false, &[], &request(1, 1)), Some(RedeemRefusal::NotTonight));
        assert_eq!(reason(false, &[], &request(1, -1)), Some(RedeemRefusal::NotTonight));
        assert_eq!(reason(false, &[], &request(0, 0)), Some(RedeemRefusal::Nothing));
    }
}
