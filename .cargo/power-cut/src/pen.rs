//! A till as far as the server can tell: it writes chains, signs them and pushes. It never forgets what was acknowledged.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail, ensure};
use shared::catalog::Product;
use shared::event::{
    ChainHead, ChainStarted, Fact, Hash, Origin, ParentChain, SaleRecorded, SealedEvent, Seen, Stamp, sign_head,
};
use shared::ids::{CategoryId, ChainId, DeviceId, Entropy as _, ProductId, SaleId};
use shared::keys::SigningKey;
use shared::money::Currency;
use shared::sale::{Quantity, SaleLine, Totals};
use shared::sync::protocol::{EnrollReply, EnrollRequest, PROTO, PushBatch, PushReply, PushRequest, PushResult};
use shared::sync::request::{CREATED_HEADER, DEVICE_HEADER, NONCE_HEADER, RequestToSign, SIGNATURE_HEADER};
use shared::tender::{Payment, Settlement};
use shared::time::Hlc;

use crate::dice::{Dice, DiceEntropy};
use crate::http;
use crate::outside::now;

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// Answered.
    Acked,
    /// The server is gone; nobody knows what it did.
    NoAnswer,
}

/// One device.
pub struct Pen {
    key: SigningKey,
    device: DeviceId,
    origin: Origin,
    entropy: DiceEntropy,
    product: Product,
    head: ChainHead,
    parent: Option<ParentChain>,
    hlc: Hlc,
    receipt_no: u64,
    unsent: VecDeque<SealedEvent>,
    /// What the server acknowledged, in order.
    pub acked: Vec<(ChainId, u64, Hash)>,
    /// Of those, how many sales.
    pub sales_acked: u64,
}

impl Pen {
    /// Enrols with a one-time code.
    pub fn enrol(address: &str, code: &str, dice: Dice) -> Result<Self> {
        let entropy = DiceEntropy::new(dice);
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        let key = SigningKey::from_bytes(&seed);
        let request = EnrollRequest::new(code, &key, "the power-cut harness".to_owned());
        let answer = http::post(address, "/v1/enroll", &[], &serde_json::to_vec(&request)?)?;
        ensure!(answer.status == 200, "enrolment: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        let reply: EnrollReply = serde_json::from_slice(&answer.body)?;
        // As head office writes it; what it does not say has a value that works.
        let product = serde_json::from_value(serde_json::json!({
            "product_id": ProductId::new(now(), &entropy),
            "number": 1,
            "sku": "TRA-001",
            "name": "Piscola",
            "category_id": CategoryId::new(now(), &entropy),
            "price_minor": 5_990,
            "tax_rate_bp": 1_900,
            "barcodes": [],
            "is_ticketed": false,
            "position": 1,
            "is_active": true,
        }))?;
        let origin = Origin { tenant: reply.tenant_id, venue: reply.venue.venue_id, device: reply.device_id };
        let mut pen = Self {
            key,
            device: reply.device_id,
            origin,
            head: ChainHead::start(ChainId::new(now(), &entropy), None),
            entropy,
            product,
            parent: None,
            hlc: Hlc::default(),
            receipt_no: 0,
            unsent: VecDeque::new(),
            acked: Vec::new(),
            sales_acked: 0,
        };
        pen.start_chain();
        Ok(pen)
    }

    fn write(&mut self, fact: &Fact) {
        self.hlc = self.hlc.tick(now());
        let stamp =
            Stamp { hlc: self.hlc, up_ms: 0, actor: None, approver: None, session: None, seen: Seen::default() };
        let event = self.head.seal(&self.origin, &stamp, fact);
        self.head = event.head();
        self.unsent.push_back(event);
    }

    fn start_chain(&mut self) {
        let started = ChainStarted {
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            parent: self.parent,
            ..ChainStarted::default()
        };
        self.write(&Fact::ChainStarted(started));
    }

    /// Sells so many times; now and then the till was started anew before.
    pub fn sell(&mut self, times: u64, dice: &mut Dice) -> Result<()> {
        if self.head.seq > 0 && dice.percent(2) {
            let ChainHead { chain, seq, hash } = self.head;
            self.parent = Some(ParentChain { chain, seq, hash });
            self.head = ChainHead::start(ChainId::new(now(), &self.entropy), Some(hash));
            self.start_chain();
        }
        for _ in 0..times {
            self.receipt_no += 1;
            let lines = vec![SaleLine::of(1, &self.product, Quantity::from_whole(1)).context("it fits")?];
            let totals = Totals::of(&lines).context("it fits")?;
            let amount_minor = totals.total_minor;
            let cash = Payment::Cash { amount_minor, tendered_minor: amount_minor, change_minor: 0, rounding_minor: 0 };
            self.write(&Fact::SaleCompleted(SaleRecorded {
                sale_id: SaleId::new(now(), &self.entropy),
                receipt_no: self.receipt_no,
                business_date: "2026-11-21".parse().context("a date")?,
                completed_at: now(),
                currency: Currency::Clp,
                lines,
                totals,
                settlement: Settlement { payments: vec![cash], change_minor: 0, rounding_minor: 0 },
                tickets: Vec::new(),
            }));
        }
        Ok(())
    }

    /// Pushes up to `most` events, oldest first.
    ///
    /// Errors: the server answered what it must not: it lost something, or holds something else.
    pub fn push(&mut self, address: &str, most: usize) -> Result<Pushed> {
        let Some(first) = self.unsent.front() else { return Ok(Pushed::Acked) };
        let chain = first.chain;
        let events: Vec<_> = self.unsent.iter().take(most).take_while(|event| event.chain == chain).cloned().collect();
        let last = events.last().context("there is one")?;
        let batch = PushBatch {
            chain,
            first_seq: first.seq,
            prev_hash: first.prev,
            events: events.iter().map(|event| event.rest().to_owned()).collect(),
            head_signature: sign_head(&last.head(), &self.key),
        };
        let unsent_events = (self.unsent.len() - events.len()) as u64;
        let request = PushRequest { proto: PROTO, log_id: None, batches: vec![batch], unsent_events };
        let body = zstd::encode_all(serde_json::to_vec(&request)?.as_slice(), 1)?;
        let Ok(answer) = self.post(address, "/v1/push", &body) else { return Ok(Pushed::NoAnswer) };
        ensure!(answer.status == 200, "push: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        let reply: PushReply = serde_json::from_slice(&answer.body)?;
        match reply.results.first().context("one result per batch")? {
            PushResult::Ok { matched_seq, matched_hash, .. } => {
                ensure!((*matched_seq, *matched_hash) == (last.seq, last.hash), "acknowledged is not what was sent");
                for event in self.unsent.drain(..events.len()) {
                    self.sales_acked += u64::from(event.seq > 1);
                    self.acked.push((event.chain, event.seq, event.hash));
                }
                Ok(Pushed::Acked)
            }
            PushResult::Gap { have_seq, .. } => {
                bail!("the server lost events: it acknowledged up to {} and now holds {have_seq}", first.seq - 1)
            }
            PushResult::Fork { verified_through, .. } => {
                bail!("the server holds other events after {verified_through}")
            }
        }
    }

    fn post(&self, address: &str, path: &str, body: &[u8]) -> Result<http::Answer> {
        let mut nonce = [0; 16];
        self.entropy.fill(&mut nonce);
        let nonce = data_encoding::HEXLOWER.encode(&nonce);
        let (created, device) = (now(), self.device);
        let to_sign = RequestToSign { method: "POST", path_and_query: path, body, created, nonce: &nonce, device };
        let headers = [
            (SIGNATURE_HEADER, to_sign.sign(&self.key).to_string()),
            (DEVICE_HEADER, device.to_string()),
            (CREATED_HEADER, created.as_millis().to_string()),
            (NONCE_HEADER, nonce.clone()),
            ("content-encoding", "zstd".to_owned()),
        ];
        http::post(address, path, &headers, body)
    }
}
