//! Laws of money, tax, totals and settlement, for any amounts.

use std::num::NonZeroU32;

use proptest::prelude::*;
use shared::catalog::Product;
use shared::ids::{CategoryId, PaymentId, ProductId, SaleId};
use shared::merge::Marks;
use shared::money::{CashRounding, Currency, Money, Tie};
use shared::sale::{Quantity, Sale, SaleError};
use shared::tax::{self, RateBp};
use shared::tender::{self, ApprovedCard, CardApproval, Payment, SettlementError, Tender};
use uuid::Uuid;

const PESO: CashRounding = CashRounding { unit_minor: 10, tie: Tie::Down, keeps_nonzero: false };

fn rounding() -> impl Strategy<Value = CashRounding> {
    let tie = prop_oneof![Just(Tie::Down), Just(Tie::Up)];
    let unit = prop_oneof![Just(1_i64), Just(5), Just(10), Just(100)];
    (unit, tie, any::<bool>()).prop_map(|(unit_minor, tie, keeps_nonzero)| CashRounding {
        unit_minor,
        tie,
        keeps_nonzero,
    })
}

fn product(number: u16, price_minor: i64, rate: u32) -> Product {
    Product {
        product_id: ProductId::from_uuid(Uuid::from_u128(u128::from(number))),
        number,
        sku: format!("P{number:04}"),
        name: format!("Producto {number}"),
        category_id: CategoryId::from_uuid(Uuid::nil()),
        price_minor,
        tax_rate_bp: RateBp(rate),
        barcodes: Vec::new(),
        is_ticketed: true,
        position: number,
        is_active: true,
        tags: Vec::new(),
        marks: Marks::default(),
    }
}

fn sale() -> impl Strategy<Value = Sale> {
    let line = (1_u16..50, 0_i64..10_000_000, prop_oneof![Just(0_u32), Just(800), Just(1900)], 1_i64..20_000);
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let mut sale = Sale::open(SaleId::from_uuid(Uuid::nil()), Currency::Clp);
        for (number, price, rate, milli) in lines {
            sale.add(&product(number, price, rate), Quantity::from_milli(milli)).expect("amounts are small");
        }
        sale
    })
}

fn card(number: u128, amount_minor: i64) -> ApprovedCard {
    let approval = CardApproval {
        authorisation_code: "252985".into(),
        operation_no: number.to_string(),
        last4: "0461".into(),
        brand: "VI".into(),
        card_type: "CR".into(),
    };
    ApprovedCard { payment_id: PaymentId::from_uuid(Uuid::from_u128(number)), amount_minor, approval, is_manual: false }
}

proptest! {
    /// Splitting loses nothing, and no two shares differ by more than one unit.
    #[test]
    fn split_shares_add_up(minor in -1_000_000_000_i64..1_000_000_000, parts in 1_u32..200) {
        let shares = Money::new(minor, Currency::Clp).split(NonZeroU32::new(parts).expect("not zero"));
        prop_assert_eq!(shares.len(), parts as usize);
        prop_assert_eq!(shares.iter().map(|share| share.minor()).sum::<i64>(), minor);
        let (least, most) = (shares.iter().map(|s| s.minor()).min(), shares.iter().map(|s| s.minor()).max());
        prop_assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1);
    }

    /// Rounding lands on a coin, moves less than one coin, is idempotent, and treats refunds as sales.
    #[test]
    fn cash_rounding_is_lawful(minor in -1_000_000_000_i64..1_000_000_000, rule in rounding()) {
        let rounded = rule.round(minor);
        prop_assert_eq!(rounded % rule.unit_minor, 0);
        prop_assert!((rounded - minor).abs() < rule.unit_minor.max(2));
        prop_assert_eq!(rule.round(rounded), rounded);
        prop_assert_eq!(rule.round(-minor), -rounded);
    }

    /// A larger amount never rounds to a smaller one.
    #[test]
    fn cash_rounding_keeps_order(a in 0_i64..1_000_000, b in 0_i64..1_000_000, rule in rounding()) {
        prop_assert!(rule.round(a.min(b)) <= rule.round(a.max(b)));
    }

    /// Net and tax make the gross, for sales and refunds alike, at any rate.
    #[test]
    fn tax_splits_without_loss(gross in -1_000_000_000_000_i64..1_000_000_000_000, rate in 0_u32..10_000) {
        let line = RateBp(rate).included_in(gross);
        prop_assert_eq!(line.net_minor + line.tax_minor, gross);
        prop_assert!(line.net_minor.abs() <= gross.abs());
        let refund = RateBp(rate).included_in(-gross);
        prop_assert_eq!((refund.net_minor, refund.tax_minor), (-line.net_minor, -line.tax_minor));
    }

    /// What is put on top can be taken out again.
    #[test]
    fn tax_on_top_comes_out_again(net in 0_i64..1_000_000_000, rate in 0_u32..5_000) {
        let line = RateBp(rate).on_top_of(net).expect("amounts are small");
        prop_assert_eq!(RateBp(rate).included_in(line.gross_minor).net_minor, net);
    }

    /// The order of lines does not change what a document owes.
    #[test]
    fn document_tax_ignores_order(mut lines in prop::collection::vec((0_u32..3_000, 0_i64..1_000_000), 0..20)) {
        let of = |lines: &[(u32, i64)]| tax::by_document(lines.iter().map(|(rate, gross)| (RateBp(*rate), *gross)));
        let forwards = of(&lines);
        lines.reverse();
        prop_assert_eq!(forwards, of(&lines));
    }

    /// Lines, nets and taxes all sum to the total.
    #[test]
    fn totals_agree(sale in sale()) {
        let totals = sale.totals();
        prop_assert_eq!(sale.lines.iter().map(|line| line.total_minor).sum::<i64>(), totals.total_minor);
        prop_assert_eq!(totals.net_minor + totals.tax_minor, totals.total_minor);
        prop_assert_eq!(totals.taxes.iter().map(|tax| tax.gross_minor).sum::<i64>(), totals.total_minor);
    }

    /// Σ payments = total + rounding, whatever the mix; change comes from cash alone and is what is left of it.
    #[test]
    fn settlement_balances(
        total in 1_i64..10_000_000,
        by_card in 0_i64..10_000_000,
        extra_cash in 0_i64..100_000,
        rule in rounding(),
    ) {
        let card = card(1, by_card.min(total));
        let cash_due = tender::cash_due(total, card.amount_minor, rule);
        let left = total - card.amount_minor;
        let mut tenders = vec![Tender::Card { payment_id: card.payment_id }];
        if left > 0 {
            tenders.push(Tender::Cash { tendered_minor: cash_due + extra_cash });
        }
        let settled = tender::settle(total, &tenders, std::slice::from_ref(&card), rule).expect("enough is offered");
        let paid: i64 = settled.payments.iter().map(Payment::amount_minor).sum();
        prop_assert_eq!(paid, total + settled.rounding_minor);
        prop_assert_eq!(settled.change_minor, if left > 0 { extra_cash } else { 0 });
        prop_assert!(settled.rounding_minor.abs() < rule.unit_minor.max(2));
    }

    /// Anything less than due is refused, naming exactly what is missing.
    #[test]
    fn too_little_is_refused(total in 10_i64..10_000_000, missing in 1_i64..1_000) {
        let due = tender::cash_due(total, 0, PESO);
        let missing = missing.min(due);
        prop_assume!(missing > 0);
        let refused = tender::settle(total, &[Tender::Cash { tendered_minor: due - missing }], &[], PESO);
        prop_assert_eq!(refused, Err(SettlementError::Short { missing_minor: missing }));
    }

    /// A refused change leaves the sale as it was.
    #[test]
    fn a_refused_change_changes_nothing(sale in sale(), milli in -5_i64..=0) {
        let mut changed = sale.clone();
        let line_no = changed.lines[0].line_no;
        prop_assert!(changed.set_quantity(line_no, Quantity::from_milli(milli)).is_err());
        prop_assert!(changed.set_quantity(9_999, Quantity::ONE).is_err());
        prop_assert!(changed.add(&product(60, i64::MAX, 0), Quantity::from_whole(3)).is_err());
        prop_assert_eq!(changed, sale);
    }
}

#[test]
fn only_cash_gives_change() {
    let card = card(1, 5_000);
    let by_card = Tender::Card { payment_id: card.payment_id };
    let over = tender::settle(4_000, &[by_card], std::slice::from_ref(&card), PESO);
    assert_eq!(over, Err(SettlementError::Over { over_minor: 1_000 }));
    let cash_too = tender::settle(5_000, &[by_card, Tender::Cash { tendered_minor: 10 }], &[card], PESO);
    assert_eq!(cash_too, Err(SettlementError::Over { over_minor: 10 }));
}

#[test]
fn a_card_payment_counts_once_and_only_when_approved() {
    let card = card(1, 2_500);
    let by_card = Tender::Card { payment_id: card.payment_id };
    let twice = tender::settle(5_000, &[by_card, by_card], std::slice::from_ref(&card), PESO);
    assert_eq!(twice, Err(SettlementError::CardNotApproved(card.payment_id)));
    assert_eq!(tender::settle(5_000, &[by_card], &[], PESO), Err(SettlementError::CardNotApproved(card.payment_id)));
}

#[test]
fn an_empty_sale_does_not_complete() {
    let sale = Sale::open(SaleId::from_uuid(Uuid::nil()), Currency::Clp);
    assert_eq!(sale.complete(&[], &[], PESO), Err(SaleError::Empty));
}

#[test]
fn a_product_added_again_grows_its_line_unless_its_price_changed() {
    let mut sale = Sale::open(SaleId::from_uuid(Uuid::nil()), Currency::Clp);
    let piscola = product(1, 4_500, 1900);
    assert_eq!(sale.add(&piscola, Quantity::ONE), Ok(1));
    assert_eq!(sale.add(&piscola, Quantity::ONE), Ok(1));
    let dearer = Product { price_minor: 5_000, ..piscola };
    assert_eq!(sale.add(&dearer, Quantity::ONE), Ok(2));
    assert_eq!(sale.totals().total_minor, 14_000);
    assert!(sale.remove(1).is_ok());
    assert_eq!(sale.add(&product(2, 1_000, 1900), Quantity::ONE), Ok(3), "a removed line's number stays unused");
}
