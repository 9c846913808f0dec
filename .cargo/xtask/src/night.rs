//! A night without a person: two tills of Club Valdivia sell with head office unreachable, then everything is settled and
//! compared to the peso. `cargo xtask demo --headless`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::{Value, json};

use crate::club::{Club, Counter, count_out};
use crate::house::House;
use crate::stopwatch::Stopwatch;
use crate::till::{Till, int, text};

/// Tickets each till redeems of the other's at most: enough to prove it, without turning the night into a printing race.
const REDEEM_AT_MOST: usize = 25;
const PAPER_LIMIT: Duration = Duration::from_mins(1);
const FLOAT_MINOR: i64 = 50_000;

/// Card payments as a terminal has them: most guests pay, some cards do not work, now and then a byte goes wrong on the
/// cable. After these everybody pays.
const CARDS: &str = "\
progress=78,81,82 approve
progress=78,81,82 approve debit
decline 07
progress=78,81,82 nak=1 approve
progress=78,81,82 split approve
progress=78,81,82 approve
progress=78,82 garbage approve
decline 01
progress=78,81,82 duplicate approve
progress=78,81,82 approve
";

/// What came of it. Printed as the last line.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Sales the tills completed.
    pub sales: i64,
    /// Of those, paid by card.
    pub card_sales: i64,
    /// Card payments the terminal declined; their sales were paid in cash.
    pub card_declined: i64,
    /// Tickets the tills issued.
    pub tickets: i64,
    /// Tickets redeemed at the other till, from the printed picture.
    pub redeemed: i64,
    /// Events the server proved to hold.
    pub events_sent: i64,
    /// Sales the server knows.
    pub server_sales: i64,
    /// What they come to there, minor units.
    pub server_total_minor: i64,
    /// What the tills' closing reports come to, minor units.
    pub till_total_minor: i64,
    /// Events the two tills wrote per second while they sold.
    pub till_events_per_s: u64,
}

/// Plays the night in an empty folder. `seconds` is how long the tills sell.
pub fn play(house: &House, dir: &Path, seconds: u32) -> Result<Summary> {
    let mut club = Club::open(house, dir)?;
    club.start_server()?;
    let codes = club.register_codes();
    let [first, second, ..] = codes.as_slice() else { bail!("the club has fewer than two registers") };
    println!("Two tills, {first} and {second}, are enrolled and fetch the catalogue.");
    let counters = [club.equip(first, CARDS)?, club.equip(second, CARDS)?];
    let mut tills = [club.till(&counters[0])?, club.till(&counters[1])?];
    let business_date = open_registers(&club, &mut tills)?;

    println!("Head office goes dark. Both tills sell for {seconds} s.");
    club.stop_server();
    let mut summary = Summary::default();
    let sold = std::thread::scope(|scope| -> Result<Vec<Sold>> {
        let selling: Vec<_> = tills
            .iter_mut()
            .enumerate()
            .map(|(place, till)| {
                scope.spawn(move || sell(till, u64::try_from(place)?, Duration::from_secs(seconds.into())))
            })
            .collect();
        selling.into_iter().map(|till| till.join().expect("a till's script does not panic")).collect()
    })?;
    for till in &sold {
        summary.sales += till.sales;
        summary.card_sales += till.card_sales;
        summary.card_declined += till.card_declined;
        summary.tickets += till.tickets;
        summary.till_events_per_s += till.events_per_s;
    }
    println!("{} sales, {} by card, {} tickets.", summary.sales, summary.card_sales, summary.tickets);
    ensure!(
        summary.card_sales > 0 && summary.tickets > 0,
        "the night was too short to try everything; give it more seconds"
    );

    println!("Head office is back; the tills tell it everything.");
    club.start_server()?;
    for till in &mut tills {
        sync_up(till)?;
    }

    println!("Each till redeems tickets of the other, read from the printed picture.");
    let [left, right] = &mut tills;
    summary.redeemed += redeem(&counters[0], sold[0].tickets, right)?;
    summary.redeemed += redeem(&counters[1], sold[1].tickets, left)?;

    println!("The registers are counted and closed.");
    let mut till_sales = 0;
    for till in &mut tills {
        let z = close(till)?;
        till_sales += int(&z, "/totals/sales")?;
        summary.till_total_minor += int(&z, "/totals/total_minor")?;
    }
    for mut till in tills {
        sync_up(&mut till)?;
        let verified = till.ask("ledger.verify", &json!({}))?;
        ensure!(verified["faults"] == json!([]), "the ledger does not hold: {verified}");
        // Nothing is left unsent, so everything the ledger holds was proved to be with the server.
        summary.events_sent += int(&verified, "/events")?;
        till.finish_and_verify()?;
    }

    let token = club.admin_token()?;
    let totals = club.admin_get(&token, &format!("/v1/admin/board?business_date={business_date}"))?;
    summary.server_sales = int(&totals, "/totals/sales")?;
    summary.server_total_minor = int(&totals, "/totals/total_minor")?;
    ensure!(totals["flags"] == json!([]), "head office flags {}", totals["flags"]);
    ensure!(
        till_sales == summary.sales,
        "{} sales were answered, the closing reports have {till_sales}",
        summary.sales
    );
    Ok(summary)
}

/// Both sides agree, in pesos and in number.
pub fn agree(summary: &Summary) -> Result<()> {
    ensure!(
        summary.server_total_minor == summary.till_total_minor && summary.server_sales == summary.sales,
        "head office and the tills disagree"
    );
    Ok(())
}

fn open_registers(club: &Club, tills: &mut [Till; 2]) -> Result<String> {
    let mut business_date = String::new();
    for till in tills {
        // The second till enrolled after the first had fetched; each has to know the other's key.
        till.ask("sync.run", &json!({}))?;
        business_date = open_register(club, till)?;
    }
    Ok(business_date)
}

/// Signs the manager in and opens the drawer. Answers the business date.
pub fn open_register(club: &Club, till: &mut Till) -> Result<String> {
    let (staff_id, pin) = club.person("manager")?;
    let status = till.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }))?;
    let float = count_out(FLOAT_MINOR, &denominations(&status)?);
    let status = till.ask("register.open", &json!({ "float": float }))?;
    Ok(text(&status, "/session/business_date")?.to_owned())
}

/// Sells one of the first product for sale, for exact cash. Answers the completed sale.
pub fn sell_one(till: &mut Till) -> Result<Value> {
    let catalog = till.ask("catalog.list", &json!({}))?;
    let product_id = text(&catalog, "/categories/0/products/0/product_id")?;
    let sale = till.ask("sale.add", &json!({ "product_id": product_id }))?;
    till.ask("sale.complete", &json!({ "cash_tendered_minor": int(&sale, "/cash_due_minor")? }))
}

fn denominations(status: &Value) -> Result<Vec<i64>> {
    let list = status["denominations"].as_array().context("the till knows no notes")?;
    Ok(list.iter().filter_map(Value::as_i64).collect())
}

struct Sold {
    sales: i64,
    card_sales: i64,
    card_declined: i64,
    tickets: i64,
    events_per_s: u64,
}

/// Sells as fast as the till answers. The mix is the same every night.
fn sell(till: &mut Till, place: u64, limit: Duration) -> Result<Sold> {
    let catalog = till.ask("catalog.list", &json!({}))?;
    let categories = catalog["categories"].as_array().context("no catalogue")?;
    let products: Vec<&str> = categories
        .iter()
        .flat_map(|category| category["products"].as_array().into_iter().flatten())
        .filter_map(|product| product["product_id"].as_str())
        .collect();
    ensure!(products.len() > 20, "only {} products are for sale", products.len());
    let unsent = |till: &mut Till| int(&till.ask("status.get", &json!({}))?, "/server/unsent_events");
    let before = unsent(till)?;

    let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ (place + 1));
    let mut sold = Sold { sales: 0, card_sales: 0, card_declined: 0, tickets: 0, events_per_s: 0 };
    let watch = Stopwatch::start();
    while !watch.left_of(limit).is_zero() {
        let mut sale = Value::Null;
        for _ in 0..=dice.below(3) {
            let product = products[dice.below(products.len())];
            let quantity = 1_000 * (1 + dice.below(3));
            sale = till.ask("sale.add", &json!({ "product_id": product, "quantity_milli": quantity }))?;
        }
        // Every fifth guest pays by card, and the first one so that short nights have one too.
        let is_paid = sold.sales % 5 == 0 && pay_by_card(till, &mut sold)?;
        let args = if is_paid { json!({}) } else { json!({ "cash_tendered_minor": cash_for(&sale, &mut dice)? }) };
        let done = till.ask("sale.complete", &args)?;
        sold.sales += 1;
        sold.card_sales += i64::from(is_paid);
        sold.tickets += i64::try_from(done["tickets"].as_array().map_or(0, Vec::len))?;
    }
    let took_ms = u64::try_from(watch.elapsed().as_millis())?.max(1);
    let written = u64::try_from(unsent(till)? - before)?;
    sold.events_per_s = written * 1_000 / took_ms;
    Ok(sold)
}

/// Approved, or declined: then the guest finds some cash.
fn pay_by_card(till: &mut Till, sold: &mut Sold) -> Result<bool> {
    let started = till.ask("card.start", &json!({}))?;
    let payment_id = &started["payment"]["payment_id"];
    let ended = till.ask("card.wait", &json!({ "payment_id": payment_id, "timeout_ms": 60_000 }))?;
    let state = text(&ended, "/payment/state/state").or_else(|_| text(&ended, "/payment/state"))?;
    match state {
        "approved" => Ok(true),
        "declined" => {
            sold.card_declined += 1;
            Ok(false)
        }
        other => bail!("a card payment ended as {other}: {ended}"),
    }
}

/// Exact, or one of the sums of real notes the till suggests.
fn cash_for(sale: &Value, dice: &mut Dice) -> Result<i64> {
    let sums = sale["cash_suggestions"].as_array().map(Vec::as_slice).unwrap_or_default();
    if sums.is_empty() { int(sale, "/cash_due_minor") } else { sums[dice.below(sums.len())].as_i64().context("a sum") }
}

/// Sends until nothing is left, then listens once more for what the others said meanwhile.
pub fn sync_up(till: &mut Till) -> Result<()> {
    for _ in 0..1_000 {
        if int(&till.ask("sync.run", &json!({}))?, "/unsent_events")? == 0 {
            return Ok(());
        }
    }
    bail!("the till does not get rid of its events")
}

/// Takes tickets from the printer of one till to the bar of the other.
fn redeem(printed_at: &Counter, issued: i64, bar: &mut Till) -> Result<i64> {
    let wanted = usize::try_from(issued)?.min(REDEEM_AT_MOST);
    let mut codes = Vec::new();
    while codes.len() < wanted {
        let paper = printed_at
            .next_paper(PAPER_LIMIT)
            .with_context(|| format!("{} of {wanted} tickets came out", codes.len()))?;
        let qr = paper["qr"].as_array().into_iter().flatten().filter_map(Value::as_str);
        codes.extend(qr.filter(|code| code.starts_with("T1")).map(str::to_owned));
    }
    codes.truncate(wanted);
    for code in &codes {
        bar.ask("ticket.redeem", &json!({ "code": code }))?;
    }
    // A photograph of the ticket buys nothing.
    if let Some(code) = codes.first() {
        match bar.try_ask("ticket.redeem", &json!({ "code": code }))? {
            Err(refusal) if refusal.code == "ticket_delivered" => {}
            Err(refusal) => bail!("a ticket used twice was refused, but as {}", refusal.error),
            Ok(_) => bail!("a ticket was redeemed twice"),
        }
    }
    Ok(i64::try_from(codes.len())?)
}

/// Counts what must be in the drawer, and closes.
fn close(till: &mut Till) -> Result<Value> {
    let status = till.ask("status.get", &json!({}))?;
    let reading = till.ask("register.read", &json!({}))?;
    let cash = FLOAT_MINOR + int(&reading, "/totals/cash_minor")?;
    let z = till.ask("register.close", &json!({ "counted": count_out(cash, &denominations(&status)?) }))?;
    ensure!(int(&z, "/variance_minor")? == 0, "the drawer does not fit the ledger: {z}");
    Ok(z)
}

/// The same throws every night (xorshift), so that two nights can be compared.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}
