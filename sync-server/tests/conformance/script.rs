use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};
use shared::event::{ChainHead, ChainStarted, Fact, Hash, ParentChain, SealedEvent, TicketShownAgain};
use shared::ids::{ChainId, SaleId};
use shared::sync::protocol::{Hello, PullReply, StreamCursor};
use shared::sync::stream::Cursor;
use sync_server::store::AdminRole;

use super::home::Backend;
use super::support::{Head, TestServer, TestTill};

/// Everything that was answered, in order.
#[derive(Default)]
struct Transcript(Vec<String>);

impl Transcript {
    fn note(&mut self, what: &str, answer: Response) -> Value {
        let status = answer.status();
        let text = answer.text().expect("text");
        self.0.push(format!("{what}: {status} {text}"));
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn push(&mut self, what: &str, till: &TestTill<'_>, events: &[SealedEvent]) {
        let request = TestTill::request_of(vec![till.batch(events)]);
        self.note(what, till.post(&request));
    }

    fn ask(&mut self, head: &Head<'_>, method: Method, path: &str, body: Option<&Value>) -> Value {
        let what = format!("{method} {path}");
        self.note(&what, head.send(method, path, body))
    }
}

/// A night with everything that can go wrong in it.
pub(super) fn play(server: &TestServer) -> Vec<String> {
    let mut told = Transcript::default();
    enrol_wrongly(&mut told, server);
    let (mut seller, mut bar) = (server.till(0), server.till(1));
    let mut stranger = TestTill::enrol(server, &server.other, 0);
    sell(&mut told, server, &mut seller);
    fork(&mut told, &mut seller);
    strange(&mut told, server, &mut seller);
    redeem(&mut told, &mut seller, &mut bar);
    intrude(&mut told, server, &mut stranger, &seller);
    administer(&mut told, server, &seller);
    settle(&mut told, server);
    look(&mut told, server);
    follow(&mut told, server, &seller, &stranger);
    withdraw(&mut told, server, &mut bar);
    told.0
}

fn enrol_wrongly(told: &mut Transcript, server: &TestServer) {
    for code in ["", "AAAAAAAAAA", "ABCD\u{0}EFGHI", &format!("{}AAAAAA", &server.company.codes[0][..4])] {
        let body = json!({ "code": code, "public_key": "x", "proof": "y", "description": "" });
        told.note("enrol", server.request(Method::POST, "/v1/enroll").json(&body).send().expect("an answer"));
    }
}

fn sell(told: &mut Transcript, server: &TestServer, till: &mut TestTill<'_>) {
    let begin = [till.started(), till.opened()];
    told.push("begin", till, &begin);
    told.push("again", till, &begin);
    let sales: Vec<_> = (1..=6).map(|pieces| till.sale(pieces).0).collect();
    told.push("gap", till, &sales[2..]);
    server.advance(61_000);
    told.push("sales", till, &sales[..3]);
    told.push("overlap", till, &sales[1..]);
    let mut stray = till.batch(&sales[5..]);
    stray.prev_hash = Hash::from_bytes([7; 32]);
    told.note("stray", till.post(&TestTill::request_of(vec![stray])));
    let later: Vec<_> = (1..=3).map(|pieces| till.sale(pieces).0).collect();
    let mut changed = till.batch(&later);
    changed.events[1] = changed.events[1].replace("5990", "5991");
    told.note("changed", till.post(&TestTill::request_of(vec![changed])));
    let batches = later.chunks(1).map(|chunk| till.batch(chunk)).collect();
    told.note("three batches", till.post(&TestTill::request_of(batches)));
    for body in [b"".to_vec(), b"nonsense".to_vec(), zstd::encode_all(&b"{}"[..], 1).expect("zstd")] {
        told.note("no push", till.send(&till.signed(Method::POST, "/v1/push", body)));
    }
}

fn fork(told: &mut Transcript, till: &mut TestTill<'_>) {
    let at = till.head;
    let ours = [till.sale(1).0, till.sale(2).0];
    let our_head = till.head;
    till.head = at;
    let theirs = [till.sale(3).0, till.sale(4).0, till.sale(5).0];
    let inner = theirs[0].head();
    told.push("stem", till, &ours);
    told.push("fork", till, &theirs[..2]);
    told.push("fork again", till, &theirs[..2]);
    told.push("fork on", till, &theirs[2..]);
    till.head = inner;
    let third = [till.sale(6).0];
    told.push("fork of a fork", till, &third);
    till.head = our_head;
    let more = [till.sale(7).0];
    told.push("on", till, &more);
}

fn strange(told: &mut Transcript, server: &TestServer, till: &mut TestTill<'_>) {
    let new_chain = || ChainId::new(server.outside.now(), &*server.outside.entropy);
    let parent = till.head;
    for _ in 0..2 {
        till.head = ChainHead::start(new_chain(), Some(parent.hash));
        let parent = Some(ParentChain { chain: parent.chain, seq: parent.seq, hash: parent.hash });
        let started = ChainStarted { app_version: "0.1.0".to_owned(), parent, ..ChainStarted::default() };
        let event = till.write(&Fact::ChainStarted(started));
        told.push("a copied disk", till, &[event]);
    }

    till.head = ChainHead::start(new_chain(), None);
    let begin = till.started();
    let origin = till.origin();
    let body = |kind: &str, schema: u16, payload: &str| {
        format!(
            r#""hlc":1,"up_ms":0,"type":"{kind}","schema":{schema},"actor":null,"session":null,"seen":[0,0],"payload":{payload}}}"#
        )
    };
    let future = begin.head().follow(&origin, &body("wallet.charged", 3, "{}"));
    let wrong = future.head().follow(&origin, &body("sale.completed", 1, r#"{"sale_id":7}"#));
    let garbage = wrong.head().follow(&origin, "this is no \u{0} envelope");
    let nul = garbage.head().follow(&origin, &body("a\\u0000b", 1, "{}"));
    let other = nul.head().follow(&origin, &format!(r#""tenant":"{}",{}"#, server.other.tenant_id, body("x", 1, "{}")));
    told.push("kept aside", till, &[begin, future, wrong, garbage, nul, other]);

    till.head = ChainHead::start(new_chain(), None);
    let new_sale = || SaleId::new(server.outside.now(), &*server.outside.entropy);
    let begin = [till.started(), till.opened()];
    let (event, mut sale) = till.sale(1);
    let again = till.write(&Fact::SaleCompleted(sale.clone()));
    sale.sale_id = new_sale();
    "NUL \u{0} ñ 'quoted' \\".clone_into(&mut sale.lines[0].name);
    let odd = till.write(&Fact::SaleCompleted(sale.clone()));
    sale.sale_id = new_sale();
    sale.totals.total_minor += 1;
    let wrong = till.write(&Fact::SaleCompleted(sale.clone()));
    sale.sale_id = new_sale();
    sale.totals.total_minor = i64::MAX;
    let absurd = till.write(&Fact::SaleCompleted(sale));
    let fine = till.sale(1).0;
    let [begin, opened] = begin;
    told.push("strange sales", till, &[begin, opened, event, again, odd, wrong, absurd, fine]);
}

fn redeem(told: &mut Transcript, seller: &mut TestTill<'_>, bar: &mut TestTill<'_>) {
    let begin = [bar.started(), bar.opened()];
    told.push("the bar", bar, &begin);
    let (event, sale) = seller.sale(2);
    told.push("sold", seller, &[event]);
    let first = bar.redeemed(&sale.tickets[0], 1);
    told.push("handed over", bar, &[first]);
    let too_much = seller.redeemed(&sale.tickets[0], 2);
    told.push("handed over twice", seller, &[too_much]);
    let (event, sale) = seller.sale(1);
    let ticket = &sale.tickets[0];
    let withdrawn = seller.voided(ticket);
    told.push("withdrawn", seller, &[event, withdrawn]);
    seller.server.advance(1_000);
    let (ticket_id, shown_at) = (ticket.ticket_id, seller.server.outside.now());
    let shown = Fact::TicketShownAgain(TicketShownAgain { ticket_id, times: 3, shown_at, code: ticket.code.clone() });
    let events = [bar.redeemed(ticket, 1), bar.write(&shown)];
    told.push("and handed over, and shown again", bar, &events);
}

fn intrude(told: &mut Transcript, server: &TestServer, stranger: &mut TestTill<'_>, ours: &TestTill<'_>) {
    let own = [stranger.started(), stranger.opened(), stranger.sale(9).0];
    told.push("another company", stranger, &own);
    let at = std::mem::replace(&mut stranger.head, ours.head);
    let event = stranger.sale(1).0;
    told.push("another's chain", stranger, &[event]);
    stranger.head = at;
    let body = json!({ "name": "osorno-admin", "password": "wrong" });
    for _ in 0..6 {
        told.note("sign in", server.request(Method::POST, "/v1/admin/session").json(&body).send().expect("an answer"));
    }
    for name in ["\u{0}", "nobody", "' OR 1=1 --"] {
        told.note("sign in", server.sign_in(name, "x"));
    }
}

fn administer(told: &mut Transcript, server: &TestServer, till: &TestTill<'_>) {
    server.add_admin("auditor", AdminRole::Auditor);
    let (head, auditor) = (server.admin(), server.head("auditor"));
    let category = server.company.product.category_id;
    let product = |sku: &str, code: Option<&str>| {
        let barcodes: Vec<_> = code.into_iter().collect();
        json!({ "sku": sku, "name": format!("El {sku}"), "category_id": category, "price_minor": 4490,
            "tax_rate_bp": 1900, "barcodes": barcodes, "is_ticketed": true })
    };
    told.ask(&auditor, Method::POST, "/v1/admin/products", Some(&product("A", None)));
    for sku in ["CER-001", "CER-002", "cer-001", "ÑAN-001"] {
        told.ask(&head, Method::POST, "/v1/admin/products", Some(&product(sku, None)));
    }
    let coded = product("CER-003", Some("7801230000012"));
    let coded = told.ask(&head, Method::POST, "/v1/admin/products", Some(&coded));
    for (sku, code) in [("CER-001", None), ("CER-004", Some("7801230000012")), ("CER-005", Some("4006381333931"))] {
        told.ask(&head, Method::POST, "/v1/admin/products", Some(&product(sku, code)));
    }
    let mut dangling = product("CER-006", None);
    dangling["category_id"] = json!(server.other.product.category_id);
    told.ask(&head, Method::POST, "/v1/admin/products", Some(&dangling));
    let path = format!("/v1/admin/products/{}", coded["product_id"].as_str().expect("an id"));
    let mut dearer = product("CER-003", None);
    (dearer["price_minor"], dearer["is_active"]) = (json!(5_190), json!(false));
    told.ask(&head, Method::PUT, &path, Some(&dearer));
    told.ask(&head, Method::PUT, &path, Some(&product("CER-002", None)));
    let person = json!({ "name": "Camila R.", "roles": ["cashier"], "pin": "2580" });
    let person = told.ask(&head, Method::POST, "/v1/admin/staff", Some(&person));
    let path = format!("/v1/admin/staff/{}", person["staff_id"].as_str().expect("an id"));
    let leaves = json!({ "name": "Camila R.", "roles": ["cashier"], "is_active": false });
    told.ask(&head, Method::PUT, &path, Some(&leaves));
    let group = json!({ "name": "Vinos", "tint": 3, "position": 2 });
    told.ask(&head, Method::POST, "/v1/admin/categories", Some(&group));
    let venue = json!({ "name": "Sur", "tax_id": "1-9", "address": "Calle 1", "currency": "CLP",
        "time_zone": "America/Santiago", "cut_over_minutes": 360, "ticket_valid_days": 1 });
    told.ask(&head, Method::POST, "/v1/admin/venues", Some(&venue));
    for (code, venue) in
        [("BVP", server.company.venue_id), ("BMB", server.company.venue_id), ("BXX", server.other.venue_id)]
    {
        let register = json!({ "code": code, "name": "VIP", "venue_id": venue });
        told.ask(&head, Method::POST, "/v1/admin/registers", Some(&register));
    }
    let at = json!({ "register_id": server.company.registers[0], "name": "Caja 3" });
    let added = told.ask(&head, Method::POST, "/v1/admin/tills", Some(&at));
    if let Some(id) = added["till"]["device_id"].as_str().or(added["device_id"].as_str()) {
        told.ask(&head, Method::POST, &format!("/v1/admin/tills/{id}/code"), None);
    }
    let renamed = json!({ "name": "La barra" });
    told.ask(&head, Method::PUT, &format!("/v1/admin/tills/{}", till.reply.device_id), Some(&renamed));
}

/// Head office says that something is dealt with.
fn settle(told: &mut Transcript, server: &TestServer) {
    let (head, auditor) = (server.admin(), server.head("auditor"));
    let open = told.ask(&head, Method::GET, "/v1/admin/flags?limit=200", None);
    let flags = open["items"].as_array().expect("flags");
    assert!(flags.len() > 5, "{flags:?}");
    let path = |flag: &Value| format!("/v1/admin/flags/{}/settlement", flag["flag_id"].as_str().expect("an id"));
    let note = json!({ "note": "  Devuelto con la encargada, ñ \u{2764}" });
    told.ask(&auditor, Method::PUT, &path(&flags[0]), Some(&note));
    for flag in [&flags[2], &flags[0], &flags[2]] {
        told.ask(&head, Method::PUT, &path(flag), Some(&note));
        server.advance(1_000);
    }
    for body in [json!({ "note": "" }), json!({ "note": "x".repeat(501) }), json!({ "note": 1 }), json!({})] {
        told.ask(&head, Method::PUT, &path(&flags[1]), Some(&body));
    }
    for id in [
        "",
        "x",
        "0193a5c2-0000-7000-8000-00000000dead.0.1.forked",
        &format!("{}x", flags[1]["flag_id"].as_str().expect("an id")),
    ] {
        told.ask(&head, Method::PUT, &format!("/v1/admin/flags/{id}/settlement"), Some(&note));
    }
    for list in ["", "?settled=true", "?settled=true&limit=1", "?settled=false&limit=2", "?settled=perhaps"] {
        told.ask(&head, Method::GET, &format!("/v1/admin/flags{list}"), None);
    }
}

fn look(told: &mut Transcript, server: &TestServer) {
    let head = server.admin();
    for list in ["products", "staff", "registers", "venues", "categories"] {
        let mut path = format!("/v1/admin/{list}?limit=2");
        for _ in 0..5 {
            let page = told.ask(&head, Method::GET, &path, None);
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/admin/{list}?limit=2&after={next}");
        }
    }
    for night in ["business_date=2026-11-21&", ""] {
        let mut path = format!("/v1/admin/sales?{night}limit=3");
        for _ in 0..9 {
            let page = told.ask(&head, Method::GET, &path, None);
            for sale in page["items"].as_array().into_iter().flatten() {
                let id = sale["sale_id"].as_str().expect("an id");
                told.ask(&head, Method::GET, &format!("/v1/admin/sales/{id}"), None);
            }
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/admin/sales?{night}limit=3&before={next}");
        }
    }
    let mut path = "/v1/admin/incidents?limit=1".to_owned();
    for _ in 0..5 {
        let page = told.ask(&head, Method::GET, &path, None);
        for incident in page["items"].as_array().into_iter().flatten() {
            let id = incident["incident_id"].as_str().expect("a name");
            told.ask(&head, Method::GET, &format!("/v1/admin/incidents/{id}"), None);
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/admin/incidents?limit=1&before={next}");
    }
    for path in [
        "/v1/admin/board",
        "/v1/admin/board?business_date=2026-11-20",
        "/v1/admin/day-totals?business_date=2026-11-21",
        "/v1/admin/tills",
        "/v1/admin/session",
        "/v1/admin/sales?limit=0",
        "/v1/admin/sales/01a20083-0cc0-713e-abf4-8d2eee705d4a",
        "/ready",
    ] {
        told.ask(&head, Method::GET, path, None);
    }
}

fn follow(told: &mut Transcript, server: &TestServer, till: &TestTill<'_>, stranger: &TestTill<'_>) {
    let venue = format!("V:{}", server.company.venue_id);
    let mut cursors = Vec::new();
    for (till, stream) in [(till, "T:cat"), (till, &*venue), (stranger, "T:cat"), (stranger, &*venue), (till, "D:1")] {
        let answer = till.pull(&format!("stream={stream}&limit=2"));
        let first = told.note(&format!("pull {stream}"), answer);
        let Ok(mut reply) = serde_json::from_value::<PullReply>(first) else { continue };
        let mut cursor = Cursor::start(reply.log_id);
        while !reply.items.is_empty() {
            for line in &reply.items {
                cursor.read(line).expect("dense, and its hash rolls along");
            }
            let Cursor { log_id, seq, hash } = cursor;
            let query = format!("stream={stream}&log_id={log_id}&seq={seq}&hash={hash}&limit=3");
            let next = told.note("on", till.pull(&query));
            reply = serde_json::from_value(next).expect("items");
        }
        assert_eq!(cursor.seq, reply.head_seq);
        cursors.push(StreamCursor { stream: stream.parse().expect("a name"), cursor });
    }
    let [ours, our_venue, theirs] = cursors[..] else { panic!("three streams were followed: {cursors:?}") };
    let back = Cursor { hash: Hash::from_bytes([7; 32]), ..ours.cursor };
    for cursors in [vec![ours, our_venue], vec![StreamCursor { cursor: back, ..ours }], vec![theirs]] {
        told.note("hello", till.say(&Hello { cursors, ..till.hello() }));
    }
    told.note("gone", till.pull("stream=T:cat&seq=3"));
    told.note("hello", till.say(&till.hello()));
    for path in [
        format!("/v1/chains/{}/events?branch=0&after=0&limit=500", till.head.chain),
        format!("/v1/chains/{}/events?branch=0&after=0&limit=500", stranger.head.chain),
        "/v1/snapshot?stream=T:cat".to_owned(),
    ] {
        told.note("own events and snapshots", till.get(&path));
    }
}

fn withdraw(told: &mut Transcript, server: &TestServer, till: &mut TestTill<'_>) {
    let path = format!("/v1/admin/tills/{}", till.reply.device_id);
    told.ask(&server.admin(), Method::DELETE, &path, None);
    let late = [till.sale(1).0];
    told.push("late", till, &late);
    told.note("late", till.pull("stream=T:cat"));
    told.note("late", till.say(&till.hello()));
    told.ask(&server.admin(), Method::GET, "/v1/admin/board", None);
}

/// What has to come up in a night that is worth comparing.
const SAID: [&str; 30] = [
    "\"gap\"",
    "\"fork\"",
    "\"ok\"",
    "forked",
    "device_cloned",
    "sale_repeated",
    "totals_mismatch",
    "amount_implausible",
    "type_unknown",
    "payload_unreadable",
    "envelope_unreadable",
    "over_redeemed",
    "\"kind\":\"double\"",
    "\"kind\":\"redeemed_void\"",
    "\"kind\":\"shown_again\"",
    "cursor_gone",
    "revoked",
    "conflict",
    "register.code is in use",
    "product.sku is in use",
    "barcode.gtin is in use",
    "unprocessable",
    "forbidden",
    "not_found",
    "malformed",
    "locked",
    "unauthenticated",
    "× Piscola",
    "\"next\":\"",
    "Devuelto con la encargada",
];

#[test]
fn the_same_night_gets_the_same_answers_and_leaves_the_same_rows() {
    let (sqlite, postgres) = (TestServer::start_on(Backend::Sqlite), TestServer::start_on(Backend::Postgres));
    let (here, there) = (play(&sqlite), play(&postgres));
    assert!(here.len() > 120, "{} requests", here.len());
    for (place, (here, there)) in here.iter().zip(&there).enumerate() {
        assert_eq!(here, there, "answer {place}");
    }
    assert_eq!(here.len(), there.len());
    let all = here.concat();
    for said in SAID {
        assert!(all.contains(said), "the night has no {said}");
    }
    let internal = here.iter().filter(|answer| answer.contains(": 500 ")).collect::<Vec<_>>();
    assert!(internal.is_empty(), "{internal:#?}");
    for of in [None, Some(sqlite.company.tenant_id), Some(sqlite.other.tenant_id)] {
        let (here, there) = (sqlite.home.rows(of), postgres.home.rows(of));
        assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        for (table, rows) in &here {
            assert_eq!(rows, &there[table], "{table}");
        }
        let count: usize = here.values().map(Vec::len).sum();
        let least = if of == Some(sqlite.company.tenant_id) { 150 } else { 10 };
        assert!(count > least, "{of:?}: {count} rows");
    }
}
