//! Head office's console in a real browser, over a real server and a real till.

use anyhow::{Context, Result};
use xtask::club::Club;
use xtask::desktop::Browser;
use xtask::house::House;
use xtask::night::{open_register, sell_one, sync_up};
use xtask::till::text;
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

fn log_in(page: &Session, name: &str, password: &str) -> Result<()> {
    page.click("#login-name")?;
    page.press(name)?;
    page.click("#login-password")?;
    page.press(&format!("{password}{}", key::ENTER))
}
