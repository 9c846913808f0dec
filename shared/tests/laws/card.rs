//! Laws of card payments: whatever the wire brings, in whatever order, what is certain stays certain.

use proptest::prelude::*;
use shared::event::CardReported;
use shared::ids::{PaymentId, SaleId};
use shared::tender::{
    CardApproval, CardPayment, CardProgress, CardState, NotStartedReason, OpenReason, TerminalReport,
};
use uuid::Uuid;

use crate::support::{approval, at};

/// Another transaction of the same terminal.
fn other_approval() -> CardApproval {
    CardApproval { authorisation_code: "252986".into(), operation_no: "000124".into(), ..approval() }
}

fn report() -> impl Strategy<Value = TerminalReport> {
    prop_oneof![
        Just(TerminalReport::Ready),
        Just(TerminalReport::Asked { baseline: None }),
        Just(TerminalReport::Asked { baseline: Some("000122".into()) }),
        Just(TerminalReport::Progress { progress: CardProgress::EnterPin }),
        Just(TerminalReport::Promised { approval: approval() }),
        Just(TerminalReport::Approved { approval: approval() }),
        Just(TerminalReport::Approved { approval: other_approval() }),
        Just(TerminalReport::Declined { code: "01".into() }),
        Just(TerminalReport::NotStarted { reason: NotStartedReason::Refused }),
        Just(TerminalReport::NoAnswer),
        Just(TerminalReport::VoidAsked { baseline: None }),
        Just(TerminalReport::VoidAsked { baseline: Some("000130".into()) }),
        Just(TerminalReport::Voided),
        Just(TerminalReport::VoidRefused { code: "08".into() }),
    ]
}

fn new_payment(number: u128) -> CardPayment {
    let (payment, sale) = (PaymentId::from_uuid(Uuid::from_u128(number)), SaleId::from_uuid(Uuid::from_u128(2)));
    CardPayment::new(payment, sale, 1_990, "000001".into(), at(0))
}

fn said(report: TerminalReport, is_manual: bool) -> CardReported {
    let of = CardReported::by_terminal(new_payment(1).payment_id, report);
    CardReported { is_manual, note: is_manual.then(|| "dice el voucher".to_owned()), ..of }
}

/// What terminal and people say, in any order.
fn words() -> impl Strategy<Value = Vec<CardReported>> {
    let one = (report(), prop::bool::weighted(0.2)).prop_map(|(report, is_manual)| said(report, is_manual));
    prop::collection::vec(one, 0..20)
}

proptest! {
    /// What was taken stays taken until a void was asked for and answered; everything else that is certain stays for
    /// good. What denies it is kept beside it.
    #[test]
    fn certainty_is_kept(reports in prop::collection::vec(report(), 0..20)) {
        let mut payment = new_payment(1);
        for report in reports {
            let before = payment.clone();
            match before.clone().report(report.clone()) {
                Ok(after) => {
                    let is_void = matches!(
                        (&before.state, &after.state),
                        (CardState::Approved { .. }, CardState::Voiding { .. })
                    );
                    if before.state.is_final() && !is_void {
                        prop_assert_eq!(&after.state, &before.state);
                    }
                    payment = after;
                }
                Err(contradiction) => {
                    prop_assert_eq!(&contradiction.known, &before.state);
                    payment = before.deny(report);
                    prop_assert_eq!(payment.open_reason(true), Some(OpenReason::Contradicted));
                }
            }
        }
    }

    /// Once the terminal has said that it took the money, the payment is approved, on its way back, given back, or listed
    /// for a person; it never just disappears.
    #[test]
    fn an_approval_is_never_lost(words in words()) {
        let mut was_approved = false;
        let mut payment = new_payment(1);
        for word in words {
            payment = word.apply(payment);
            was_approved |= matches!(word.report, TerminalReport::Approved { .. }) && !word.is_manual;
            let is_told = payment.state.approval().is_some() || payment.open_reason(false).is_some();
            // A person has looked at both words and said which is true.
            let is_settled = payment.is_manual && payment.denied.is_none();
            prop_assert!(!was_approved || is_told || is_settled, "{payment:?}");
        }
    }

    /// Silence never becomes a decline, nor anything else but a doubt; and nothing but a refusal makes a decline.
    #[test]
    fn silence_never_becomes_a_decline(words in words()) {
        let mut payment = new_payment(1);
        for word in words {
            let before = payment.clone();
            payment = word.apply(payment);
            let has_turned = payment.state != before.state;
            if word.report == TerminalReport::NoAnswer && has_turned {
                let was_asked = matches!(before.state, CardState::InProgress { .. });
                let is_doubt = payment.state == CardState::Uncertain;
                // A person who says nothing says nothing.
                prop_assert!(was_asked == is_doubt || word.is_manual, "{before:?} -> {payment:?}");
                let is_declined = matches!(payment.state, CardState::Declined { .. });
                prop_assert!(!is_declined);
            }
            if has_turned && matches!(payment.state, CardState::Declined { .. }) {
                prop_assert!(matches!(word.report, TerminalReport::Declined { .. }), "{word:?} declined it");
            }
            if has_turned && matches!(payment.state, CardState::Approved { .. }) {
                let kept = matches!(before.state, CardState::Voiding { .. } | CardState::Voided { .. });
                prop_assert!(kept || matches!(word.report, TerminalReport::Approved { .. }), "{word:?} approved it");
            }
        }
    }

    /// A void gives back the approval it was asked for, and only after it was asked for.
    #[test]
    fn a_void_never_touches_another_payment(words in words()) {
        let (mut payment, mut asked) = (new_payment(1), None);
        for word in words {
            let before = payment.clone();
            payment = word.apply(payment);
            if matches!(before.state, CardState::Approved { .. }) && matches!(payment.state, CardState::Voiding { .. }) {
                asked = payment.state.approval().cloned();
            }
            if let CardState::Voiding { approval, .. } = &payment.state {
                prop_assert_eq!(Some(approval), asked.as_ref());
            }
            if let CardState::Voided { approval } = &payment.state {
                // Or a person has seen the terminal's paper of a void it was never asked for here.
                prop_assert!(Some(approval) == asked.as_ref() || payment.is_manual, "{payment:?}");
            }
            prop_assert_eq!(payment.payment_id, before.payment_id);
            prop_assert_eq!(payment.amount_minor, before.amount_minor);
        }
    }

    /// The same word twice is the same as once.
    #[test]
    fn a_repeat_is_harmless(words in words()) {
        let mut payment = new_payment(1);
        for word in words {
            let is_hand = word.is_manual;
            payment = word.apply(payment);
            if !is_hand {
                prop_assert_eq!(word.apply(payment.clone()), payment.clone());
            }
        }
    }
}

/// One transaction pays one sale, whatever comes after; two sales of one number and one card are two.
#[test]
fn one_transaction_is_known_by_its_numbers() {
    let same = |one: &CardApproval, other: &CardApproval| one.is_same_transaction(1_990, (other, 1_990));
    assert!(same(&approval(), &approval()));
    assert!(!same(&approval(), &other_approval()));
    let typed = CardApproval::from_voucher(" 252985 ", "0461").expect("as printed");
    assert!(same(&approval(), &typed) && same(&typed, &approval()), "typed off the paper of a payment that is known");
    assert!(!same(&approval(), &CardApproval { operation_no: "000999".into(), ..approval() }));
    let offline = CardApproval { authorisation_code: String::new(), ..approval() };
    assert!(same(&offline, &offline));
    assert!(!offline.is_same_transaction(1_990, (&offline, 500)), "without a bank's code only the amount tells");
    assert!(!same(&approval(), &offline));
}

#[test]
fn what_cannot_stand_on_a_voucher_is_refused() {
    for code in ["", "1", "1234567890123", "12-456", "código"] {
        assert!(CardApproval::from_voucher(code, "0461").is_err(), "{code}");
    }
    for last4 in ["", "461", "04610", "O461", "４６１０"] {
        assert!(CardApproval::from_voucher("252985", last4).is_err(), "{last4}");
    }
}

#[test]
fn a_proof_that_proves_another_payment_leaves_a_doubt() {
    let sent = new_payment(1).report(TerminalReport::Asked { baseline: None }).expect("asked");
    let approved = said(TerminalReport::Approved { approval: approval() }, false);
    let word = CardReported { proves_already: Some(new_payment(9).payment_id), ..approved };
    let after = word.apply(sent);
    assert_eq!(after.state, CardState::Uncertain);
    assert_eq!(after.open_reason(false), Some(OpenReason::Contradicted));
    assert!(after.approved().is_none(), "never silently paid");
}
