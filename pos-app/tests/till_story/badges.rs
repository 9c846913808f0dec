//! Badges: printed at one till, read at another that has heard of it, and never enough without a PIN.

use std::sync::Arc;

use data_encoding::{BASE32_NOPAD, BASE64};
use pos_app::app::TillPaper;
use pos_app::commands::ErrorCode;
use pos_app::ledger::catalog;
use pos_app::practice::{HeadOffice, THAT_NIGHT};
use pos_app::printer::codepage::CodePage;
use pos_app::printer::layout::Page;
use pos_app::printer::picture::picture;
use pos_app::printer::profile::QrBy;
use pos_app::printer::{BadgeSlip, Columns, Document, PrintQueue as _, Profile};
use serde_json::{Value, json};
use shared::ids::StaffId;
use shared::staff::{Role, StaffMember};
use shared::venue::DeviceRecord;

use crate::support::{BARTENDER_PIN, CASHIER_PIN, Counter, MANAGER_PIN};

/// A till that printed the cashier's badge, another beside it that can check it, and the badge.
struct Night {
    printer: Counter,
    other: Counter,
    badge: BadgeSlip,
    /// Somebody both tills know.
    staff_id: StaffId,
}

fn night(seed: u64) -> Night {
    let printer = Counter::new(seed);
    let other = Counter::of(Arc::clone(&printer.office), 2);
    printer.office.introduce(other.till(), &printer.device).expect("introduced");
    let tills = [printer.till(), other.till()].map(|till| &**till);
    let staff_id = printer.office.hire(&tills, "Carla", &[Role::Cashier], "8642").expect("hired");
    printer.log_in(printer.manager, MANAGER_PIN);
    let badge = print(&printer, staff_id);
    Night { printer, other, badge, staff_id }
}

fn print(counter: &Counter, staff_id: StaffId) -> BadgeSlip {
    counter.ok("staff.print_badge", &json!({ "staff_id": staff_id }));
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let job = queue.next().expect("the badge's paper");
    queue.done(job.job_id, true);
    assert!(!job.opens_drawer);
    let Document::Badge(slip) = job.document else { panic!("a badge: {:?}", job.document) };
    slip
}

fn read(counter: &Counter, code: &str) -> Result<Value, (ErrorCode, Value)> {
    counter.run("staff.read_badge", &json!({ "code": code }))
}

/// Why it is nobody's.
fn refusal(counter: &Counter, code: &str) -> (ErrorCode, Value) {
    read(counter, code).map_or_else(|refusal| refusal, |badge| panic!("believed: {badge}"))
}

fn describe(counter: &Counter, staff_id: StaffId, is_active: bool) {
    let (name, roles, pin_verifier) = ("Carla".to_owned(), vec![Role::Cashier], "$argon2id$".to_owned());
    let staff = StaffMember { staff_id, name, roles, pin_verifier, is_active };
    counter.office.describe(counter.till(), &staff).expect("described");
}

#[test]
fn a_badge_names_its_person_at_every_till_and_the_pin_lets_them_in() {
    let night = night(301);
    assert_eq!((night.badge.name.as_str(), night.badge.heading.operator.as_str()), ("Carla", "Marcela"));
    assert_eq!(night.badge.last_valid.days() - night.badge.heading.business_date.days(), 179);
    for till in [&night.printer, &night.other] {
        for scanned in [night.badge.code.clone(), format!("]Q3{}\r\n", night.badge.code.to_lowercase())] {
            let badge = read(till, &scanned).expect("a good badge");
            assert_eq!((&badge["staff_id"], &badge["name"]), (&json!(night.staff_id), &json!("Carla")));
        }
    }
    assert_eq!(night.other.ok("status.get", &json!({}))["operator"], Value::Null, "a badge alone lets nobody in");
    assert_eq!(night.other.code("sale.current", &json!({})), ErrorCode::NotLoggedIn);
    let wrong = json!({ "staff_id": night.staff_id, "pin": "1111" });
    assert_eq!(night.other.code("operator.log_in", &wrong), ErrorCode::PinWrong);
    assert_eq!(night.other.log_in(night.staff_id, "8642")["operator"]["name"], "Carla");
}

#[test]
fn a_badge_where_a_ticket_or_product_belongs_says_whose_it_is_and_does_nothing() {
    let night = night(302);
    night.other.start_selling();
    let before = night.other.ok("sale.current", &json!({}));
    let scanned = night.other.ok("scan.route", &json!({ "code": night.badge.code }));
    assert_eq!((&scanned["kind"], &scanned["badge"]["name"]), (&json!("badge"), &json!("Carla")));
    assert_eq!(night.other.ok("sale.current", &json!({})), before);
    assert_eq!(night.other.ok("status.get", &json!({}))["operator"]["name"], "Camila", "nobody else is signed in");
    night.other.log_in(night.other.bartender, BARTENDER_PIN);
    for command in ["ticket.check", "ticket.redeem"] {
        let (code, details) = night.other.refused(command, &json!({ "code": night.badge.code }));
        assert_eq!((code, details["staff"].as_str()), (ErrorCode::BadgeHere, Some("Carla")), "{command}");
    }
    night.other.assert_whole();
}

#[test]
fn each_bad_badge_has_its_own_reason() {
    let night = night(303);
    let (other, code) = (&night.other, night.badge.code.as_str());

    // Any one bit, of which a till says at least that it is no good badge.
    let bytes = BASE32_NOPAD.decode(&code.as_bytes()[2..]).expect("our own code");
    for bit in (0..bytes.len() * 8).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refusal(other, &format!("T1{}", BASE32_NOPAD.encode(&flipped)));
    }
    let mut forged = bytes;
    forged[20] ^= 1;
    assert_eq!(refusal(other, &format!("T1{}", BASE32_NOPAD.encode(&forged))).0, ErrorCode::BadgeForged);
    assert_eq!(refusal(other, &code[..140]).0, ErrorCode::BadgeMalformed);
    for no_badge in ["4006381333931", "BMB 11725-K", "", "Camila"] {
        assert_eq!(refusal(other, no_badge).0, ErrorCode::BadgeMissing, "{no_badge:?}");
    }

    let stranger = Counter::of(Arc::new(HeadOffice::new(999)), 1);
    assert_eq!(refusal(&stranger, code).0, ErrorCode::BadgeOtherTenant);
    let unintroduced = Counter::of(Arc::clone(&night.printer.office), 3);
    let (why, details) = refusal(&unintroduced, code);
    assert_eq!((why, &details["device_no"]), (ErrorCode::BadgeUnknownDevice, &json!(1)));

    describe(other, night.staff_id, false);
    let (why, details) = refusal(other, code);
    assert_eq!((why, details["staff"].as_str()), (ErrorCode::BadgeLeft, Some("Carla")));
    let staff_id = night.staff_id;
    other.till().ledger().write(move |tx| tx.delete_staff(staff_id)).expect("forgotten");
    assert_eq!(refusal(other, code), (ErrorCode::BadgeLeft, json!({ "staff": null })));
    describe(other, night.staff_id, true);
    read(other, code).expect("works here again");

    // Its last night, and the one after.
    let last = 179 * 24 * 60 * 60 * 1_000;
    other.clock.set_wall(THAT_NIGHT.plus_millis(last));
    read(other, code).expect("its last night");
    other.clock.set_wall(THAT_NIGHT.plus_millis(last + 24 * 60 * 60 * 1_000));
    let (why, details) = refusal(other, code);
    assert_eq!((why, &details["last_valid"]), (ErrorCode::BadgeExpired, &json!(night.badge.last_valid.to_string())));
    other.clock.set_wall(THAT_NIGHT);

    let revoked = DeviceRecord { is_revoked: true, ..night.printer.device.clone() };
    other.till().ledger().write(move |tx| catalog::put_device(tx.connection(), &revoked)).expect("taken out");
    let (why, details) = refusal(other, code);
    assert_eq!((why, details["device"].as_str()), (ErrorCode::BadgeDeviceRevoked, Some("Caja 1")));
}

/// The way of a badge held up to the till's camera, before anybody has signed in.
#[test]
fn a_camera_reads_a_badge_off_its_paper() {
    let night = night(305);
    let profile = Profile { columns: Columns::C48, code_page: CodePage::Pc858, qr: QrBy::Printer };
    let document = Document::Badge(night.badge.clone());
    let paper = picture(&document, &profile, Page::of(&profile, 0)).expect("a paper");
    let (width, height) = (paper.width(), paper.height());
    let luma: Vec<u8> =
        (0..width * height).map(|at| if paper.is_dark(at % width, at / width) { 30 } else { 220 }).collect();
    let frame = json!({ "width": width, "height": height, "luma": BASE64.encode(&luma) });
    let seen = night.other.ok("scan.frame", &frame);
    assert_eq!(seen, json!({ "codes": [night.badge.code] }));
    assert_eq!(read(&night.other, seen["codes"][0].as_str().expect("a code")).expect("good")["name"], "Carla");

    for (key, wrong) in [
        ("width", json!(width + 1)),
        ("height", json!(31)),
        ("height", json!(70_000)),
        ("luma", json!("")),
        ("luma", json!("!".repeat(BASE64.encode(&luma).len()))),
    ] {
        let mut bad = frame.clone();
        bad[key] = wrong;
        assert_eq!(night.other.code("scan.frame", &bad), ErrorCode::ArgumentsInvalid, "{key}");
    }
}

#[test]
fn whoever_may_prints_a_badge_and_it_is_written_down() {
    let counter = Counter::new(304);
    let args = json!({ "staff_id": counter.cashier });
    assert_eq!(counter.code("staff.print_badge", &args), ErrorCode::NotLoggedIn);
    counter.log_in(counter.cashier, CASHIER_PIN);
    assert_eq!(counter.code("staff.print_badge", &args), ErrorCode::PermissionDenied, "not even one's own");

    let supervisor = counter.office.hire(&[counter.till()], "Sonia", &[Role::Supervisor], "8642").expect("hired");
    counter.log_in(supervisor, "8642");
    assert_eq!(counter.code("staff.print_badge", &args), ErrorCode::PermissionDenied);
    let mut allowed = args.clone();
    allowed["approval"] = json!({ "staff_id": counter.manager, "pin": MANAGER_PIN });
    let badge = counter.ok("staff.print_badge", &allowed);
    assert_eq!((&badge["name"], &badge["last_valid"]), (&json!("Camila"), &json!("2027-05-19")));
    let event = crate::permissions::last_line(&counter);
    assert_eq!(
        (&event["type"], &event["payload"]["staff_id"]),
        (&json!("staff.badge_printed"), &json!(counter.cashier))
    );
    assert_eq!((&event["actor"], &event["approver"]), (&json!(supervisor), &json!(counter.manager)));

    counter.log_in(counter.manager, MANAGER_PIN);
    let nobody = json!({ "staff_id": StaffId::from_uuid(uuid::Uuid::nil()) });
    assert_eq!(counter.code("staff.print_badge", &nobody), ErrorCode::StaffUnknown);
    let listed = counter.ok("printer.jobs", &json!({}));
    assert_eq!((&listed["jobs"][0]["paper"], &listed["jobs"][0]["name"]), (&json!("badge"), &json!("Camila")));
    let bare = Counter::with_devices(Arc::clone(&counter.office), 2, "");
    bare.log_in(bare.manager, MANAGER_PIN);
    assert_eq!(bare.code("staff.print_badge", &json!({ "staff_id": bare.cashier })), ErrorCode::PrinterNotConfigured);
    counter.assert_whole();
}
