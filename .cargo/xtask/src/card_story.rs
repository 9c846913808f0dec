//! Everything that can become of a card payment, done with hands in the till's real window at a real simulated terminal:
//! approved, declined, not started, in doubt with the cable out, settled by hand, given back, voided, the batch compared
//! and closed. Told once, for the window's test and for the pictures.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::club::Counter;
use crate::hands::{Hands, part};
use crate::webdriver::Session;

/// What the terminal does, sale after sale. Slow enough to be looked at.
pub const SCRIPT: &str = "\
progress=78,81,82 pause=4000 approve
progress=78 pause=500 decline 01
nak=always
progress=78,81,82 pause=300 lose-reply replug=3600000
progress=78,81,82 pause=300 approve stand-alone=5000
progress=78,81,82 pause=300 approve
";
/// In a till's configuration.
const CABLED: &str = "protocol = \"transbank\"";
/// The terminal's simulated customers all have this card.
const LAST4: &str = "0461";

/// A person's hands at a window with a terminal beside it, and somebody who may take pictures.
pub struct CardStory<'a> {
    /// The window: a manager is signed in, the register is open, nothing is on the counter.
    pub page: &'a Session,
    /// The terminal beside it, with [`SCRIPT`].
    pub counter: &'a mut Counter,
    /// Takes a picture of what is on screen, by name.
    pub picture: &'a mut dyn FnMut(&str) -> Result<()>,
}

impl CardStory<'_> {
    /// Tells all of it. The counter is empty again at its end, no payment is open, and the batch is closed.
    pub fn tell(&mut self) -> Result<()> {
        self.approved().context("a card that pays")?;
        self.declined_and_not_started().context("cards that do not pay")?;
        self.in_doubt().context("a payment in doubt")?;
        self.settled_by_hand().context("settling it by hand")?;
        self.voided().context("a void")?;
        self.batch_that_differs().context("a batch with a sale the till knows nothing of")?;
        self.batch_that_agrees().context("a batch that agrees")
    }

    fn hands(&self) -> Hands<'_> {
        Hands(self.page)
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        (self.picture)(name)
    }

    /// Waits until the payment on screen is in this state.
    fn see_state(&self, state: &str) -> Result<()> {
        self.page.see(&format!("{}[data-state=\"{state}\"]", part("card-stage")), "")
    }

    /// Rings up two products and goes to where they are paid by card.
    fn go_to_card(&mut self) -> Result<()> {
        let hands = self.hands();
        let skus = hands.products()?;
        ensure!(skus.len() >= 2, "only {} products are on the first page", skus.len());
        hands.add(&skus[..2])?;
        hands.tap("pay")?;
        hands.tap("tender-card")
    }

    /// Pays what is left in cash, to the peso.
    fn in_cash(&mut self) -> Result<()> {
        let hands = self.hands();
        hands.tap("tender-cash")?;
        let due = hands.amount("due")?;
        hands.type_on_pad(due)?;
        hands.tap("finish")?;
        hands.tap("next-sale")?;
        hands.see("cart-empty")
    }

    fn approved(&mut self) -> Result<()> {
        self.go_to_card()?;
        self.picture("pay-card")?;
        self.hands().tap("charge-card")?;
        let mut said = String::new();
        for name in ["card-sent", "card-present", "card-pin", "card-bank"] {
            if said.is_empty() {
                self.hands().see("card-headline")?;
            } else {
                self.hands().see_change("card-headline", &said)?;
            }
            said = self.hands().read("card-headline")?;
            self.picture(name)?;
        }
        self.hands().see("change-screen")?;
        self.picture("card-approved")?;
        self.hands().tap("next-sale")
    }

    fn declined_and_not_started(&mut self) -> Result<()> {
        self.go_to_card()?;
        self.hands().tap("charge-card")?;
        self.see_state("declined")?;
        self.picture("card-declined")?;
        self.hands().tap("card-retry")?;
        self.see_state("not_started")?;
        self.picture("card-not-started")
    }

    /// The customer has paid and the cable is out: nobody may charge again, and cash goes on.
    fn in_doubt(&mut self) -> Result<()> {
        let before = self.charged()?.len();
        self.hands().tap("card-retry")?;
        self.see_state("uncertain")?;
        self.picture("card-in-doubt")?;
        for name in ["card-retry", "charge-card", "card-cancel", "card-go-on"] {
            ensure!(!self.page.has(&part(name))?, "a payment in doubt offers {name}");
        }
        self.page.see(&format!("{}:not([disabled])", part("doubt-cash")), "")?;
        self.picture("card-in-doubt-choices")?;
        self.hands().tap("doubt-cash")?;
        // The terminal is locked; the key to it leads back to the doubt.
        self.hands().tap("tender-card")?;
        self.see_state("uncertain")?;
        self.page.see(&format!("{}:not([disabled])", part("doubt-cash")), "")?;
        self.hands().tap("doubt-cash")?;
        self.in_cash()?;
        ensure!(self.charged()?.len() == before + 1, "the customer was charged once");
        Ok(())
    }

    fn settled_by_hand(&mut self) -> Result<()> {
        let code = self.charged()?.last().and_then(|charge| charge["authorisation"].as_str()).map(str::to_owned);
        let code = code.context("the terminal's voucher bears no code")?;
        self.open_the_payment("cards-open")?;
        self.picture("settle-doubt")?;
        self.hands().tap("way-resolve")?;
        self.picture("settle-by-hand")?;
        self.hands().tap("outcome-approved")?;
        self.type_digits(&code)?;
        self.hands().tap("field-last4")?;
        self.type_digits(LAST4)?;
        self.hands().tap("why-0")?;
        self.picture("settle-by-hand-typed")?;
        self.hands().tap("settle-review")?;
        self.picture("settle-by-hand-sure")?;
        self.hands().tap("sure-write")?;
        self.see_state("approved")?;
        self.picture("card-by-hand")?;
        self.hands().tap("card-go-on")?;
        // Its sale was paid in cash, so this money is the customer's.
        self.open_the_payment("cards-open-not-counted")?;
        self.hands().tap("way-return")?;
        self.hands().tap("return-cash")?;
        self.hands().tap("why-0")?;
        self.picture("settle-return")?;
        self.hands().tap("settle-review")?;
        self.picture("settle-return-sure")?;
        self.hands().tap("sure-write")?;
        self.hands().see("card-go-on")?;
        self.picture("card-returned")?;
        self.hands().tap("card-go-on")?;
        self.hands().see("cart-empty")?;
        ensure!(!self.page.has(&part("cards-chip"))?, "a payment is open still");
        self.counter.plug_terminal_in()?;
        self.page.see(&format!("{}:not(.wrong)", part("devices-chip")), "").context("the terminal is back")
    }

    fn open_the_payment(&mut self, picture: &str) -> Result<()> {
        self.hands().tap("cards-chip")?;
        let row = format!("{} [data-testid^=\"open-\"]", part("cards-panel"));
        self.page.see(&row, "")?;
        self.picture(picture)?;
        self.page.click(&row)?;
        self.hands().see("settle-title")
    }

    fn type_digits(&self, digits: &str) -> Result<()> {
        digits.chars().try_for_each(|digit| self.hands().tap(&format!("digit-{digit}")))
    }

    /// Part of a sale by card, and given back before the rest is paid.
    fn voided(&mut self) -> Result<()> {
        self.go_to_card()?;
        let due = self.hands().amount("due")?;
        self.hands().type_on_pad(due / 2)?;
        self.hands().see_amount("charge", due / 2)?;
        self.picture("pay-card-part")?;
        self.hands().tap("charge-card")?;
        let leg = "[data-testid^=\"void-\"]";
        self.page.see(leg, "")?;
        self.picture("pay-card-part-paid")?;
        self.page.click(leg)?;
        self.hands().see("sure-title")?;
        self.picture("void-sure")?;
        self.hands().tap("sure-write")?;
        self.see_state("voided")?;
        self.picture("card-voided")?;
        let charges = self.charged()?;
        let back = charges.iter().filter_map(|charge| charge["amount_minor"].as_i64()).any(|minor| minor == -(due / 2));
        ensure!(back, "the terminal gave nothing back: {charges:?}");
        self.hands().tap("card-go-on")?;
        self.hands().tap("tender-card")?;
        self.hands().see_amount("due", due).context("nothing of the sale is paid any more")?;
        self.in_cash()
    }

    fn read_batch(&mut self) -> Result<()> {
        self.hands().tap("register")?;
        self.hands().tap("to-batch")?;
        self.hands().see("batch-difference")
    }

    fn batch_that_differs(&mut self) -> Result<()> {
        self.read_batch()?;
        let difference = self.hands().amount("batch-difference")?;
        ensure!(difference != 0, "a sale was typed into the terminal, and the batch agrees");
        self.hands().see("batch-only_there")?;
        self.picture("batch-differs")?;
        self.hands().tap("batch-go")?;
        self.hands().see("sure-title")?;
        self.picture("batch-differs-sure")?;
        self.hands().tap("sure-write")?;
        self.hands().see("batch-closed")?;
        self.picture("batch-closed")?;
        self.hands().tap("batch-go")?;
        self.hands().see("cart-empty")
    }

    fn batch_that_agrees(&mut self) -> Result<()> {
        self.go_to_card()?;
        self.hands().tap("charge-card")?;
        self.hands().tap("next-sale")?;
        self.read_batch()?;
        self.hands().see_amount("batch-difference", 0)?;
        self.picture("batch-agrees")?;
        self.hands().tap("batch-go")?;
        self.hands().see("batch-closed")?;
        self.hands().tap("batch-go")?;
        self.hands().see("cart-empty")
    }

    fn charged(&mut self) -> Result<Vec<Value>> {
        self.counter.charges()
    }
}

/// A terminal without a cable: its voucher is copied at the till. The register is open and nothing is on the counter.
pub fn tell_by_hand(page: &Session, picture: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let hands = Hands(page);
    let skus = hands.products()?;
    hands.add(&skus[..2.min(skus.len())])?;
    hands.tap("pay")?;
    hands.tap("tender-card")?;
    hands.tap("charge-card")?;
    hands.see("voucher-write")?;
    picture("voucher")?;
    "093412".chars().try_for_each(|digit| hands.tap(&format!("digit-{digit}")))?;
    hands.tap("field-last4")?;
    "4417".chars().try_for_each(|digit| hands.tap(&format!("digit-{digit}")))?;
    picture("voucher-typed")?;
    hands.tap("voucher-write")?;
    hands.see("change-screen")?;
    picture("voucher-paid")?;
    hands.tap("next-sale")?;
    hands.see("cart-empty")
}

/// Has the till of this counter believe in a terminal without a cable.
pub fn without_a_cable(counter: &Counter) -> Result<()> {
    let file: &Path = &counter.dir.join("till.toml");
    let config = std::fs::read_to_string(file)?;
    ensure!(config.contains(CABLED), "{} names no terminal", file.display());
    let of_a_cable = |line: &&str| line.starts_with("port = ") || line.starts_with("baud = ");
    let lines: Vec<_> = config.lines().filter(|line| !of_a_cable(line)).collect();
    Ok(std::fs::write(file, lines.join("\n").replace(CABLED, "protocol = \"manual\""))?)
}
