//! A bar asks the server at a scan: the whole way from the command to the server's decision and back, in time that passes only
//! while everybody waits.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use shared::event::{Fact, TicketRedeemed};
use shared::ids::{ChainId, DeviceId, RedemptionId};
use shared::staff::Role;
use shared::sync::redeem::{RedeemRefusal, TicketUse, decide};
use shared::ticket::{RedeemedLine, Ticket, TicketId, TicketKind, TicketLine};
use shared::time::Timestamp;
use shared::venue::RedemptionPolicy;
use uuid::Uuid;

use super::*;
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{LedgerError, event};
use crate::practice::{HeadOffice, SeededEntropy, StandingClock, THAT_NIGHT};
use crate::{Outside, Till, Workers};

/// How the server behaves.
#[derive(Clone, Copy)]
enum Manner {
    /// Answers after so many milliseconds.
    After(u64),
    /// Dies before it decides.
    DiesBefore,
    /// Decides, and dies before it answers.
    DiesAfter,
}

/// What the server knows, and what it said.
struct Known {
    manner: Manner,
    ticket: Ticket,
    is_void: bool,
    uses: Vec<TicketUse>,
    said: HashMap<RedemptionId, RedeemDecision>,
    asked: Vec<RedeemRequest>,
}

/// A server that decides as ours does, once for each question.
struct Server(Mutex<Known>);

impl Server {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, request: &RedeemRequest) -> RedeemDecision {
        let mut known = self.known();
        if let Some(said) = known.said.get(&request.redemption_id) {
            return said.clone();
        }
        let decision = decide(&known.ticket, known.is_void, &known.uses, request);
        known.said.insert(request.redemption_id, decision.clone());
        decision
    }
}

impl Decides for Server {
    async fn redeem(&self, request: &RedeemRequest) -> Result<RedeemReply, PeerError> {
        let manner = {
            let mut known = self.known();
            known.asked.push(request.clone());
            known.manner
        };
        let gone = || Err(PeerError::Unreachable("the connection was reset".to_owned()));
        if matches!(manner, Manner::DiesBefore) {
            return gone();
        }
        let decision = self.decide(request);
        match manner {
            Manner::After(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Manner::DiesBefore | Manner::DiesAfter => return gone(),
        }
        Ok(RedeemReply { redemption_id: request.redemption_id, decision })
    }
}

/// The line to it.
struct Line(Questions);

impl Counsel for Line {
    fn is_reached(&self) -> bool {
        true
    }

    fn ask(&self, request: RedeemRequest) -> Option<RedeemDecision> {
        self.0.ask(request)
    }
}

/// A bar with a bartender, a ticket of two piscolas, and a server.
struct Bar {
    till: Arc<Till>,
    clock: Arc<StandingClock>,
    server: Arc<Server>,
    line: Arc<Line>,
    code: String,
    _dirs: [tempfile::TempDir; 2],
}

fn open(clock: &Arc<StandingClock>, seed: u64) -> (Arc<Till>, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let outside = Outside { clock: Arc::clone(clock) as _, entropy: Arc::new(SeededEntropy::new(seed)) };
    (Till::open_with(dir.path(), outside, Workers::Off).expect("it opens"), dir)
}

impl Bar {
    fn new(policy: RedemptionPolicy, manner: Manner) -> Self {
        let clock = Arc::new(StandingClock::at(THAT_NIGHT));
        let mut office = HeadOffice::new(7);
        office.venue.redemption_policy = policy;
        let ((till, dir), (other, beside)) = (open(&clock, 1), open(&clock, 2));
        office.enroll(&till, 1).expect("enrolled");
        let device = office.enroll(&other, 2).expect("enrolled");
        office.introduce(&till, &device).expect("introduced");
        let bartender = office.hire(&[&till], "Benjamín", &[Role::Bartender], "2468").expect("hired");
        till.execute("operator.log_in", json!({ "staff_id": bartender, "pin": "2468" })).expect("signed in");
        let ticket = Ticket {
            kind: TicketKind::Delivery,
            ticket_id: TicketId::new(2, ChainId::from_uuid(Uuid::nil()), 1),
            business_date: till.today().expect("it is some night"),
            valid_days: 1,
            lines: vec![TicketLine { product_number: 1, quantity: 2 }],
        };
        let seller = other.identity().expect("it is enrolled");
        let code = ticket.sign(seller.enrolment.tenant_id, &seller.key).expect("a ticket");
        other.close();
        let known = Known { manner, ticket, is_void: false, uses: Vec::new(), said: HashMap::new(), asked: Vec::new() };
        let server = Arc::new(Server(Mutex::new(known)));
        let (questions, to_answer) = Questions::new(Arc::clone(&clock) as _);
        let peer = Arc::clone(&server);
        // Ends when nobody can ask any more.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.expect("a runtime").block_on(answer(peer, to_answer));
        });
        let line = Arc::new(Line(questions));
        till.ask_of(Arc::clone(&line) as _);
        Self { till, clock, server, line, code, _dirs: [dir, beside] }
    }

    /// Hands over so many; the verdict after, or why not.
    fn redeem(&self, quantity: u8) -> Result<String, CommandError> {
        let lines = json!([{ "line_no": 1, "quantity": quantity }]);
        let view = self.till.execute("ticket.redeem", json!({ "code": self.code, "lines": lines }))?;
        Ok(view["verdict"].as_str().expect("a verdict").to_owned())
    }

    fn refused(&self) -> ErrorCode {
        self.redeem(2).expect_err("it is not handed over").code
    }

    /// What was written down as handed over.
    fn handed_over(&self) -> Vec<TicketRedeemed> {
        let facts = self.till.ledger().read(|connection| {
            // There is no number after the last.
            let facts = (1..).map_while(|event_no| event::load_fact(connection, event_no).ok());
            let facts: Vec<_> = facts.flatten().collect();
            Ok::<_, LedgerError>(facts)
        });
        let redeemed = |fact| if let Fact::TicketRedeemed(redeemed) = fact { Some(redeemed) } else { None };
        facts.expect("the ledger reads").into_iter().filter_map(redeemed).collect()
    }

    fn used(&self, quantity: u8, is_pending: bool) {
        self.server.known().uses = vec![TicketUse {
            redemption_id: RedemptionId::from_uuid(Uuid::from_u128(1)),
            device_id: DeviceId::from_uuid(Uuid::nil()),
            staff_id: None,
            at: Timestamp::from_millis(THAT_NIGHT.as_millis() - 1_000),
            lines: vec![RedeemedLine { line_no: 1, quantity }],
            is_pending,
        }];
    }

    fn asked(&self) -> Vec<RedeemRequest> {
        self.server.known().asked.clone()
    }
}

#[test]
fn a_yes_is_handed_over_under_the_id_that_was_asked_about_also_at_the_last_moment() {
    for millis in [0, 399] {
        let bar = Bar::new(RedemptionPolicy::Refuse, Manner::After(millis));
        assert_eq!(bar.redeem(2).expect("handed over"), "delivered");
        let (handed, asked) = (bar.handed_over(), bar.asked());
        assert_eq!((handed.len(), asked.len()), (1, 1));
        assert_eq!((handed[0].redemption_id, &handed[0].lines), (asked[0].redemption_id, &asked[0].lines));
        assert_eq!(handed[0].unheard, None, "the server said yes");
    }
}

#[test]
fn each_no_has_its_own_verdict_and_nothing_is_written() {
    let bar = |change: &dyn Fn(&Bar)| {
        let bar = Bar::new(RedemptionPolicy::AcceptAll, Manner::After(0));
        change(&bar);
        let code = bar.refused();
        assert_eq!(bar.handed_over(), Vec::new());
        code
    };
    assert_eq!(bar(&|bar| bar.used(2, false)), ErrorCode::TicketDelivered);
    assert_eq!(bar(&|bar| bar.used(1, false)), ErrorCode::TicketTooMany);
    assert_eq!(bar(&|bar| bar.used(2, true)), ErrorCode::TicketInReview);
    assert_eq!(bar(&|bar| bar.server.known().is_void = true), ErrorCode::TicketVoid);
}

/// The venue decides, the event says whose word was missing, and the next customer does not wait for nothing.
#[test]
fn no_answer_in_time_is_no_promise() {
    for manner in [Manner::After(401), Manner::DiesBefore, Manner::DiesAfter] {
        let strict = Bar::new(RedemptionPolicy::Refuse, manner);
        assert_eq!(strict.refused(), ErrorCode::TicketUnheard);
        assert_eq!((strict.handed_over(), strict.asked().len()), (Vec::new(), 1));

        let bar = Bar::new(RedemptionPolicy::AcceptAll, manner);
        assert_eq!(bar.redeem(1).expect("handed over"), "partial");
        let handed = bar.handed_over();
        assert_eq!(handed[0].redemption_id, bar.asked()[0].redemption_id, "the server knows it again");
        assert_eq!(handed[0].unheard.as_ref().map(|unheard| unheard.devices.len()), Some(1));

        bar.server.known().manner = Manner::After(0);
        assert_eq!(bar.redeem(1).expect("handed over"), "delivered");
        assert_eq!(bar.asked().len(), 1, "it is left in peace for a while");
        assert!(bar.handed_over()[1].unheard.is_some());
    }
}

#[test]
fn after_a_while_it_is_asked_again_and_says_the_same_to_the_same_question() {
    let bar = Bar::new(RedemptionPolicy::Refuse, Manner::DiesAfter);
    assert_eq!(bar.refused(), ErrorCode::TicketUnheard);
    bar.clock.pass(4_999);
    bar.server.known().manner = Manner::After(0);
    assert_eq!((bar.refused(), bar.asked().len()), (ErrorCode::TicketUnheard, 1));
    bar.clock.pass(1);
    let first = bar.asked()[0].clone();
    assert_eq!(bar.line.ask(first.clone()), Some(RedeemDecision::Accepted), "the answer that was lost");
    bar.used(2, false);
    assert_eq!(bar.line.ask(first), Some(RedeemDecision::Accepted), "whatever has become of the ticket since");
    assert_eq!(bar.refused(), ErrorCode::TicketDelivered);
    let no = bar.asked().last().expect("a question").clone();
    bar.server.known().uses.clear();
    let said = bar.line.ask(no);
    let is_no = matches!(said, Some(RedeemDecision::Refused { reason: RedeemRefusal::Delivered, .. }));
    assert!(is_no, "also when it was no: {said:?}");
}
