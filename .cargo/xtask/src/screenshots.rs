//! `cargo xtask screenshots DIR`: every screen and state as it really is, through the real window and a real browser,
//! with a night behind them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::card_story::{self, CardStory};
use crate::club::{Club, Counter};
use crate::desktop::{Browser, TillWindow};
use crate::hands::{Hands, part};
use crate::house::House;
use crate::night::{open_register, sell_one, sync_up};
use crate::setup::{self, Need};
use crate::suite;
use crate::till::text;
use crate::webdriver::{Session, key};

const SIZES: [(u16, u16); 2] = [(1366, 768), (1024, 600)];
const PAPER_LIMIT: Duration = Duration::from_mins(1);

/// Takes all pictures into `dir`.
pub fn take(house: &House, dir: &Path) -> Result<()> {
    setup::system(Need::Robots)?;
    setup::build_screens(house)?;
    suite::build_programs(house, &["barra", "pos-app", "sync-server"])?;
    let mut missed = Vec::new();
    for (width, height) in SIZES {
        let folder = dir.join(format!("{width}x{height}"));
        fs::create_dir_all(&folder)?;
        let mut club = Club::open(house, &house.fresh_folder(&format!("pictures-{width}x{height}"))?)?;
        club.start_server()?;
        let mut album = Album { folder, width, height, taken: 0, missed: Vec::new() };
        till(house, &mut club, &mut album)?;
        console(&mut club, &mut album)?;
        println!("{} pictures in {}", album.taken, album.folder.display());
        missed.append(&mut album.missed);
    }
    ensure!(missed.is_empty(), "pictures that could not be taken:\n{}", missed.join("\n"));
    Ok(())
}

/// Pictures of one size.
struct Album {
    folder: PathBuf,
    width: u16,
    height: u16,
    taken: usize,
    missed: Vec<String>,
}

impl Album {
    /// Does what leads to a screen, then takes its picture. A screen that cannot be reached is noted, and its picture
    /// shows what was there instead.
    fn show(&mut self, page: &Session, name: &str, steps: impl FnOnce() -> Result<()>) {
        let done = steps();
        let file = self.folder.join(format!("{name}.png"));
        match done.and_then(|()| page.picture(&file)) {
            Ok(()) => self.taken += 1,
            Err(error) => self.miss(page, name, &error),
        }
    }

    /// A picture of what is on screen.
    fn take(&mut self, page: &Session, name: &str) -> Result<()> {
        page.picture(&self.folder.join(format!("{name}.png")))?;
        self.taken += 1;
        Ok(())
    }

    /// Notes what kept pictures from being taken, with one of what was there instead.
    fn miss(&mut self, page: &Session, name: &str, error: &anyhow::Error) {
        self.missed.push(format!("{name}: {error:#}"));
        // As good as it gets; the error is noted already.
        let _ = page.picture(&self.folder.join(format!("{name}.missed.png")));
    }

    fn open(&self, house: &House, club: &Club, data: &Path) -> Result<TillWindow> {
        TillWindow::open(&house.program("barra")?, data, "layers", &club.logs(), self.width.into(), self.height.into())
    }
}

fn till(house: &House, club: &mut Club, album: &mut Album) -> Result<()> {
    let codes = club.register_codes();
    let [ours, theirs, ..] = codes.as_slice() else { bail!("the club has fewer than two registers") };
    let mut counter = club.equip(ours, card_story::SCRIPT)?;
    let tickets = tickets_of_another_till(club, theirs, 3)?;
    let manager = club.person("manager").map(|(id, pin)| (id.to_owned(), pin.to_owned()))?;
    let manager = (manager.0.as_str(), manager.1.as_str());

    before_it_opens(house, club, album, &counter)?;
    let mut run = club.till(&counter)?;
    run.ask("sync.run", &json!({}))?;
    run.finish()?;

    let window = album.open(house, club, &counter.dir)?;
    let (page, hands) = (&window.session, Hands(&window.session));
    people(album, page, &hands, manager);
    album.show(page, "sell-empty", || hands.see("cart-empty"));
    let skus = hands.products()?;
    selling(album, page, &hands, &skus);
    panels(album, page, &hands);
    paying(album, page, &hands);
    let mut picture = |name: &str| album.take(page, name);
    let cards = CardStory { page, counter: &mut counter, picture: &mut picture }.tell();
    if let Err(error) = cards {
        album.miss(page, "cards", &error);
    }
    redeeming(album, page, &hands, &tickets);
    album.show(page, "sell-offline", || {
        club.stop_server();
        hands.tap("to-sell").or_else(|_| page.press(&key::ESCAPE.to_string()))?;
        hands.add(&skus[..3.min(skus.len())])?;
        page.see(&format!("{}[data-state=\"offline\"]", part("net-chip")), "")
    });
    club.start_server()?;
    closing(album, page, &hands);
    drop(window);
    by_hand(house, club, album, &counter, manager)
}

/// The same till with a terminal that has no cable.
fn by_hand(house: &House, club: &Club, album: &mut Album, counter: &Counter, manager: (&str, &str)) -> Result<()> {
    card_story::without_a_cable(counter)?;
    let window = album.open(house, club, &counter.dir)?;
    let (page, hands) = (&window.session, Hands(&window.session));
    let told = hands
        .sign_in(manager)
        .and_then(|()| hands.tap("count-10000"))
        .and_then(|()| hands.type_on_pad(5))
        .and_then(|()| hands.tap("open-register"))
        .and_then(|()| hands.see("tiles"))
        .and_then(|()| card_story::tell_by_hand(page, &mut |name| album.take(page, name)));
    if let Err(error) = told {
        album.miss(page, "voucher", &error);
    }
    Ok(())
}

/// What is on screen when there is nothing to sell with yet.
fn before_it_opens(house: &House, club: &Club, album: &mut Album, counter: &Counter) -> Result<()> {
    let empty = club.dir.join("till-new");
    fs::create_dir_all(&empty)?;
    let window = album.open(house, club, &empty)?;
    album.show(&window.session, "enrol", || Hands(&window.session).see("enrol-code"));
    drop(window);
    let other = club.till(counter)?;
    let window = album.open(house, club, &counter.dir)?;
    album.show(&window.session, "start-ledger-in-use", || Hands(&window.session).see("broken"));
    drop(window);
    other.finish()
}

fn people(album: &mut Album, page: &Session, hands: &Hands<'_>, (id, pin): (&str, &str)) {
    album.show(page, "login", || hands.see(&format!("person-{id}")));
    album.show(page, "login-wrong-pin", || {
        hands.sign_in((id, "00000000"))?;
        hands.see("trouble")
    });
    album.show(page, "open-register", || {
        // The wrong digits are gone by themselves or by this.
        page.press(&key::ESCAPE.to_string())?;
        hands.sign_in((id, pin))?;
        hands.tap("count-10000")?;
        hands.type_on_pad(5)
    });
    // Tapped here, so that a picture of the count is taken before and one of the tiles after.
    if let Err(error) = hands.tap("open-register").and_then(|()| hands.see("tiles")) {
        album.missed.push(format!("opening the register: {error:#}"));
    }
}

fn selling(album: &mut Album, page: &Session, hands: &Hands<'_>, skus: &[String]) {
    album.show(page, "sell", || {
        hands.add(&skus[..5.min(skus.len())])?;
        hands.add(&skus[..2.min(skus.len())])
    });
    album.show(page, "sell-second-tab", || hands.tap("tab-1"));
    album.show(page, "sell-removed", || {
        hands.tap("tab-0")?;
        hands.tap("remove")?;
        hands.see("undo")
    });
}

fn panels(album: &mut Album, page: &Session, hands: &Hands<'_>) {
    for (name, opener) in [("panel-net", "net-chip"), ("panel-devices", "devices-chip"), ("panel-search", "search")] {
        album.show(page, name, || hands.tap(opener));
        let _ = page.press(&key::ESCAPE.to_string());
    }
    album.show(page, "panel-help", || page.press(&key::F1.to_string()));
    let _ = page.press(&key::ESCAPE.to_string());
}

fn paying(album: &mut Album, page: &Session, hands: &Hands<'_>) {
    album.show(page, "pay-cash", || {
        hands.tap("pay")?;
        hands.tap("tender-cash")
    });
    album.show(page, "pay-cash-received", || {
        let due = hands.amount("due")?;
        hands.type_on_pad(due + 10_000)
    });
    album.show(page, "change", || {
        hands.tap("finish")?;
        hands.see("change-due")
    });
    album.show(page, "panel-last-sale", || {
        hands.tap("next-sale")?;
        hands.tap("last-sale")
    });
    let _ = page.press(&key::ESCAPE.to_string());
    album.show(page, "panel-register", || hands.tap("register"));
    let _ = page.press(&key::ESCAPE.to_string());
}

fn redeeming(album: &mut Album, page: &Session, hands: &Hands<'_>, tickets: &[String]) {
    album.show(page, "redeem-idle", || {
        hands.tap("to-redeem")?;
        hands.see("redeem-idle")
    });
    album.show(page, "redeem-type-code", || hands.tap("type-code"));
    album.show(page, "redeem-valid", || {
        page.press(&key::ESCAPE.to_string())?;
        hands.scan(&tickets[0])?;
        hands.see("verdict")
    });
    album.show(page, "redeem-served", || {
        hands.tap("give-all")?;
        hands.see("served")
    });
    album.show(page, "redeem-invalid", || {
        hands.scan(&forged(&tickets[1]))?;
        page.see(&format!("{}[data-verdict=\"ticket_signature_invalid\"]", part("verdict")), "")
    });
    // Not straight after its first scan: the same code twice within a second is one scan.
    album.show(page, "redeem-used", || {
        hands.scan(&tickets[0])?;
        page.see(&format!("{}[data-verdict=\"delivered\"]", part("verdict")), "")
    });
    album.show(page, "redeem-unreadable", || {
        hands.scan(&tickets[1][..80])?;
        page.see(&format!("{}[data-verdict=\"ticket_malformed\"]", part("verdict")), "")
    });
}

fn closing(album: &mut Album, page: &Session, hands: &Hands<'_>) {
    album.show(page, "close-count", || {
        hands.tap("exact-cash")?;
        hands.tap("next-sale")?;
        hands.tap("register")?;
        hands.tap("close-register")?;
        hands.see("counted")
    });
    album.show(page, "close-sealed", || {
        hands.tap("count-20000")?;
        hands.type_on_pad(4)?;
        hands.tap("seal")?;
        hands.see("sealed")
    });
}

/// One character of the signature changed.
fn forged(ticket: &str) -> String {
    let (rest, last) = ticket.split_at(ticket.len() - 20);
    let changed = if last.starts_with('A') { 'B' } else { 'A' };
    format!("{rest}{changed}{}", &last[1..])
}

/// Sells at another till and takes the tickets from its printer.
fn tickets_of_another_till(club: &Club, code: &str, wanted: usize) -> Result<Vec<String>> {
    let counter = club.equip(code, "approve")?;
    let mut till = club.till(&counter)?;
    open_register(club, &mut till)?;
    let mut tickets: Vec<String> = Vec::new();
    for _ in 0..20 {
        if tickets.len() >= wanted {
            break;
        }
        let sold = sell_one(&mut till)?;
        if sold["tickets"].as_array().is_none_or(Vec::is_empty) {
            bail!("the first product gives no ticket: {sold}");
        }
        let has_ticket = |paper: &Value| paper["qr"].as_array().is_some_and(|codes| !codes.is_empty());
        loop {
            let paper = counter.next_paper(PAPER_LIMIT)?;
            if has_ticket(&paper) {
                tickets.push(text(&paper, "/qr/0")?.to_owned());
                break;
            }
        }
    }
    sync_up(&mut till)?;
    till.finish()?;
    ensure!(tickets.len() >= wanted, "only {} tickets were printed", tickets.len());
    Ok(tickets)
}

fn console(club: &mut Club, album: &mut Album) -> Result<()> {
    club.start_server()?;
    let browser = Browser::open(&club.logs(), album.width.into(), album.height.into())?;
    let page = &browser.session;
    page.go(&club.url())?;
    album.show(page, "console-login", || page.see("#login-name", ""));
    let (name, password) = (text(&club.papers, "/admin/name")?, text(&club.papers, "/admin/password")?);
    album.show(page, "console-night", || {
        page.click("#login-name")?;
        page.press(name)?;
        page.click("#login-password")?;
        page.press(&format!("{password}{}", key::ENTER))?;
        page.see(".hero", "")
    });
    album.show(page, "console-sale", || {
        page.click("a.open")?;
        page.see(".card.sale .lines", "")
    });
    album.show(page, "console-products", || {
        page.go(&format!("{}/#/products", club.url())).context("the page of products")?;
        page.see("button.open", "")
    });
    Ok(())
}
