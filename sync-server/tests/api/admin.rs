use reqwest::Method;
use serde_json::{Value, json};
use sync_server::store::AdminRole;

use super::support::{TestServer, problem};

const MINUTE: i64 = 60 * 1000;

#[test]
fn a_session_ends_when_idle_when_old_and_when_told() {
    let server = TestServer::start();
    let head = server.admin();
    assert_eq!(head.get("/v1/admin/session")["name"], "valdivia-admin");
    server.advance(29 * MINUTE);
    head.get("/v1/admin/session");
    server.advance(29 * MINUTE);
    head.get("/v1/admin/session");
    server.advance(30 * MINUTE);
    problem(head.send(Method::GET, "/v1/admin/session", None), 401, "unauthenticated");
    let head = server.admin();
    for _ in 0..24 {
        server.advance(29 * MINUTE);
        head.get("/v1/admin/session");
    }
    server.advance(29 * MINUTE);
    problem(head.send(Method::GET, "/v1/admin/session", None), 401, "unauthenticated");
    let head = server.admin();
    assert_eq!(head.send(Method::DELETE, "/v1/admin/session", None).status(), 204);
    problem(head.send(Method::GET, "/v1/admin/session", None), 401, "unauthenticated");
}

#[test]
fn the_sixth_try_is_refused_even_if_right_and_after_a_restart() {
    let mut server = TestServer::start();
    for _ in 0..5 {
        problem(server.sign_in("valdivia-admin", "wrong"), 401, "unauthenticated");
    }
    problem(server.sign_in("valdivia-admin", super::support::PASSWORD), 423, "locked");
    server.restart();
    let answer = server.sign_in("valdivia-admin", super::support::PASSWORD);
    assert!(answer.headers().contains_key("retry-after"));
    problem(answer, 423, "locked");
    assert_eq!(server.sign_in("osorno-admin", super::support::PASSWORD).status(), 200, "others are not locked");
    server.advance(15 * MINUTE);
    assert_eq!(server.sign_in("valdivia-admin", super::support::PASSWORD).status(), 200);
}

#[test]
fn nobody_learns_which_names_exist() {
    let server = TestServer::start();
    for try_no in 0..6 {
        let (unknown, wrong) = (server.sign_in("nobody", "wrong"), server.sign_in("valdivia-admin", "wrong"));
        let (status, code) = if try_no < 5 { (401, "unauthenticated") } else { (423, "locked") };
        assert_eq!(problem(unknown, status, code), problem(wrong, status, code));
    }
}

#[test]
fn the_cookie_is_for_our_own_pages_only() {
    let server = TestServer::start();
    let answer = server.sign_in("valdivia-admin", super::support::PASSWORD);
    let cookie = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
    for part in ["__Host-barra=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{part}");
    }
    let pair = cookie.split(';').next().expect("a pair");
    let ask = |method: Method, origin: Option<String>| {
        let request = server.request(method, "/v1/admin/session").header("cookie", pair);
        let request = if let Some(origin) = origin { request.header("origin", origin) } else { request };
        request.send().expect("an answer")
    };
    assert_eq!(ask(Method::GET, None).status(), 200);
    for foreign in [None, Some("https://evil.example".to_owned()), Some("null".to_owned())] {
        problem(ask(Method::DELETE, foreign), 403, "forbidden");
    }
    let own = server.url("");
    assert_eq!(ask(Method::DELETE, Some(own)).status(), 204);
    let login = server.request(Method::POST, "/v1/admin/session").header("origin", "https://evil.example");
    let login = login.json(&json!({ "name": "valdivia-admin", "password": super::support::PASSWORD })).send();
    problem(login.expect("an answer"), 403, "forbidden");
    let form = server.request(Method::POST, "/v1/admin/session").header("content-type", "text/plain").body("{}").send();
    problem(form.expect("an answer"), 400, "malformed");
    let preflight = server.request(Method::OPTIONS, "/v1/admin/products").header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().expect("an answer");
    assert!(!preflight.headers().contains_key("access-control-allow-origin"));
}

#[test]
fn a_change_is_published_and_written_down_or_not_made_at_all() {
    let server = TestServer::start();
    let head = server.admin();
    let changes = || {
        let rows = server.home.rows(Some(server.company.tenant_id));
        let of = |table| rows.get(table).cloned().unwrap_or_default();
        (of("audit"), of("stream_item").len())
    };
    let before = changes();
    let mut body = product(&server);
    body["barcodes"] = json!([]);
    assert_eq!(head.send(Method::POST, "/v1/admin/products", Some(&body)).status(), 201);
    let after = changes();
    assert_eq!((after.0.len(), after.1), (before.0.len() + 1, before.1 + 1));
    assert!(after.0.iter().all(|change| change["actor"] == "valdivia-admin"));
    problem(head.send(Method::POST, "/v1/admin/products", Some(&body)), 409, "conflict");
    assert_eq!(changes(), after, "refused: neither published nor written down");
    let person = json!({ "name": "Eva", "roles": ["cashier"], "pin": "739104" });
    assert_eq!(head.send(Method::POST, "/v1/admin/staff", Some(&person)).status(), 201);
    let detail = format!("{:?}", changes().0);
    assert!(!detail.contains("739104") && !detail.contains("argon2"), "no secret is written down");
}

fn product(server: &TestServer) -> Value {
    json!({ "sku": "CER-001", "name": "Torobayo", "category_id": server.company.product.category_id,
        "price_minor": 4490, "tax_rate_bp": 1900, "barcodes": ["7801230000012"], "is_ticketed": true })
}

#[test]
fn roles_decide_who_changes_what() {
    let server = TestServer::start();
    server.add_admin("auditor", AdminRole::Auditor);
    server.add_admin("manager", AdminRole::Manager);
    let (auditor, manager, admin) = (server.head("auditor"), server.head("manager"), server.admin());
    let venue = json!({ "name": "Sur", "tax_id": "1-9", "address": "Calle 1", "currency": "CLP",
        "time_zone": "America/Santiago", "cut_over_minutes": 360, "ticket_valid_days": 1 });
    let mut product = product(&server);
    product["barcodes"] = json!([]);
    let boss = json!({ "name": "Eva", "roles": ["manager"], "pin": "739104" });
    for (path, body, who_may) in [
        ("/v1/admin/products", &product, [false, true, true]),
        ("/v1/admin/venues", &venue, [false, false, true]),
        ("/v1/admin/staff", &boss, [false, false, true]),
    ] {
        for (place, (who, may)) in [&auditor, &manager, &admin].into_iter().zip(who_may).enumerate() {
            let mut body = body.clone();
            if body.get("sku").is_some() {
                body["sku"] = json!(format!("CER-{place}"));
            }
            let answer = who.send(Method::POST, path, Some(&body));
            if may {
                assert_eq!(answer.status(), 201, "{path}");
            } else {
                problem(answer, 403, "forbidden");
            }
        }
        auditor.get(path);
    }
}

#[test]
fn what_cannot_be_is_refused_and_nothing_changes() {
    let server = TestServer::start();
    let head = server.admin();
    let before = head.get("/v1/admin/products");
    let with = |name: &str, value: Value| {
        let mut body = product(&server);
        body[name] = value;
        body
    };
    for (body, status, code) in [
        (with("price_minor", json!(-1)), 422, "unprocessable"),
        (with("price_minor", json!(i64::MAX)), 422, "unprocessable"),
        (with("price_minor", json!(1.5)), 400, "malformed"),
        (with("price_minor", json!("4490")), 400, "malformed"),
        (with("tax_rate_bp", json!(10_001)), 422, "unprocessable"),
        (with("name", json!("")), 422, "unprocessable"),
        (with("name", json!("a".repeat(81))), 422, "unprocessable"),
        (with("name", json!("Torobayo\u{1b}p\u{0}")), 422, "unprocessable"),
        (with("barcodes", json!(["7801230000015"])), 422, "unprocessable"),
        (with("barcodes", json!(["4006381333931"])), 409, "conflict"),
        (with("sku", json!("TRA-001")), 409, "conflict"),
        (with("category_id", json!("01a20083-0cc0-713e-abf4-8d2eee705d4a")), 422, "unprocessable"),
        (with("tenant_id", json!(server.other.tenant_id)), 400, "malformed"),
        (with("number", json!(7)), 422, "unprocessable"),
        (json!({}), 400, "malformed"),
        (json!([]), 400, "malformed"),
    ] {
        let answer = head.send(Method::POST, "/v1/admin/products", Some(&body));
        problem(answer, status, code);
    }
    assert_eq!(head.get("/v1/admin/products"), before);
    for query in ["limit=0", "limit=201", "limit=x", "sort=price", "after=7"] {
        problem(head.send(Method::GET, &format!("/v1/admin/products?{query}"), None), 400, "malformed");
    }
}

#[test]
fn words_come_back_as_they_went_in() {
    let server = TestServer::start();
    let head = server.admin();
    for (n, name) in
        ["'; DROP TABLE product; --", "<img src=x onerror=alert(1)>", "Ñandú № 5 🍹", "=1+1"].iter().enumerate()
    {
        let mut body = product(&server);
        (body["name"], body["sku"], body["barcodes"]) = (json!(name), json!(format!("W-{n}")), json!([]));
        let added: Value = head.send(Method::POST, "/v1/admin/products", Some(&body)).json().expect("a product");
        assert_eq!(added["name"], *name);
        assert_eq!(added["number"], n + 2);
    }
}

#[test]
fn a_list_is_walked_page_by_page() {
    let server = TestServer::start();
    let head = server.admin();
    for n in 0..4 {
        let mut body = product(&server);
        (body["sku"], body["barcodes"]) = (json!(format!("W-{n}")), json!([]));
        assert_eq!(head.send(Method::POST, "/v1/admin/products", Some(&body)).status(), 201);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/admin/products?limit=2".to_owned());
    loop {
        let page = head.get(&path);
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["sku"].as_str().expect("a sku").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/admin/products?limit=2&after={next}");
    }
    seen.sort_unstable();
    assert_eq!(seen, ["TRA-001", "W-0", "W-1", "W-2", "W-3"]);
}

#[test]
fn another_company_s_things_are_not_there() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let (event, sale) = {
        let started = till.started();
        till.push(&[started]);
        till.sale(1)
    };
    till.push(&[event]);
    let stranger = server.head("osorno-admin");
    let ours = &server.company;
    let unknown = "01a20083-0cc0-713e-abf4-8d2eee705d4a";
    let body = product(&server);
    let venue = json!({ "name": "Sur", "tax_id": "1-9", "address": "Calle 1", "currency": "CLP",
        "time_zone": "America/Santiago", "cut_over_minutes": 360, "ticket_valid_days": 1 });
    let register = json!({ "venue_id": ours.venue_id, "code": "BXX", "name": "X" });
    let category = json!({ "name": "X", "tint": 1 });
    let staff = json!({ "name": "X", "roles": ["cashier"], "pin": "2580" });
    let name = json!({ "name": "X" });
    let device = till.reply.device_id.to_string();
    for (method, kind, id, body) in [
        (Method::GET, "sales", sale.sale_id.to_string(), None),
        (Method::PUT, "products", ours.product.product_id.to_string(), Some(&body)),
        (Method::PUT, "categories", ours.product.category_id.to_string(), Some(&category)),
        (Method::PUT, "venues", ours.venue_id.to_string(), Some(&venue)),
        (Method::PUT, "registers", ours.registers[0].to_string(), Some(&register)),
        (Method::PUT, "staff", till.staff.to_string(), Some(&staff)),
        (Method::PUT, "tills", device.clone(), Some(&name)),
        (Method::DELETE, "tills", device.clone(), None),
    ] {
        let theirs = stranger.send(method.clone(), &format!("/v1/admin/{kind}/{id}"), body);
        let random = stranger.send(method, &format!("/v1/admin/{kind}/{unknown}"), body);
        assert_eq!(problem(theirs, 404, "not_found"), problem(random, 404, "not_found"), "{kind}");
    }
    let till_at = json!({ "register_id": ours.registers[0], "name": "X" });
    problem(stranger.send(Method::POST, "/v1/admin/tills", Some(&till_at)), 404, "not_found");
    problem(stranger.send(Method::POST, "/v1/admin/registers", Some(&register)), 422, "unprocessable");
    problem(stranger.send(Method::POST, "/v1/admin/products", Some(&body)), 422, "unprocessable");
    assert_eq!(stranger.get("/v1/admin/sales")["items"], json!([]));
    assert_eq!(stranger.get("/v1/admin/board")["totals"]["sales"], 0);
    assert_eq!(server.admin().get("/v1/admin/sales")["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn people_are_published_without_their_pin_and_with_a_verifier() {
    let server = TestServer::start();
    let till = server.till(0);
    let head = server.admin();
    let body = json!({ "name": "Camila R.", "roles": ["cashier"], "pin": "2580" });
    let added: Value = head.send(Method::POST, "/v1/admin/staff", Some(&body)).json().expect("a person");
    assert_eq!(added.as_object().map(serde_json::Map::len), Some(4), "no hash, no PIN: {added}");
    let pulled = till.pull("stream=T:cat").text().expect("text");
    assert!(pulled.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!pulled.contains("2580\\\""));
    let path = format!("/v1/admin/staff/{}", added["staff_id"].as_str().expect("an id"));
    let promoted = json!({ "name": "Camila R.", "roles": ["supervisor"] });
    problem(head.send(Method::PUT, &path, Some(&promoted)), 422, "unprocessable");
    let leaves = json!({ "name": "Camila R.", "roles": ["cashier"], "is_active": false });
    assert_eq!(head.send(Method::PUT, &path, Some(&leaves)).json::<Value>().expect("a person")["is_active"], false);
}
