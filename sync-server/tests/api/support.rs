//! One server, two companies, tills that write and sign as real ones do.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use shared::catalog::{Category, Product};
use shared::event::{
    ChainHead, ChainStarted, Fact, IssuedTicket, Origin, RedemptionUndone, RegisterOpened, SaleRecorded, SealedEvent,
    Seen, Stamp, TicketRedeemed, TicketVoided, sign_head,
};
use shared::ids::{
    CategoryId, ChainId, DeviceId, Entropy, ProductId, RedemptionId, RegisterId, SaleId, SessionId, StaffId, TenantId,
    VenueId,
};
use shared::keys::SigningKey;
use shared::merge::Marks;
use shared::money::{CashRounding, Currency, Tie};
use shared::register::CashCount;
use shared::sale::{Quantity, SaleLine, Totals};
use shared::staff::{Role, StaffMember};
use shared::sync::protocol::{
    EnrollReply, EnrollRequest, Hello, HelloReply, PROTO, PushBatch, PushReply, PushRequest, PushResult,
};
use shared::sync::request::{CREATED_HEADER, DEVICE_HEADER, NONCE_HEADER, RequestToSign, SIGNATURE_HEADER};
use shared::tax::RateBp;
use shared::tender::{Payment, Settlement};
use shared::ticket::{DisplayCode, RedeemedLine, Ticket, TicketId, TicketKind, TicketLine};
use shared::time::{BusinessDate, Clock, Hlc, Timestamp};
use shared::venue::{PaperTemplate, RedemptionPolicy, Register, Venue};
use sync_server::app::{admin, enroll};
use sync_server::store::{AdminRole, Store, Tenant, TenantTx};
use sync_server::{App, Outside, RunningServer, StartError};

pub(crate) use super::home::{BACKEND, Backend, Home, block_on};

/// A Saturday night in Valdivia, 2026-11-21 23:30 there.
pub(crate) const NIGHT: i64 = 1_795_314_600_000;
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Stands where it is put.
pub(crate) struct FixedClock(AtomicI64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn up_ms(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::SeqCst) - NIGHT).unwrap_or(0)
    }
}

/// The same bytes in the same order, every run.
pub(crate) struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&n.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

pub(crate) struct Company {
    pub(crate) tenant_id: TenantId,
    pub(crate) venue_id: VenueId,
    pub(crate) registers: Vec<RegisterId>,
    pub(crate) codes: Vec<String>,
    pub(crate) product: Product,
}

pub(crate) struct TestServer {
    /// First, so that it has stopped before what it writes to is taken away.
    server: Option<RunningServer>,
    pub(crate) home: Home,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) outside: Outside,
    /// Asked instead: another server, or what stands before several.
    pub(crate) before: Mutex<Option<String>>,
    pub(crate) http: Client,
    pub(crate) company: Company,
    pub(crate) other: Company,
}

async fn company(store: &Store, name: &str, outside: &Outside) -> Company {
    let (now, entropy) = (outside.now(), &*outside.entropy);
    let tenant = store.create_tenant(name, name, now, entropy).await.expect("a tenant");
    let mut tx = tenant.write().await.expect("a transaction");
    let venue = Venue {
        venue_id: VenueId::new(now, entropy),
        name: "Club Valdivia".to_owned(),
        tax_id: "76.543.210-3".to_owned(),
        address: "Avenida Costanera 1250, Valdivia".to_owned(),
        currency: Currency::Clp,
        time_zone: "America/Santiago".to_owned(),
        cut_over_minutes: 480,
        cash_rounding: CashRounding { unit_minor: 10, tie: Tie::Down, keeps_nonzero: false },
        ticket_valid_days: 1,
        redemption_policy: RedemptionPolicy::default(),
        paper: PaperTemplate::default(),
    };
    tx.put_venue(&venue, now).await.expect("a venue");
    let category_id = CategoryId::new(now, entropy);
    let category = Category { category_id, name: "Tragos".to_owned(), tint: 1, position: 1, is_active: true };
    tx.put_category(&category, now).await.expect("a category");
    let product = Product {
        product_id: ProductId::new(now, entropy),
        number: 1,
        sku: "TRA-001".to_owned(),
        name: "Piscola".to_owned(),
        category_id,
        price_minor: 5_990,
        tax_rate_bp: RateBp(1_900),
        barcodes: vec!["04006381333931".to_owned()],
        is_ticketed: true,
        position: 1,
        is_active: true,
        tags: Vec::new(),
        marks: Marks::default(),
    };
    tx.put_product(&product, now).await.expect("a product");
    let (mut registers, mut codes) = (Vec::new(), Vec::new());
    for (code, name) in [("BMB", "Mesón"), ("BTZ", "Terraza")] {
        let register_id = RegisterId::new(now, entropy);
        let register = Register { register_id, venue_id: venue.venue_id, code: code.to_owned(), name: name.to_owned() };
        tx.put_register(&register, now).await.expect("a register");
        let added = enroll::add_till(store, &tenant, &mut tx, (register_id, name), outside).await;
        codes.push(added.expect("a till").1);
        registers.push(register_id);
    }
    tx.commit().await.expect("a commit");
    let who = format!("{name}-admin");
    let made = admin::put_admin(store, tenant.tenant_id, (&who, PASSWORD, AdminRole::Admin), outside).await;
    made.expect("an administrator");
    Company { tenant_id: tenant.tenant_id, venue_id: venue.venue_id, registers, codes, product }
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::start_on(BACKEND)
    }

    pub(crate) fn start_on(backend: Backend) -> Self {
        let home = Home::new(backend);
        let clock = Arc::new(FixedClock(AtomicI64::new(NIGHT)));
        let outside = Outside { clock: clock.clone(), entropy: Arc::new(Seeded(AtomicU64::new(0))) };
        let (company, other) = block_on(async {
            let store = home.open().await;
            let companies = (company(&store, "valdivia", &outside).await, company(&store, "osorno", &outside).await);
            store.close().await;
            companies
        });
        // Another test of this program may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build().expect("a client");
        let mut server = Self { server: None, home, clock, outside, before: Mutex::new(None), http, company, other };
        server.server = Some(server.run());
        server
    }

    fn run(&self) -> RunningServer {
        App::start(self.home.config(), self.outside.clone()).expect("the server starts")
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.server = Some(self.run());
    }

    pub(crate) fn stop(&mut self) {
        self.server.take().expect("it runs").stop();
    }

    /// Starts again on what is there, or says why not.
    pub(crate) fn try_start(&mut self) -> Result<(), StartError> {
        self.server = Some(App::start(self.home.config(), self.outside.clone())?);
        Ok(())
    }

    /// With everything it keeps, past the API.
    pub(crate) fn with_store<T>(&self, with: impl AsyncFnOnce(&Store) -> T) -> T {
        block_on(async {
            let store = self.home.open().await;
            let answer = with(&store).await;
            store.close().await;
            answer
        })
    }

    pub(crate) fn advance(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let before = self.before.lock().expect("an address").clone();
        format!("{}{path}", before.unwrap_or_else(|| self.server.as_ref().expect("it runs").url()))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().expect("an answer")
    }

    pub(crate) fn sign_in(&self, name: &str, password: &str) -> Response {
        let body = json!({ "name": name, "password": password });
        self.request(Method::POST, "/v1/admin/session").json(&body).send().expect("an answer")
    }

    pub(crate) fn admin(&self) -> Head<'_> {
        self.head("valdivia-admin")
    }

    pub(crate) fn head(&self, name: &str) -> Head<'_> {
        let answer: Value = self.sign_in(name, PASSWORD).json().expect("a session");
        let token = answer["token"].as_str().expect("a token").to_owned();
        Head { server: self, token }
    }

    /// Adds someone to the first company's head office.
    pub(crate) fn add_admin(&self, name: &str, role: AdminRole) {
        block_on(async {
            let store = self.home.open().await;
            let made = admin::put_admin(&store, self.company.tenant_id, (name, PASSWORD, role), &self.outside).await;
            made.expect("an administrator");
            store.close().await;
        });
    }

    /// Asks the store itself, past the API.
    pub(crate) fn ask<T>(&self, question: impl AsyncFnOnce(&mut TenantTx) -> T) -> T {
        self.with_tenant(async |tenant| {
            let mut tx = tenant.read().await.expect("a transaction");
            question(&mut tx).await
        })
    }

    /// Takes somebody on.
    pub(crate) fn hire(&self, name: &str, roles: &[Role]) -> StaffId {
        let staff_id = StaffId::new(self.outside.now(), &*self.outside.entropy);
        let (name, roles, pin_verifier) = (name.to_owned(), roles.to_vec(), String::new());
        let member = StaffMember { staff_id, name, roles, pin_verifier, is_active: true };
        self.change(async |tx| tx.put_staff(&member, self.outside.now()).await.expect("hired"));
        staff_id
    }

    /// Changes the store itself, as another process would.
    pub(crate) fn change(&self, change: impl AsyncFnOnce(&mut TenantTx)) {
        self.with_tenant(async |tenant| {
            let mut tx = tenant.write().await.expect("a transaction");
            change(&mut tx).await;
            tx.commit().await.expect("a commit");
        });
    }

    /// With the first company, past the API.
    pub(crate) fn with_tenant<T>(&self, with: impl AsyncFnOnce(&Tenant) -> T) -> T {
        self.with_store(async |store| {
            let tenant = store.load_tenant(self.company.tenant_id).await.expect("the tenant");
            with(&tenant).await
        })
    }

    pub(crate) fn till(&self, place: usize) -> TestTill<'_> {
        TestTill::enrol(self, &self.company, place)
    }
}

/// Someone signed in at head office.
pub(crate) struct Head<'a> {
    server: &'a TestServer,
    pub(crate) token: String,
}

impl Head<'_> {
    pub(crate) fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let request = self.server.request(method, path).bearer_auth(&self.token);
        let request = if let Some(body) = body { request.json(body) } else { request };
        request.send().expect("an answer")
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None);
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().expect("JSON")
    }
}

/// A till that writes a chain and signs what it sends.
pub(crate) struct TestTill<'a> {
    pub(crate) server: &'a TestServer,
    pub(crate) key: SigningKey,
    pub(crate) reply: EnrollReply,
    pub(crate) product: Product,
    pub(crate) head: ChainHead,
    pub(crate) session: SessionId,
    pub(crate) staff: StaffId,
    /// Who allows what is written next.
    pub(crate) approver: Option<StaffId>,
    /// What it had followed of the catalogue and of its venue.
    pub(crate) seen: Seen,
    serial: u32,
    hlc: Hlc,
}

/// What a signed request is made of; tests change one part.
pub(crate) struct Signed {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    pub(crate) created: Timestamp,
    pub(crate) nonce: String,
    pub(crate) device: DeviceId,
}

impl<'a> TestTill<'a> {
    pub(crate) fn enrol(server: &'a TestServer, company: &Company, place: usize) -> Self {
        let mut seed = [0; 32];
        server.outside.entropy.fill(&mut seed);
        let key = SigningKey::from_bytes(&seed);
        let request = EnrollRequest::new(&company.codes[place], &key, "a test".to_owned());
        let answer = server.request(Method::POST, "/v1/enroll").json(&request).send().expect("an answer");
        assert_eq!(answer.status(), 200);
        let reply: EnrollReply = answer.json().expect("an identity");
        let (now, entropy) = (server.outside.now(), &*server.outside.entropy);
        Self {
            server,
            key,
            reply,
            product: company.product.clone(),
            head: ChainHead::start(ChainId::new(now, entropy), None),
            session: SessionId::new(now, entropy),
            staff: StaffId::new(now, entropy),
            approver: None,
            seen: Seen::default(),
            serial: 0,
            hlc: Hlc::default(),
        }
    }

    /// A till that was enrolled before, and its chain as far as it wrote it.
    pub(crate) fn back(server: &'a TestServer, key: SigningKey, reply: EnrollReply, head: ChainHead) -> Self {
        let (now, entropy) = (server.outside.now(), &*server.outside.entropy);
        Self {
            server,
            key,
            reply,
            product: server.company.product.clone(),
            head,
            session: SessionId::new(now, entropy),
            staff: StaffId::new(now, entropy),
            approver: None,
            seen: Seen::default(),
            serial: u32::try_from(head.seq).expect("short"),
            hlc: Hlc::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.server.outside.now()
    }

    pub(crate) fn origin(&self) -> Origin {
        let (tenant, venue) = (self.reply.tenant_id, self.reply.venue.venue_id);
        Origin { tenant, venue, device: self.reply.device_id }
    }

    pub(crate) fn write(&mut self, fact: &Fact) -> SealedEvent {
        self.hlc = self.hlc.tick(self.now());
        let (actor, session) = (Some(self.staff), Some(self.session));
        let stamp = Stamp { hlc: self.hlc, up_ms: 0, actor, approver: self.approver, session, seen: self.seen };
        let event = self.head.seal(&self.origin(), &stamp, fact);
        self.head = event.head();
        event
    }

    pub(crate) fn started(&mut self) -> SealedEvent {
        let started = ChainStarted { app_version: "0.1.0".to_owned(), parent: None, ..ChainStarted::default() };
        self.write(&Fact::ChainStarted(started))
    }

    pub(crate) fn opened(&mut self) -> SealedEvent {
        self.write(&Fact::RegisterOpened(RegisterOpened {
            session_id: self.session,
            register_id: self.reply.register.register_id,
            business_date: date(),
            opened_by: self.staff,
            opened_at: self.now(),
            currency: Currency::Clp,
            float: CashCount::default(),
        }))
    }

    /// Sells so many piscolas for cash, on one ticket.
    pub(crate) fn sale(&mut self, pieces: u8) -> (SealedEvent, SaleRecorded) {
        let entropy = &*self.server.outside.entropy;
        let line = SaleLine::of(1, &self.product, Quantity::from_whole(pieces.into())).expect("it fits");
        let lines = vec![line];
        let totals = Totals::of(&lines).expect("it fits");
        let amount_minor = totals.total_minor;
        self.serial += 1;
        let ticket_id = TicketId::new(self.reply.device_no, self.head.chain, self.serial);
        let ticket = Ticket {
            kind: TicketKind::Delivery,
            ticket_id,
            business_date: date(),
            valid_days: 1,
            lines: vec![TicketLine { product_number: self.product.number, quantity: pieces }],
        };
        let sale = SaleRecorded {
            sale_id: SaleId::new(self.now(), entropy),
            receipt_no: u64::from(self.serial),
            business_date: date(),
            completed_at: self.now(),
            currency: Currency::Clp,
            lines,
            totals,
            settlement: Settlement {
                payments: vec![Payment::Cash {
                    amount_minor,
                    tendered_minor: amount_minor,
                    change_minor: 0,
                    rounding_minor: 0,
                }],
                change_minor: 0,
                rounding_minor: 0,
            },
            tickets: vec![IssuedTicket {
                ticket_id,
                display_code: DisplayCode::new(&self.reply.register.code, ticket_id).to_string(),
                code: ticket.sign(self.reply.tenant_id, &self.key).expect("a ticket"),
            }],
        };
        (self.write(&Fact::SaleCompleted(sale.clone())), sale)
    }

    pub(crate) fn redeemed(&mut self, ticket: &IssuedTicket, quantity: u8) -> SealedEvent {
        let redemption_id = RedemptionId::new(self.now(), &*self.server.outside.entropy);
        self.redeemed_as(redemption_id, ticket, quantity)
    }

    pub(crate) fn redeemed_as(
        &mut self,
        redemption_id: RedemptionId,
        ticket: &IssuedTicket,
        quantity: u8,
    ) -> SealedEvent {
        self.write(&Fact::TicketRedeemed(TicketRedeemed {
            redemption_id,
            ticket_id: ticket.ticket_id,
            business_date: date(),
            redeemed_at: self.now(),
            lines: vec![RedeemedLine { line_no: 1, quantity }],
            code: ticket.code.clone(),
            unheard: None,
        }))
    }

    pub(crate) fn undone(&mut self, redemption_id: RedemptionId, ticket: &IssuedTicket, is_own: bool) -> SealedEvent {
        let (ticket_id, undone_at) = (ticket.ticket_id, self.now());
        self.write(&Fact::RedemptionUndone(RedemptionUndone { redemption_id, ticket_id, undone_at, is_own }))
    }

    pub(crate) fn voided(&mut self, ticket: &IssuedTicket) -> SealedEvent {
        let (ticket_id, voided_at, code) = (ticket.ticket_id, self.now(), ticket.code.clone());
        self.write(&Fact::TicketVoided(TicketVoided { ticket_id, voided_at, reason: "Devuelto".to_owned(), code }))
    }

    pub(crate) fn batch(&self, events: &[SealedEvent]) -> PushBatch {
        let (first, last) = (events.first().expect("events"), events.last().expect("events"));
        PushBatch {
            chain: first.chain,
            first_seq: first.seq,
            prev_hash: first.prev,
            events: events.iter().map(|event| event.rest().to_owned()).collect(),
            head_signature: sign_head(&last.head(), &self.key),
        }
    }

    pub(crate) fn signed(&self, method: Method, path: &str, body: Vec<u8>) -> Signed {
        let mut nonce = [0; 16];
        self.server.outside.entropy.fill(&mut nonce);
        let nonce = data_encoding::HEXLOWER.encode(&nonce);
        Signed { method, path: path.to_owned(), body, created: self.now(), nonce, device: self.reply.device_id }
    }

    pub(crate) fn send(&self, signed: &Signed) -> Response {
        self.send_as(signed, signed)
    }

    /// Signs one request and sends another.
    pub(crate) fn send_as(&self, signed: &Signed, sent: &Signed) -> Response {
        self.try_to_send(signed, sent).expect("an answer")
    }

    /// The same on a line that may break.
    pub(crate) fn try_to_send(&self, signed: &Signed, sent: &Signed) -> reqwest::Result<Response> {
        let signature = RequestToSign {
            method: signed.method.as_str(),
            path_and_query: &signed.path,
            body: &signed.body,
            created: signed.created,
            nonce: &signed.nonce,
            device: signed.device,
        }
        .sign(&self.key);
        self.server
            .request(sent.method.clone(), &sent.path)
            .header(DEVICE_HEADER, sent.device.to_string())
            .header(CREATED_HEADER, sent.created.as_millis())
            .header(NONCE_HEADER, &sent.nonce)
            .header(SIGNATURE_HEADER, signature.to_string())
            .header("content-type", "application/json")
            .header("content-encoding", "zstd")
            .body(sent.body.clone())
            .send()
    }

    pub(crate) fn request_of(batches: Vec<PushBatch>) -> PushRequest {
        PushRequest { proto: PROTO, log_id: None, batches, unsent_events: 0 }
    }

    pub(crate) fn post(&self, request: &PushRequest) -> Response {
        self.try_to_post(request).expect("an answer")
    }

    pub(crate) fn try_to_post(&self, request: &PushRequest) -> reqwest::Result<Response> {
        let plain = serde_json::to_vec(request).expect("JSON");
        let body = zstd::encode_all(plain.as_slice(), 1).expect("zstd");
        let signed = self.signed(Method::POST, "/v1/push", body);
        self.try_to_send(&signed, &signed)
    }

    pub(crate) fn push(&self, events: &[SealedEvent]) -> PushResult {
        let answer = self.post(&Self::request_of(vec![self.batch(events)]));
        assert_eq!(answer.status(), 200);
        let mut reply: PushReply = answer.json().expect("an answer");
        reply.results.remove(0)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(&self.signed(Method::GET, path, Vec::new()))
    }

    /// What a till says that holds its present chain alone and has pulled nothing.
    pub(crate) fn hello(&self) -> Hello {
        let app_version = "0.1.0".to_owned();
        Hello { proto: PROTO, log_id: None, app_version, chains: vec![self.head], cursors: Vec::new() }
    }

    pub(crate) fn say(&self, hello: &Hello) -> Response {
        let body = serde_json::to_vec(hello).expect("JSON");
        self.send(&self.signed(Method::POST, "/v1/hello", body))
    }

    pub(crate) fn greet(&self, hello: &Hello) -> HelloReply {
        let answer = self.say(hello);
        assert_eq!(answer.status(), 200);
        answer.json().expect("an answer")
    }

    pub(crate) fn pull(&self, query: &str) -> Response {
        self.send(&self.signed(Method::GET, &format!("/v1/pull?{query}"), Vec::new()))
    }
}

pub(crate) fn date() -> BusinessDate {
    "2026-11-21".parse().expect("a date")
}

/// The problem an answer is.
pub(crate) fn problem(answer: Response, status: u16, code: &str) -> Value {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let seen = answer.status();
    let problem: Value = answer.json().expect("a problem");
    assert_eq!((seen.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
    assert_eq!(problem["status"], status);
    assert!(problem["server_time"].is_i64());
    problem
}

pub(crate) fn ok(result: &PushResult) -> (u64, Vec<String>) {
    match result {
        PushResult::Ok { matched_seq, notes, .. } => {
            (*matched_seq, notes.iter().map(|note| note.code.clone()).collect())
        }
        other => panic!("expected ok, got {other:?}"),
    }
}
