//! What a drawer should hold, whatever went through it in whatever order.

use proptest::prelude::*;
use shared::money::Currency;
use shared::register::{CashCount, CashMovementKind, Counted, RegisterSession, SessionTotals};

use crate::support::{at, id, night, sale};
use shared::ids::{RegisterId, SessionId, StaffId};

#[derive(Clone, Copy, Debug)]
enum Through {
    Sale,
    Moved(CashMovementKind, i64),
    Returned(i64),
}

fn through() -> impl Strategy<Value = Vec<Through>> {
    let amount = 1_i64..10_000_000;
    let kind = prop_oneof![Just(CashMovementKind::In), Just(CashMovementKind::Out), Just(CashMovementKind::Drop)];
    let one = prop_oneof![
        2 => Just(Through::Sale),
        3 => (kind, amount.clone()).prop_map(|(kind, amount)| Through::Moved(kind, amount)),
        1 => amount.prop_map(Through::Returned),
    ];
    prop::collection::vec(one, 0..40)
}

proptest! {
    /// Expected is the float, the cash of sales net of change, what was put in, less what was handed back, paid out and
    /// taken away: added up here by hand, one by one, and never by the note that was tendered.
    #[test]
    fn expected_cash_is_what_went_in_less_what_went_out(through in through(), pieces in 0_u32..100, counted in 0_u32..500) {
        let float = CashCount(vec![Counted { denomination_minor: 1_000, count: pieces }]);
        let by = (StaffId::from_uuid(id(10)), at(0));
        let (session_id, register_id) = (SessionId::from_uuid(id(11)), RegisterId::from_uuid(id(12)));
        let session = RegisterSession::open(session_id, register_id, night(), by, (float, Currency::Clp)).expect("notes");
        let sold = sale().completed();
        let cash_of_sale = SessionTotals::default().plus(&sold).cash_minor;
        let mut totals = SessionTotals::default();
        let mut drawer = i64::from(pieces) * 1_000;
        for one in &through {
            match *one {
                Through::Sale => {
                    totals = totals.plus(&sold);
                    drawer += cash_of_sale;
                }
                Through::Moved(kind, amount) => {
                    totals = totals.moved(kind, amount);
                    drawer += if kind == CashMovementKind::In { amount } else { -amount };
                }
                Through::Returned(amount) => {
                    totals.returned_minor += amount;
                    drawer -= amount;
                }
            }
        }
        prop_assert_eq!(session.expected_cash_minor(&totals), drawer);
        let x = session.read(totals, at(30), true);
        prop_assert_eq!((x.expected_cash_minor, x.totals), (Some(drawer), Some(totals)));
        let blind = session.read(totals, at(30), false);
        prop_assert_eq!((blind.expected_cash_minor, blind.totals), (None, None));
        let found = CashCount(vec![Counted { denomination_minor: 1_000, count: counted }]);
        let (_, z) = session.close(&found, totals, 1, at(60)).expect("open");
        prop_assert_eq!(z.expected_cash_minor, drawer);
        prop_assert_eq!(z.variance_minor, i64::from(counted) * 1_000 - drawer);
        let read: SessionTotals = serde_json::from_str(&serde_json::to_string(&totals).expect("JSON")).expect("read");
        prop_assert_eq!(read, totals);
    }
}
