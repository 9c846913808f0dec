//! Head office's console in a real browser, over a real server and a real till.

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use xtask::club::Club;
use xtask::desktop::Browser;
use xtask::house::House;
use xtask::night::{open_register, sell_one, sync_up};
use xtask::till::{Till, text};
use xtask::webdriver::{Session, key};

/// The number of sales on the night board.
const SALES: &str = ".hero dl div:first-child dd";

#[test]
fn the_night_board_shows_what_tills_sold_and_follows_live() -> Result<()> {
    let house = House::find()?;
    let pictures = house.target().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let mut club = Club::open(&house, &house.fresh_folder("e2e-console")?)?;
    club.start_server()?;
    let code = club.register_codes().into_iter().next().context("a register")?;
    let counter = club.equip(&code, "approve")?;
    let mut till = club.till(&counter)?;
    open_register(&club, &mut till)?;
    sell_one(&mut till)?;
    sync_up(&mut till)?;

    let browser = Browser::open(&club.logs(), 1366, 768)?;
    let page = &browser.session;
    page.go(&club.url())?;
    log_in(page, "nobody", "wrong")?;
    page.see("[role=alert] svg", "").context("a wrong password is refused where the reader looks")?;
    page.go(&club.url())?;
    log_in(page, text(&club.papers, "/admin/name")?, text(&club.papers, "/admin/password")?)?;
    page.see(SALES, "1").context("the sale made before")?;
    page.picture(&pictures.join("e2e-console.png"))?;

    sell_one(&mut till)?;
    sync_up(&mut till)?;
    page.see(SALES, "2").context("the sale made while the page was open, without touching it")?;
    page.picture(&pictures.join("e2e-console-live.png"))?;
    till.finish_and_verify()
}

/// The customer may have paid and the terminal's cable is out: head office sees it until the till's manager has settled it.
#[test]
fn an_open_card_payment_is_seen_until_its_till_settles_it() -> Result<()> {
    let house = House::find()?;
    let pictures = house.target().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let mut club = Club::open(&house, &house.fresh_folder("e2e-console-cards")?)?;
    club.start_server()?;
    let code = club.register_codes().into_iter().next().context("a register")?;
    let counter = club.equip(&code, "progress=78,82 lose-reply replug=3600000")?;
    let mut till = club.till(&counter)?;
    open_register(&club, &mut till)?;
    let catalog = till.ask("catalog.list", &json!({}))?;
    till.ask("sale.add", &json!({ "product_id": text(&catalog, "/categories/0/products/0/product_id")? }))?;
    let payment = till.ask("card.start", &json!({}))?;
    let payment_id = payment["payment"]["payment_id"].clone();
    let doubt = till.ask("card.wait", &json!({ "payment_id": payment_id, "timeout_ms": 60_000 }))?;
    ensure!(doubt["payment"]["state"] == json!("uncertain"), "{doubt}");
    sync_up(&mut till)?;

    let browser = Browser::open(&club.logs(), 1366, 768)?;
    let page = &browser.session;
    page.go(&format!("{}/#/cards", club.url()))?;
    log_in(page, text(&club.papers, "/admin/name")?, text(&club.papers, "/admin/password")?)?;
    let row = format!("[data-testid=\"open-{}\"]", text(&doubt, "/payment/ticket_no")?);
    page.see(&row, "").context("the payment in doubt")?;
    page.see("[data-testid=\"card-facts\"]", text(&doubt, "/payment/ticket_no")?)?;
    page.picture(&pictures.join("e2e-console-cards.png"))?;

    let note = "the terminal's paper says that it was declined";
    till.ask("card.resolve", &json!({ "payment_id": payment_id, "outcome": "not_charged", "note": note }))?;
    sync_up(&mut till)?;
    page.see("[data-testid=\"cards-none\"]", "").context("settled, without touching the page")?;
    page.picture(&pictures.join("e2e-console-cards-none.png"))?;
    till.finish_and_verify()
}

/// Two bars that hear of nobody hand over the same ticket; once both have told, head office sees what it cost and who gave what.
#[test]
fn a_ticket_handed_over_twice_is_an_incident_as_soon_as_both_bars_have_told() -> Result<()> {
    let house = House::find()?;
    let pictures = house.target().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let mut club = Club::open(&house, &house.fresh_folder("e2e-console-incidents")?)?;
    club.start_server()?;
    let codes = club.register_codes();
    let [first, second, ..] = codes.as_slice() else { bail!("the club has fewer than two registers") };
    let counters = [club.equip(first, "approve")?, club.equip(second, "approve")?];
    let mut tills = [club.till(&counters[0])?, club.till(&counters[1])?];
    for till in &mut tills {
        open_register(&club, till)?;
        sync_up(till)?;
    }
    let sold = sell_one(&mut tills[0])?;
    let (code, shown) = (text(&sold, "/tickets/0/code")?, text(&sold, "/tickets/0/display_code")?);
    sync_up(&mut tills[0])?;

    let browser = Browser::open(&club.logs(), 1366, 768)?;
    let page = &browser.session;
    page.go(&format!("{}/#/incidents", club.url()))?;
    log_in(page, text(&club.papers, "/admin/name")?, text(&club.papers, "/admin/password")?)?;
    page.see("[data-testid=\"incidents-none\"]", "").context("nothing went wrong yet")?;

    club.stop_server();
    for till in &mut tills {
        let handed_over = till.ask("ticket.redeem", &json!({ "code": code }))?;
        ensure!(handed_over["verdict"] == json!("delivered"), "{handed_over}");
    }
    club.start_server()?;
    for till in &mut tills {
        sync_up(till)?;
    }
    page.see("[data-testid=\"incident-facts\"]", shown).context("the ticket, without touching the page")?;
    for (place, counter) in counters.iter().enumerate() {
        let hand_over = format!("[data-testid=\"hand-over\"]:nth-child({})", place + 1);
        page.see(&hand_over, "").with_context(|| format!("the hand-over at {}", counter.code))?;
    }
    page.picture(&pictures.join("e2e-console-incidents.png"))?;
    tills.into_iter().try_for_each(Till::finish_and_verify)
}

fn log_in(page: &Session, name: &str, password: &str) -> Result<()> {
    page.click("#login-name")?;
    page.press(name)?;
    page.click("#login-password")?;
    page.press(&format!("{password}{}", key::ENTER))
}
