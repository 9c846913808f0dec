//! Laws of card payments: whatever the wire brings, in whatever order, what is certain stays certain.

use proptest::prelude::*;
use shared::ids::{PaymentId, SaleId};
use shared::tender::{CardPayment, CardProgress, CardState, NotStartedReason, TerminalReport};
use uuid::Uuid;

use crate::support::{approval, at};

fn reports() -> impl Strategy<Value = Vec<TerminalReport>> {
    let one = prop_oneof![
        Just(TerminalReport::Ready),
        Just(TerminalReport::Progress { progress: CardProgress::Sent }),
        Just(TerminalReport::Progress { progress: CardProgress::EnterPin }),
        Just(TerminalReport::Approved { approval: approval() }),
        Just(TerminalReport::Declined { code: "01".into() }),
        Just(TerminalReport::NotStarted { reason: NotStartedReason::Refused }),
        Just(TerminalReport::NoAnswer),
    ];
    prop::collection::vec(one, 0..15)
}

fn new_payment() -> CardPayment {
    let (payment, sale) = (PaymentId::from_uuid(Uuid::from_u128(1)), SaleId::from_uuid(Uuid::from_u128(2)));
    CardPayment::new(payment, sale, 1_990, "000001".into(), at(0))
}

proptest! {
    /// A final state never changes; only what contradicts it is an error, and then it stays too.
    #[test]
    fn certainty_is_kept(reports in reports()) {
        let mut payment = new_payment();
        for report in reports {
            let before = payment.clone();
            match before.clone().report(report) {
                Ok(after) => {
                    if before.state.is_final() {
                        prop_assert_eq!(&after, &before);
                    }
                    payment = after;
                }
                Err(contradiction) => prop_assert_eq!(contradiction.known, before.state),
            }
        }
    }

    /// Nothing but the terminal's own refusal makes a decline, and nothing but its approval an approval.
    #[test]
    fn only_the_terminal_decides(reports in reports()) {
        let said = |wanted: fn(&TerminalReport) -> bool| reports.iter().any(wanted);
        let (approved, declined) = (
            said(|r| matches!(r, TerminalReport::Approved { .. })),
            said(|r| matches!(r, TerminalReport::Declined { .. })),
        );
        let end = reports.iter().cloned().fold(new_payment(), |payment, r| payment.clone().report(r).unwrap_or(payment));
        match end.state {
            CardState::Approved { .. } => prop_assert!(approved),
            CardState::Declined { .. } => prop_assert!(declined),
            _ => {}
        }
    }
}
