//! The till's real window: a cashier signs in, opens the drawer, sells for cash and gives change, with head office away;
//! and everything that can become of a card, at a simulated terminal that speaks real bytes.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use xtask::card_story::{self, CardStory};
use xtask::club::{Club, Counter};
use xtask::desktop::TillWindow;
use xtask::hands::Hands;
use xtask::house::House;
use xtask::till::int;
use xtask::window_bench;

#[test]
fn a_cashier_sells_for_cash_and_sees_what_waits_to_be_sent() -> Result<()> {
    let house = House::find()?;
    let pictures = house.target().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let picture = |name: &str| pictures.join(format!("e2e-window-{name}.png"));
    let mut club = Club::open(&house, &house.fresh_folder("e2e-window")?)?;
    club.start_server()?;
    let code = club.register_codes().into_iter().next().context("a register")?;
    let counter = club.equip(&code, "approve")?;
    club.stop_server();

    let window = TillWindow::open(&house.program("barra")?, &counter.dir, "layers", &club.logs(), 1366, 768)?;
    let hands = Hands(&window.session);
    hands.sign_in(club.person("manager")?)?;
    hands.tap("count-10000")?;
    hands.type_on_pad(5)?;
    hands.see_amount("counted", 50_000)?;
    window.session.picture(&picture("open"))?;
    hands.tap("open-register")?;

    hands.see("tiles")?;
    let products = hands.products()?;
    ensure!(products.len() >= 12, "only {} products are on the first page", products.len());
    hands.add(&products[..2])?;
    let total = hands.amount("total")?;
    ensure!(total > 0, "two products cost nothing");
    window.session.picture(&picture("sell"))?;

    hands.tap("pay")?;
    hands.tap("tender-cash")?;
    let due = hands.amount("due")?;
    // A note more than is owed, so that there is change to give.
    hands.type_on_pad(due + 10_000)?;
    hands.see_amount("change", 10_000).context("the change is shown before the sale is finished")?;
    window.session.picture(&picture("pay"))?;
    hands.tap("finish")?;
    hands.see("change-due")?;
    hands.see_amount("change-due", 10_000).context("the change to hand back")?;
    window.session.picture(&picture("change"))?;

    let paper = counter.next_paper(std::time::Duration::from_mins(1)).context("paper comes out of the printer")?;
    ensure!(paper["paper"].is_string(), "{paper}");
    let unsent = window.session.script_until_settled(
        "const [settle] = arguments;\
         window.__TAURI_INTERNALS__.invoke('command', { name: 'status.get', args: {} })\
             .then((status) => settle(status.server.unsent_events));",
        &json!([]),
    )?;
    let chip = hands.read("net-chip")?;
    ensure!(chip.contains(&unsent.to_string()), "{unsent} events wait to be sent; the status bar says {chip:?}");

    hands.tap("next-sale")?;
    hands.see("cart-empty")?;
    window.session.picture(&picture("next"))?;
    drop(window);

    // What the window answered is in the ledger, and the ledger holds.
    club.till(&counter)?.finish_and_verify()
}

/// A window with a manager signed in and the register open. Pictures are kept under `name`.
fn open_for_cards(
    name: &str,
    script: &str,
    prepare: impl Fn(&Counter) -> Result<()>,
) -> Result<(Club, Counter, TillWindow)> {
    let house = House::find()?;
    let mut club = Club::open(&house, &house.fresh_folder(name)?)?;
    club.start_server()?;
    let code = club.register_codes().into_iter().next().context("a register")?;
    let counter = club.equip(&code, script)?;
    prepare(&counter)?;
    let window = TillWindow::open(&house.program("barra")?, &counter.dir, "layers", &club.logs(), 1366, 768)?;
    let hands = Hands(&window.session);
    hands.sign_in(club.person("manager")?)?;
    hands.tap("count-10000")?;
    hands.type_on_pad(5)?;
    hands.tap("open-register")?;
    hands.see("tiles")?;
    Ok((club, counter, window))
}

#[test]
fn a_card_is_charged_once_whatever_becomes_of_it() -> Result<()> {
    let (club, mut counter, window) = open_for_cards("e2e-cards", card_story::SCRIPT, |_| Ok(()))?;
    let pictures = House::find()?.target().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let page = &window.session;
    let mut picture = |name: &str| page.picture(&pictures.join(format!("e2e-{name}.png")));
    CardStory { page, counter: &mut counter, picture: &mut picture }.tell()?;
    drop(window);

    let mut till = club.till(&counter)?;
    let (staff_id, pin) = club.person("manager")?;
    till.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }))?;
    ensure!(till.ask("card.list_open", &json!({}))? == json!([]), "a card payment is open still");
    // Of what the terminal took from tills' customers, the drawer gave back what was paid twice and the void its own.
    let charged: i64 = counter
        .charges()?
        .iter()
        .filter(|charge| charge["stand_alone"] != json!(true))
        .map(|charge| int(charge, "/amount_minor"))
        .sum::<Result<_>>()?;
    let reading = till.ask("register.read", &json!({}))?;
    let returned = int(&reading, "/totals/returned_minor")?;
    ensure!(returned > 0, "{reading}");
    ensure!(charged == int(&reading, "/card_minor")? + returned, "the terminal took {charged}: {reading}");
    till.finish_and_verify()
}

#[test]
fn an_approval_on_the_wire_is_soon_one_on_screen() -> Result<()> {
    let (club, counter, window) = open_for_cards("e2e-approval", "approve", |_| Ok(()))?;
    let taken = window_bench::approvals(&window.session, &counter, 10)?;
    // How soon is for `cargo xtask bench window`, on a machine that does nothing else.
    println!("milliseconds from the wire to the page, and to its picture: {taken:?}");
    ensure!(taken.len() == 10, "{taken:?}");
    drop(window);
    club.till(&counter)?.finish_and_verify()
}

#[test]
fn a_voucher_of_a_terminal_without_a_cable_is_copied() -> Result<()> {
    let (club, counter, window) = open_for_cards("e2e-voucher", "approve", card_story::without_a_cable)?;
    let pictures = House::find()?.target().join("screenshots");
    std::fs::create_dir_all(&pictures)?;
    let page = &window.session;
    card_story::tell_by_hand(page, &mut |name| page.picture(&pictures.join(format!("e2e-{name}.png"))))?;
    drop(window);
    club.till(&counter)?.finish_and_verify()
}
