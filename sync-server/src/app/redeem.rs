//! A till asks before it hands over, while a customer waits. Decided by the redemption's id and kept, so that asking again gets
//! the same answer. Questions of one company that come together are decided in one transaction, one after another: what
//! costs is the commit.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::ids::{RedemptionId, TenantId};
use shared::sync::redeem::{RedeemDecision, RedeemRefusal, RedeemRequest, TicketUse, decide};
use shared::ticket::{Ticket, TicketKind, UnverifiedTicket};
use shared::time::Timestamp;
use tokio::sync::oneshot;

use super::push;
use crate::store::{ClaimRow, DeviceRow, StoreError, Tenant, TenantTx, TicketPast};

/// Questions decided by one commit: those behind should not wait for too many.
const AT_ONCE: usize = 128;

/// Why there is no decision.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// An old request, sent again by somebody else.
    #[error("this request was sent before")]
    Replayed,
    /// Another question under the same id.
    #[error("something else was asked under this id")]
    Conflict,
    /// Somebody else was writing, and it may go well at once.
    #[error("two changes got in each other's way")]
    Collided,
    /// The commit failed; asking again is harmless.
    #[error("the server could not finish this")]
    Unfinished,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A question.
pub struct Question {
    /// Who asks.
    pub device: DeviceRow,
    /// What.
    pub request: RedeemRequest,
    /// The request's own admission.
    pub admission: push::Ticket,
    /// When it arrived.
    pub now: Timestamp,
}

type Answer = Result<RedeemDecision, RedeemError>;

/// Every company's line of questions.
#[derive(Default)]
pub struct Desk {
    lines: Mutex<HashMap<TenantId, Arc<Line>>>,
}

#[derive(Default)]
struct Line(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: Vec<(Question, oneshot::Sender<Answer>)>,
    is_deciding: bool,
}

/// The tickets of questions, each if a till of this company signed it for delivery.
async fn believe(tenant: &Tenant, questions: &[Question]) -> Result<Vec<Option<Ticket>>, StoreError> {
    let codes: Vec<_> = questions.iter().map(|question| UnverifiedTicket::parse(&question.request.code).ok()).collect();
    let signers: HashSet<_> = codes.iter().flatten().map(UnverifiedTicket::device_no).collect();
    let keys =
        if signers.is_empty() { HashMap::new() } else { tenant.read().await?.find_device_keys(&signers).await? };
    let verify = |code: UnverifiedTicket| code.verify(tenant.tenant_id, |device_no| keys.get(&device_no).copied()).ok();
    let is_for_delivery = |ticket: &Ticket| ticket.kind == TicketKind::Delivery;
    Ok(codes.into_iter().map(|code| code.and_then(verify).filter(is_for_delivery)).collect())
}

/// What is told of a ticket nobody believes.
const fn unbelieved() -> RedeemDecision {
    RedeemDecision::Refused { reason: RedeemRefusal::Unverified, uses: Vec::new() }
}

impl Desk {
    /// Asks, and returns when the answer is durable. Given up half-way, it is decided all the same.
    pub async fn ask(&self, tenant: &Arc<Tenant>, question: Question) -> Answer {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lines.entry(tenant.tenant_id).or_default())
        };
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut waiting = line.waiting();
            waiting.jobs.push((question, answer));
            !std::mem::replace(&mut waiting.is_deciding, true)
        };
        if is_first {
            tokio::spawn(work(Arc::clone(tenant), Deciding(line)));
        }
        answered.await.unwrap_or(Err(RedeemError::Unfinished))
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next to be decided together; `None` when nobody waits, and then nobody decides any more.
    fn next(&self) -> Option<Vec<(Question, oneshot::Sender<Answer>)>> {
        let mut waiting = self.waiting();
        if waiting.jobs.is_empty() {
            waiting.is_deciding = false;
            return None;
        }
        let count = waiting.jobs.len().min(AT_ONCE);
        Some(waiting.jobs.drain(..count).collect())
    }
}

/// Whoever decides for the line. Should they end in the middle, the line goes on with the next question.
struct Deciding(Arc<Line>);

impl Drop for Deciding {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        if std::mem::replace(&mut waiting.is_deciding, false) {
            waiting.jobs.clear();
        }
    }
}

async fn work(tenant: Arc<Tenant>, deciding: Deciding) {
    while let Some(jobs) = deciding.0.next() {
        let (questions, senders): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let answers = match decide_all(&tenant, &questions).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::error!(%error, cause = ?std::error::Error::source(&error), "questions were not decided");
                let again = || match error {
                    StoreError::Collided(_) => Err(RedeemError::Collided),
                    _ => Err(RedeemError::Unfinished),
                };
                questions.iter().map(|_| again()).collect()
            }
        };
        for (sender, answer) in senders.into_iter().zip(answers) {
            // Whoever asked may be gone; it is decided all the same.
            let _ = sender.send(answer);
        }
    }
}

/// Decides questions in their order, all durable by one commit. Signatures are looked at before anything is written: nobody
/// waits for that.
async fn decide_all(tenant: &Tenant, questions: &[Question]) -> Result<Vec<Answer>, StoreError> {
    let tickets = believe(tenant, questions).await?;
    let believed: Vec<_> =
        questions.iter().zip(&tickets).filter_map(|(question, ticket)| Some((question, ticket.as_ref()?))).collect();
    let mut decided = decide_believed(tenant, &believed).await?.into_iter();
    let answer = |ticket: &Option<Ticket>| match ticket {
        Some(_) => decided.next().unwrap_or(Err(RedeemError::Unfinished)),
        None => Ok(unbelieved()),
    };
    Ok(tickets.iter().map(answer).collect())
}

async fn decide_believed(tenant: &Tenant, questions: &[(&Question, &Ticket)]) -> Result<Vec<Answer>, StoreError> {
    let Some(now) = questions.iter().map(|(question, _)| question.now).max() else { return Ok(Vec::new()) };
    let mut tx = tenant.write().await?;
    let admitted = admit_all(&mut tx, questions, now).await?;
    let tickets = questions.iter().map(|(_, ticket)| ticket.ticket_id).collect();
    let mut past = tx.past_of(tickets).await?;
    let ids = questions.iter().map(|(question, _)| question.request.redemption_id).collect();
    let mut known = tx.known_claims(ids).await?;
    let after = tx.last_turn().await?;
    let mut new = Vec::new();
    let mut answers = Vec::with_capacity(questions.len());
    for ((question, ticket), is_admitted) in questions.iter().zip(admitted) {
        if !is_admitted {
            answers.push(Err(RedeemError::Replayed));
            continue;
        }
        let request = &question.request;
        if let Some(claim) = known.get(&request.redemption_id) {
            answers.push(repeat(claim, question, ticket));
            continue;
        }
        let past = past.entry(ticket.ticket_id).or_default();
        let withdrawn = [take_back(past, question), lapse(past)].concat();
        for redemption_id in &withdrawn {
            tx.withdraw_claim(*redemption_id, &after).await?;
        }
        // A promise of this very transaction is not written yet.
        for claim in new.iter_mut().filter(|claim: &&mut ClaimRow| withdrawn.contains(&claim.asked.redemption_id)) {
            claim.is_withdrawn = true;
        }
        let claim = judge(past, question, ticket);
        answers.push(Ok(claim.decision.clone()));
        if claim.is_accepted() && past.find(request.redemption_id).is_none() {
            past.promised.push(claim.asked.clone());
        }
        known.insert(request.redemption_id, claim.clone());
        new.push(claim);
    }
    tx.insert_claims(&new, &after).await?;
    for claim in new.iter().filter(|claim| claim.is_withdrawn) {
        tx.withdraw_claim(claim.asked.redemption_id, &after).await?;
    }
    tx.commit().await?;
    Ok(answers)
}

/// Uses up what the requests were admitted with, and notes that their tills were heard of. Which are no old ones.
async fn admit_all(
    tx: &mut TenantTx,
    questions: &[(&Question, &Ticket)],
    now: Timestamp,
) -> Result<Vec<bool>, StoreError> {
    let nonces: Vec<_> = questions.iter().map(|(question, _)| question.admission.nonce_of(&question.device)).collect();
    let forget_before = questions.iter().map(|(question, _)| question.admission.forget_before).min();
    let admitted = tx.use_nonces(&nonces, (now, forget_before.unwrap_or(now))).await?;
    let heard = nonces.iter().zip(&admitted).filter(|(_, is_admitted)| **is_admitted);
    tx.hear_devices(heard.map(|(nonce, _)| nonce.device_id).collect(), now).await?;
    Ok(admitted)
}

/// The same answer, if it is the same question. What its till took back since is promised to nobody.
fn repeat(claim: &ClaimRow, question: &Question, ticket: &Ticket) -> Answer {
    let Question { device, request, .. } = question;
    let asked = &claim.asked;
    if (claim.ticket_id, asked.device_id, &asked.lines) != (ticket.ticket_id, device.device_id, &request.lines) {
        return Err(RedeemError::Conflict);
    }
    if claim.is_withdrawn {
        return Ok(RedeemDecision::Refused { reason: RedeemRefusal::InReview, uses: Vec::new() });
    }
    Ok(claim.decision.clone())
}

/// How long after a promise a till that has sent everything can be believed not to have handed over: it waits for the answer
/// for less than a second, and an exchange that was under way then is over.
const LAPSE_MS: i64 = 60_000;

/// Takes out what nobody will hand over: promises of tills that have sent everything since, long after, and not that. Should
/// one hand over all the same, it is an incident.
fn lapse(past: &mut TicketPast) -> Vec<RedemptionId> {
    let is_over =
        |one: &&TicketUse| past.all_sent.get(&one.redemption_id).is_some_and(|at| at.millis_since(one.at) >= LAPSE_MS);
    let over: Vec<_> = past.promised.iter().filter(is_over).map(|one| one.redemption_id).collect();
    past.promised.retain(|one| !over.contains(&one.redemption_id));
    over
}

/// Takes out what this till asked for before and never handed over, as it says itself. Its ids grow with time, so a
/// question that comes late takes nothing away from one that was asked after it.
fn take_back(past: &mut TicketPast, Question { device, request, .. }: &Question) -> Vec<RedemptionId> {
    let is_stale = |one: &TicketUse| {
        one.device_id == device.device_id
            && one.redemption_id < request.redemption_id
            && !request.recorded.contains(&one.redemption_id)
    };
    let stale: Vec<_> = past.promised.iter().filter(|one| is_stale(one)).map(|one| one.redemption_id).collect();
    past.promised.retain(|one| !stale.contains(&one.redemption_id));
    stale
}

fn judge(past: &TicketPast, Question { device, request, now, .. }: &Question, ticket: &Ticket) -> ClaimRow {
    let redemption_id = request.redemption_id;
    let decision = if past.find(redemption_id).is_some() {
        // Its event was faster than its question: it happened.
        RedeemDecision::Accepted
    } else {
        let uses: Vec<_> = past.counted_or_promised().cloned().collect();
        decide(ticket, past.voided_at.is_some(), &uses, request)
    };
    let asked = TicketUse {
        redemption_id,
        device_id: device.device_id,
        staff_id: request.staff_id,
        at: *now,
        lines: request.lines.clone(),
        is_pending: true,
    };
    ClaimRow { ticket_id: ticket.ticket_id, venue_id: device.venue_id, asked, decision, is_withdrawn: false }
}
