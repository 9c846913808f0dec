//! The till's real window: a cashier signs in, opens the drawer, sells for cash and gives change, with head office away.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use xtask::club::Club;
use xtask::desktop::TillWindow;
use xtask::hands::Hands;
use xtask::house::House;

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
