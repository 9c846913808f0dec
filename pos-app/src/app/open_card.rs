//! The danger zone: card payments that a person should look at, and what would settle each.

use shared::event::Fact;
use shared::tender::{CardPayment, CardState, OpenReason, port_in_words};

use super::card::can_void;
use super::{Caller, Till};
use crate::commands::types::{ManualView, Nothing, OpenCardView, ResolveOutcome, SettleWay};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::card::{CardStory, find_story};
use crate::ledger::{View, card, counter, sale};

/// `card.list_open`
pub(crate) fn list_open(till: &Till, _: &Caller, _: &Nothing) -> Result<Vec<OpenCardView>, CommandError> {
    till.list_open_cards()
}

/// As people write them: something, on one line, and not a novel.
pub(super) fn note(text: &str) -> Result<String, CommandError> {
    let note = text.trim();
    let is_note = (1..=200).contains(&note.chars().count()) && !note.chars().any(char::is_control);
    if is_note {
        return Ok(note.to_owned());
    }
    Err(CommandError::new(ErrorCode::NoteInvalid, "Say why, in 1 to 200 characters on one line."))
}

/// Who said how it ended, where a person did.
pub(super) fn manual_view(ledger: &View, payment: &CardPayment) -> Result<Option<ManualView>, CommandError> {
    if !payment.is_manual && payment.returned.is_none() {
        return Ok(None);
    }
    let Some(story) = find_story(ledger, payment.payment_id)? else { return Ok(None) };
    let by = match story.settled_by {
        Some(staff_id) => crate::ledger::catalog::find_staff(ledger, staff_id)?.map(|staff| staff.name),
        None => None,
    };
    Ok(Some(ManualView { by, at: story.settled_at, note: story.note }))
}

/// What a person may say became of it. Money that the terminal says it has is not dismissed by saying otherwise again.
fn outcomes(ledger: &View, payment: &CardPayment) -> Result<Vec<ResolveOutcome>, CommandError> {
    use ResolveOutcome as Says;
    if is_taken(ledger, payment)? {
        return Ok(vec![Says::Approved]);
    }
    Ok(match &payment.state {
        CardState::Voiding { .. } => vec![Says::Voided, Says::NotVoided],
        CardState::Uncertain => vec![Says::Approved, Says::NotCharged],
        CardState::Approved { .. } | CardState::Voided { .. } if payment.denied.is_some() => {
            vec![Says::Approved, Says::Voided]
        }
        _ if payment.denied.is_some() => vec![Says::Approved, Says::NotCharged],
        _ => Vec::new(),
    })
}

/// The terminal says that it has this customer's money, and it is not another sale's.
pub(super) fn is_taken(ledger: &View, payment: &CardPayment) -> Result<bool, CommandError> {
    let Some(approval) = payment.taken_all_the_same() else { return Ok(false) };
    Ok(card::find_proved(ledger, payment, approval)?.is_none())
}

impl Till {
    fn list_open_cards(&self) -> Result<Vec<OpenCardView>, CommandError> {
        let open = self.ledger().view(|ledger| {
            let on_counter = counter::find(ledger)?.map(|sale| sale.sale_id);
            let mut open = Vec::new();
            for payment in card::list_open(ledger)? {
                let Some(story) = find_story(ledger, payment.payment_id)? else { continue };
                // On its way into the sale on the counter; anything else about it a person should see there as well.
                let is_on_its_way = story.open_reason == Some(OpenReason::NotCounted);
                if !(is_on_its_way && on_counter == Some(payment.sale_id)) {
                    let sold = sale::find_sale(ledger, payment.sale_id)?;
                    let outcomes = outcomes(ledger, &payment)?;
                    open.push((payment, story, sold.map(|sale| sale.recorded.receipt_no), outcomes));
                }
            }
            Ok::<_, CommandError>(open)
        })?;
        open.into_iter()
            .filter_map(|(payment, story, receipt_no, outcomes)| {
                let reason = story.open_reason?;
                Some(self.view_open(payment, reason, &story, receipt_no, outcomes))
            })
            .collect()
    }

    /// How many there are, for the status bar.
    pub(super) fn count_open_cards(&self) -> Result<u32, CommandError> {
        Ok(u32::try_from(self.list_open_cards()?.len()).unwrap_or(u32::MAX))
    }

    fn view_open(
        &self,
        payment: CardPayment,
        reason: OpenReason,
        story: &CardStory,
        receipt_no: Option<u64>,
        outcomes: Vec<ResolveOutcome>,
    ) -> Result<OpenCardView, CommandError> {
        Ok(OpenCardView {
            reason,
            terminal: self.terminal_in_words(&story.terminal),
            asked_by: self.name_of(story.asked_by)?,
            receipt_no,
            ways: self.ways_out(&payment, reason, story),
            outcomes,
            card: self.view_card(payment),
        })
    }

    /// A terminal as people know it. The ledger knows one by its port; this till's has a name besides.
    pub(super) fn terminal_in_words(&self, terminal: &str) -> String {
        match &self.config.terminal {
            Some(config) if config.port == terminal => config.in_words(),
            _ => port_in_words(terminal),
        }
    }

    /// What would settle it, the surest first.
    fn ways_out(&self, payment: &CardPayment, reason: OpenReason, story: &CardStory) -> Vec<SettleWay> {
        let can_ask = self.has_terminal_line();
        let is_owed = matches!(payment.state, CardState::Approved { .. }) && !story.is_counted;
        let ways = [
            (SettleWay::AskTerminal, can_ask && payment.state.is_doubt()),
            (SettleWay::Resolve, reason != OpenReason::NotCounted),
            (SettleWay::Void, can_ask && can_void(payment, story, self.gives_back_later())),
            (SettleWay::Return, is_owed && payment.returned.is_none()),
        ];
        ways.into_iter().filter(|(_, is_open)| *is_open).map(|(way, _)| way).collect()
    }

    /// Writes one fact about a payment in the name of who is signed in, and tells the window.
    pub(super) fn write_on_card(
        &self,
        who: &Caller,
        decide: impl FnOnce(&View) -> Result<(Fact, CardPayment), CommandError>,
    ) -> Result<CardPayment, CommandError> {
        let _turn = self.take_turn();
        let by = who.by()?;
        let payment = self.ledger().transact(|tx| {
            let ledger = tx.connection();
            let (fact, after) = decide(ledger)?;
            let session = self.find_session_in(ledger)?.map(|stored| stored.session.session_id);
            tx.append(&fact, by, session)?;
            Ok::<_, CommandError>(after)
        })?;
        self.tell_of_card(&payment);
        Ok(payment)
    }
}
