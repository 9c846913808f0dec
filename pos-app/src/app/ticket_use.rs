//! Handing over what a ticket owes, taking that back, and withdrawing a ticket.

use shared::event::{Fact, RedemptionUndone, TicketRedeemed, TicketShownAgain, TicketVoided, Unheard};
use shared::ids::RedemptionId;
use shared::staff::Permission;
use shared::sync::redeem::{RedeemDecision, RedeemRefusal, RedeemRequest, TicketUse};
use shared::sync::stream::RedemptionRecord;
use shared::ticket::{RedeemError, RedeemedLine, Ticket, Uses, Verdict, is_own_undo, judge, redeem};
use shared::time::Timestamp;

use super::ticket::Checked;
use super::till::lock;
use super::{Caller, Need, Till};
use crate::commands::types::{RedeemTicket, TicketView, UndoRedemption, VoidTicket};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::ticket::{KnownRedemption, KnownTicket, load_known};

/// A used ticket shown so often is no mistake any more.
const TOO_OFTEN: u32 = 3;
/// Used tickets that are remembered as shown: more than a night has.
const MOST_SHOWN: usize = 10_000;

/// `ticket.redeem`
pub(crate) fn redeem_ticket(till: &Till, who: &Caller, args: &RedeemTicket) -> Result<TicketView, CommandError> {
    let checked = till.check(&args.code)?;
    let redemption_id = RedemptionId::new(till.clock.now(), &*till.entropy);
    // Nobody else at this counter waits for the network, so the turn is taken after it.
    let lines = till.owed_lines(&checked, args.lines.as_deref())?;
    let is_promised = till.ask_first(who, &checked, redemption_id, &lines)?;
    let _turn = till.take_turn();
    let lines = till.owed_lines(&checked, Some(&lines))?;
    let unheard = if is_promised { None } else { Some(till.allow_blind(&checked.ticket, &lines)?) };
    let fact = TicketRedeemed {
        redemption_id,
        ticket_id: checked.ticket.ticket_id,
        business_date: till.today()?,
        redeemed_at: till.clock.now(),
        lines,
        code: checked.code.clone(),
        unheard,
    };
    till.append(who, Fact::TicketRedeemed(fact))?;
    till.view_ticket(who, checked)
}

/// `ticket.undo`
pub(crate) fn undo_redemption(till: &Till, who: &Caller, args: &UndoRedemption) -> Result<TicketView, CommandError> {
    let _turn = till.take_turn();
    let checked = till.check(&args.code)?;
    let known = till.known_of(&checked)?;
    let handed = known.redemptions.iter().find(|known| known.redemption_id == args.redemption_id);
    let handed = handed.ok_or_else(|| {
        CommandError::new(ErrorCode::RedemptionUnknown, "Nothing was handed over under that id, as far as known here.")
    })?;
    if handed.undone.is_none() {
        let (by, now) = (who.staff()?.staff_id, till.clock.now());
        let is_own = is_own_undo(by, handed.staff_id, handed.redeemed_at, now);
        let allowed =
            if is_own { None } else { Some(till.authorise(Need::May(Permission::UndoRedemption), who.word())?) };
        let ticket_id = checked.ticket.ticket_id;
        let fact = RedemptionUndone { redemption_id: args.redemption_id, ticket_id, undone_at: now, is_own };
        till.append(allowed.as_ref().unwrap_or(who), Fact::RedemptionUndone(fact))?;
    }
    till.view_ticket(who, checked)
}

/// `ticket.void`
pub(crate) fn void_ticket(till: &Till, who: &Caller, args: &VoidTicket) -> Result<TicketView, CommandError> {
    let _turn = till.take_turn();
    let checked = till.check(&args.code)?;
    let known = till.known_of(&checked)?;
    let standing = judge(&checked.ticket, Uses::of(&known.redeemed()), till.today()?);
    if standing.verdict == Verdict::Delivered {
        // What was poured cannot be withdrawn.
        return Err(till.with_past(RedeemError::AlreadyRedeemed.into(), &known)?);
    }
    if known.void.is_none() {
        let (ticket_id, code) = (checked.ticket.ticket_id, checked.code.clone());
        let fact = TicketVoided { ticket_id, voided_at: till.clock.now(), reason: args.reason.trim().to_owned(), code };
        till.append(who, Fact::TicketVoided(fact))?;
    }
    till.view_ticket(who, checked)
}

impl Till {
    /// Everything known here of a ticket.
    fn known_of(&self, checked: &Checked) -> Result<KnownTicket, CommandError> {
        Ok(self.ledger().read(|connection| load_known(connection, checked.ticket.ticket_id))?)
    }

    /// What is to be handed over, by all that is known here.
    fn owed_lines(&self, checked: &Checked, asked: Option<&[RedeemedLine]>) -> Result<Vec<RedeemedLine>, CommandError> {
        let known = self.known_of(checked)?;
        let uses = Uses { redeemed: &known.redeemed(), is_void: known.void.is_some() };
        match redeem(&checked.ticket, uses, self.today()?, asked) {
            Ok(lines) => Ok(lines),
            Err(error) => Err(self.with_past(error.into(), &known)?),
        }
    }

    /// Asks the server, if it can be asked: whether it promised this to us. No answer is no promise, and what is handed over
    /// then carries the same id, so that the server knows it again.
    fn ask_first(
        &self,
        who: &Caller,
        checked: &Checked,
        redemption_id: RedemptionId,
        lines: &[RedeemedLine],
    ) -> Result<bool, CommandError> {
        if !self.is_server_reached() {
            return Ok(false);
        }
        let own = |known: &&KnownRedemption| known.device_id.is_none();
        let recorded = self.known_of(checked)?.redemptions.iter().filter(own).map(|it| it.redemption_id).collect();
        let request = RedeemRequest {
            redemption_id,
            code: checked.code.clone(),
            lines: lines.to_vec(),
            business_date: self.today()?,
            staff_id: Some(who.staff()?.staff_id),
            recorded,
        };
        match self.ask_server(request) {
            None => Ok(false),
            Some(RedeemDecision::Accepted) => Ok(true),
            Some(RedeemDecision::Refused { reason, uses }) => {
                Err(self.refused_by_server(checked, lines, (reason, uses))?)
            }
        }
    }

    /// The server's no. What it says others handed over is known here from now on, so that the paper reads as it should.
    fn refused_by_server(
        &self,
        checked: &Checked,
        lines: &[RedeemedLine],
        (reason, uses): (RedeemRefusal, Vec<TicketUse>),
    ) -> Result<CommandError, CommandError> {
        let (code, message) = match reason {
            RedeemRefusal::Delivered | RedeemRefusal::NotOwed => {
                let pending = uses.iter().rev().find(|one| one.is_pending).cloned();
                self.hear(checked, uses)?;
                if let Err(error) = self.owed_lines(checked, Some(lines)) {
                    return Ok(error);
                }
                // What is still owed by all we know was promised to others.
                return self.in_review(pending.as_ref());
            }
            RedeemRefusal::InReview => return self.in_review(uses.iter().rev().find(|one| one.is_pending)),
            RedeemRefusal::Void => (ErrorCode::TicketVoid, "It was withdrawn."),
            RedeemRefusal::NotTonight => (ErrorCode::TicketOtherNight, "Head office says it is not for tonight."),
            RedeemRefusal::Nothing => (ErrorCode::TicketLineInvalid, "Nothing to hand over was named."),
            RedeemRefusal::Unverified => (ErrorCode::TicketUnknownDevice, "Head office does not know this ticket."),
        };
        let business_date = checked.ticket.business_date.to_string();
        Ok(CommandError::new(code, message).with("business_date", business_date))
    }

    fn in_review(&self, promised: Option<&TicketUse>) -> Result<CommandError, CommandError> {
        let error = CommandError::new(ErrorCode::TicketInReview, "Another bar was promised it just now.");
        let Some(promised) = promised else { return Ok(error) };
        let (staff, device) = (self.name_of(promised.staff_id)?, self.device_name(Some(promised.device_id))?);
        Ok(error.with("at", promised.at.as_millis()).with("staff", staff).with("device", device))
    }

    /// Keeps what others handed over as if the venue's stream had told it, which it will.
    fn hear(&self, checked: &Checked, uses: Vec<TicketUse>) -> Result<(), CommandError> {
        let business_date = self.today()?;
        let records = uses.into_iter().filter(|one| !one.is_pending).map(|one| RedemptionRecord {
            redemption: TicketRedeemed {
                redemption_id: one.redemption_id,
                ticket_id: checked.ticket.ticket_id,
                business_date,
                redeemed_at: one.at,
                lines: one.lines,
                code: checked.code.clone(),
                unheard: None,
            },
            device_id: one.device_id,
            staff_id: one.staff_id,
        });
        let records: Vec<_> = records.collect();
        self.ledger().write(move |tx| records.iter().try_for_each(|record| tx.hear_redemption(record)))?;
        Ok(())
    }

    /// Whether the venue lets a bar hand this over without having asked anybody; whose word is missing then.
    fn allow_blind(&self, ticket: &Ticket, lines: &[RedeemedLine]) -> Result<Unheard, CommandError> {
        let (unheard, peers) = (self.unheard()?, self.peers()?);
        let policy = self.venue()?.redemption_policy;
        let number_of =
            |line_no: u8| ticket.lines.get(usize::from(line_no).wrapping_sub(1)).map(|it| it.product_number);
        let pieces = lines.iter().filter_map(|line| Some((number_of(line.line_no)?, line.quantity)));
        if unheard.devices.is_empty() || policy.allows(self.weigh(ticket, pieces)?) {
            return Ok(unheard);
        }
        let message = "The other tills cannot be asked now, and this venue does not hand this over unheard.";
        Err(CommandError::new(ErrorCode::TicketUnheard, message)
            .with("devices", peers.into_iter().map(|(_, name)| name).collect::<Vec<_>>())
            .with("since", unheard.since.map(Timestamp::as_millis))
            .with("rule", serde_json::to_value(policy).unwrap_or_default()))
    }

    /// Counts how often a used ticket was shown here, and has it looked at once it is too often. What the bar asked is
    /// answered whatever becomes of the note.
    pub(super) fn note_shown_again(&self, who: &Caller, view: &TicketView) {
        let ticket_id = view.ticket.ticket_id;
        let times = {
            let mut shown = lock(&self.shown);
            if shown.len() >= MOST_SHOWN {
                shown.clear();
            }
            let times = shown.entry(ticket_id).or_default();
            *times = times.saturating_add(1);
            *times
        };
        if times == TOO_OFTEN {
            let _turn = self.take_turn();
            let fact = TicketShownAgain { ticket_id, times, shown_at: self.clock.now(), code: view.code.clone() };
            if let Err(error) = self.append(who, Fact::TicketShownAgain(fact)) {
                tracing::warn!(%error, ticket = %ticket_id, "that a used ticket was shown again is not noted");
            }
        }
    }

    fn append(&self, who: &Caller, fact: Fact) -> Result<(), CommandError> {
        let session = self.find_session()?.map(|stored| stored.session.session_id);
        let by = who.by()?;
        self.ledger().write(move |tx| tx.append(&fact, by, session))?;
        Ok(())
    }
}
