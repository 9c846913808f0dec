//! What went wrong with a ticket, told from everything that happened to it: handed over twice, handed over although it was
//! withdrawn, withdrawn although it was handed over. In whatever order it was heard of, it comes to the same.

use serde::{Deserialize, Serialize};

use super::{RedeemedLine, TicketLine};
use crate::ids::RedemptionId;
use crate::time::Timestamp;

/// One hand-over nobody took back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// Its id.
    pub redemption_id: RedemptionId,
    /// When, by its till's clock.
    pub at: Timestamp,
    /// The server had said yes.
    pub is_promised: bool,
    /// What.
    pub lines: Vec<RedeemedLine>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// More was handed over than was sold.
    Double,
    /// Handed over after it was withdrawn: somebody had not heard.
    RedeemedVoid,
    /// Withdrawn after all of it was handed over.
    VoidAfterDelivery,
    /// A used ticket was shown again and again.
    ShownAgain,
}

/// Something that went wrong with a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What.
    pub kind: IncidentKind,
    /// When it happened: the last hand-over it is about, or the withdrawal.
    pub at: Timestamp,
    /// What was given that should not have been, by hand-over, oldest first.
    pub given: Vec<(RedemptionId, Vec<RedeemedLine>)>,
}

impl IncidentKind {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Double, Self::RedeemedVoid, Self::VoidAfterDelivery, Self::ShownAgain];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Double => "double",
            Self::RedeemedVoid => "redeemed_void",
            Self::VoidAfterDelivery => "void_after_delivery",
            Self::ShownAgain => "shown_again",
        }
    }
}

impl std::str::FromStr for IncidentKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(())
    }
}

/// What went wrong with a ticket that promises `sold`. Whoever had the server's yes was first; of the others, whoever's
/// clock says so, which is as good as any rule that all sides agree on.
pub fn incidents(sold: &[TicketLine], handed: &[HandOver], voided_at: Option<Timestamp>) -> Vec<Incident> {
    let mut handed: Vec<_> = handed.iter().collect();
    handed.sort_by_key(|one| (!one.is_promised, one.at, one.redemption_id));
    let split = split(sold, &handed);
    let is_late = |one: &HandOver| voided_at.is_some_and(|voided_at| one.at > voided_at);
    let double = handed.iter().zip(&split).map(|(one, (_, over))| (*one, over.clone())).collect();
    let unheard = handed
        .iter()
        .zip(&split)
        .filter(|(one, _)| is_late(one))
        .map(|(one, (owed, _))| (*one, owed.clone()))
        .collect();
    let mut found =
        vec![incident(IncidentKind::Double, double, None), incident(IncidentKind::RedeemedVoid, unheard, None)];
    if let Some(voided_at) = voided_at {
        let before: Vec<_> = handed.iter().zip(&split).filter(|(one, _)| !is_late(one)).collect();
        let is_all = (1_u8..).zip(sold).all(|(line_no, line)| {
            let lines = before.iter().flat_map(|(_, (owed, _))| owed).filter(|owed| owed.line_no == line_no);
            lines.map(|owed| u32::from(owed.quantity)).sum::<u32>() >= u32::from(line.quantity)
        });
        if is_all {
            let given = before.into_iter().map(|(one, (owed, _))| (*one, owed.clone())).collect();
            found.push(incident(IncidentKind::VoidAfterDelivery, given, Some(voided_at)));
        }
    }
    found.into_iter().flatten().collect()
}

/// Of each hand-over, what was owed then, and what was too much.
fn split(sold: &[TicketLine], handed: &[&HandOver]) -> Vec<(Vec<RedeemedLine>, Vec<RedeemedLine>)> {
    let mut owed: Vec<_> = sold.iter().map(|line| line.quantity).collect();
    let one = |hand_over: &&HandOver| {
        let (mut fits, mut over) = (Vec::new(), Vec::new());
        for RedeemedLine { line_no, quantity } in hand_over.lines.iter().copied() {
            let mut nothing = 0;
            let left = owed.get_mut(usize::from(line_no).wrapping_sub(1)).unwrap_or(&mut nothing);
            let due = quantity.min(*left);
            *left -= due;
            for (list, quantity) in [(&mut fits, due), (&mut over, quantity - due)] {
                if quantity > 0 {
                    list.push(RedeemedLine { line_no, quantity });
                }
            }
        }
        (fits, over)
    };
    handed.iter().map(one).collect()
}

fn incident(kind: IncidentKind, given: Vec<(&HandOver, Vec<RedeemedLine>)>, at: Option<Timestamp>) -> Option<Incident> {
    let mut given: Vec<_> = given.into_iter().filter(|(_, lines)| !lines.is_empty()).collect();
    given.sort_by_key(|(one, _)| (one.at, one.redemption_id));
    let at = at.or_else(|| given.last().map(|(one, _)| one.at))?;
    if given.is_empty() {
        return None;
    }
    Some(Incident { kind, at, given: given.into_iter().map(|(one, lines)| (one.redemption_id, lines)).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SOLD: [TicketLine; 2] =
        [TicketLine { product_number: 7, quantity: 3 }, TicketLine { product_number: 9, quantity: 1 }];

    fn id(number: u128) -> RedemptionId {
        RedemptionId::from_uuid(Uuid::from_u128(number))
    }

    fn handed(number: u128, at: i64, is_promised: bool, lines: &[(u8, u8)]) -> HandOver {
        let lines = lines.iter().map(|&(line_no, quantity)| RedeemedLine { line_no, quantity }).collect();
        HandOver { redemption_id: id(number), at: Timestamp::from_millis(at), is_promised, lines }
    }

    /// Kind, time, and what was given by which hand-over: number, line, quantity.
    type Told = (IncidentKind, i64, Vec<(u128, u8, u8)>);

    fn told(hand_overs: &[HandOver], voided_at: Option<i64>) -> Vec<Told> {
        let mut reversed = hand_overs.to_vec();
        reversed.reverse();
        let voided_at = voided_at.map(Timestamp::from_millis);
        let found = incidents(&SOLD, hand_overs, voided_at);
        assert_eq!(incidents(&SOLD, &reversed, voided_at), found, "the same in whatever order they were heard of");
        let flat = |(by, lines): &(RedemptionId, Vec<RedeemedLine>)| {
            let by = by.as_uuid().as_u128();
            lines.iter().map(move |line| (by, line.line_no, line.quantity)).collect::<Vec<_>>()
        };
        found.iter().map(|it| (it.kind, it.at.as_millis(), it.given.iter().flat_map(flat).collect())).collect()
    }

    #[test]
    fn parts_that_fit_are_no_incident_and_what_is_beyond_them_is_one() {
        use IncidentKind::Double;
        assert_eq!(told(&[handed(1, 10, false, &[(1, 2)]), handed(2, 20, false, &[(1, 1), (2, 1)])], None), []);
        let whole = [handed(1, 10, false, &[(1, 3), (2, 1)]), handed(2, 20, false, &[(1, 3), (2, 1)])];
        assert_eq!(told(&whole, None), [(Double, 20, vec![(2, 1, 3), (2, 2, 1)])]);
        let parts = [handed(1, 10, false, &[(1, 2)]), handed(2, 20, false, &[(1, 2)])];
        assert_eq!(told(&parts, None), [(Double, 20, vec![(2, 1, 1)])], "one piece too many");
        let three = [parts.as_slice(), &[handed(3, 30, false, &[(1, 1)])]].concat();
        assert_eq!(told(&three, None), [(Double, 30, vec![(2, 1, 1), (3, 1, 1)])], "one ticket, one incident");
        assert_eq!(told(&[handed(1, 10, false, &[(5, 1), (0, 1)])], None), [(Double, 10, vec![(1, 5, 1), (1, 0, 1)])]);
    }

    #[test]
    fn whoever_had_the_servers_yes_was_first_whatever_the_clocks_say() {
        let both = [handed(1, 10, false, &[(1, 3)]), handed(2, 20, true, &[(1, 3)])];
        assert_eq!(told(&both, None), [(IncidentKind::Double, 10, vec![(1, 1, 3)])]);
    }

    #[test]
    fn withdrawn_and_handed_over_is_told_by_which_came_first() {
        use IncidentKind::{Double, RedeemedVoid, VoidAfterDelivery};
        let part = handed(1, 10, false, &[(1, 2)]);
        assert_eq!(told(std::slice::from_ref(&part), Some(15)), [], "withdrawn for the rest");
        let rest = handed(2, 20, false, &[(1, 1), (2, 1)]);
        let both = [part, rest];
        assert_eq!(told(&both, Some(15)), [(RedeemedVoid, 20, vec![(2, 1, 1), (2, 2, 1)])]);
        assert_eq!(
            told(&both, Some(25)),
            [(VoidAfterDelivery, 25, vec![(1, 1, 2), (2, 1, 1), (2, 2, 1)])],
            "money may have been given back for what was drunk"
        );
        let thrice = [both.as_slice(), &[handed(3, 30, false, &[(2, 1)])]].concat();
        assert_eq!(
            told(&thrice, Some(15)),
            [(Double, 30, vec![(3, 2, 1)]), (RedeemedVoid, 20, vec![(2, 1, 1), (2, 2, 1)])],
            "no piece is in two"
        );
    }
}
