//! One night from one seed: what happens, and what must hold after it.
//!
//! Checked, by their numbers in the list of invariants: 1 every answered sale is at head office exactly once; 2 chains
//! are dense and verify; 3 nothing acknowledged is gone after a server's crash; 5 no failure takes an event from a till; 7
//! nobody forks where nobody was copied; 20 receipts without gaps; 26 in the end every queue drains; 28 the same seed is
//! the same night.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use pos_app::Till;
use pos_app::practice::{StandingClock, THAT_NIGHT};
use power_cut::dice::Dice;
use power_cut::office::{Kept, read_server};
use rusqlite::OpenFlags;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync_server::app::seed::club_valdivia;
use sync_server::store::Store;
use sync_server::{Outside, RunningServer};

use crate::machine::{Acked, Papers, ask, exchange, open_till, prove, sell, start_server};
use crate::world::{MachineNo, World};

/// What happens in a night, at most.
const STEPS: u64 = 40;

/// What nights came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) nights: u64,
    pub(crate) till_nights: u64,
    pub(crate) sales: u64,
    pub(crate) refused: u64,
    pub(crate) events: u64,
    pub(crate) cuts: u64,
    pub(crate) cuts_in_the_middle: u64,
    pub(crate) full: u64,
    pub(crate) broken: u64,
    /// Nights played a second time, to be compared.
    pub(crate) twice: u64,
    /// How often each invariant was looked at, by its number.
    pub(crate) invariants: BTreeMap<u8, u64>,
    pub(crate) problems: Vec<Problem>,
    /// Of everything that happened in each night, by its seed.
    pub(crate) traces: BTreeMap<u64, String>,
}

/// A promise that was broken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) seed: u64,
    pub(crate) what: String,
}

impl Summary {
    pub(crate) fn add(&mut self, other: &Self) {
        self.nights += other.nights;
        self.till_nights += other.till_nights;
        self.sales += other.sales;
        self.refused += other.refused;
        self.events += other.events;
        self.cuts += other.cuts;
        self.cuts_in_the_middle += other.cuts_in_the_middle;
        self.full += other.full;
        self.broken += other.broken;
        self.twice += other.twice;
        for (invariant, count) in &other.invariants {
            *self.invariants.entry(*invariant).or_default() += count;
        }
        self.problems.extend(other.problems.iter().cloned());
        self.traces.extend(other.traces.iter().map(|(seed, trace)| (*seed, trace.clone())));
    }

    /// One more look.
    fn look(&mut self, invariant: u8) {
        *self.invariants.entry(invariant).or_default() += 1;
    }

    /// All traces, in order of their seeds, as one.
    pub(crate) fn trace(&self) -> String {
        let mut all = blake3::Hasher::new();
        for trace in self.traces.values() {
            all.update(trace.as_bytes());
        }
        all.finalize().to_hex()[..16].to_owned()
    }
}

/// What all nights begin with: a club with three enrolled tills, drawers open.
pub(crate) struct Stage {
    world: World,
    templates: PathBuf,
    papers: Papers,
    listen: SocketAddr,
}

impl Stage {
    /// Sets it up once.
    pub(crate) fn set(dir: &Path) -> Result<Self> {
        let templates = dir.join("templates");
        std::fs::create_dir_all(&templates)?;
        let clock = Arc::new(StandingClock::at(THAT_NIGHT));
        let office = templates.join("office");
        let outside = Outside { clock: clock.clone(), entropy: Arc::new(pos_app::practice::SeededEntropy::new(0)) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let papers = runtime.block_on(async {
            let store = Store::open(&office).await?;
            let report = club_valdivia(&store, &outside).await?;
            store.close().await;
            anyhow::Ok(serde_json::to_value(report)?)
        })?;
        let server = start_server(&office, SocketAddr::from(([127, 0, 0, 1], 0)), &clock, 0)?;
        let cashier = papers["staff"].as_array().into_iter().flatten().find(|one| one["roles"] == json!(["cashier"]));
        let cashier = cashier.context("nobody is a cashier")?;
        let cashier = json!({ "staff_id": cashier["staff_id"], "pin": cashier["pin"] });
        let mut products = Vec::new();
        for (number, register) in (1_u64..).zip(papers["registers"].as_array().into_iter().flatten()) {
            let till_dir = templates.join(format!("till{number}"));
            std::fs::create_dir(&till_dir)?;
            std::fs::write(till_dir.join("till.toml"), "[ledger]\nballast_mb = 1\n")?;
            let till = open_till(&till_dir, &clock, number)?;
            let enrol = json!({ "server_url": server.url(), "code": register["enrolment_code"] });
            for (command, args) in [
                ("device.enroll", enrol),
                ("operator.log_in", cashier.clone()),
                ("register.open", json!({ "float": [] })),
            ] {
                ask(&till, command, &args).map_err(anyhow::Error::msg)?;
                exchange(&till).map_err(anyhow::Error::msg)?;
            }
            products = product_ids(&ask(&till, "catalog.list", &Value::Null).map_err(anyhow::Error::msg)?);
            till.close();
        }
        let listen = server.addr;
        server.stop();
        let world = World::new(&dir.join("root"), &dir.join("journal"))?;
        Ok(Self { world, templates, papers: Papers { cashier, products }, listen })
    }
}

fn product_ids(catalog: &Value) -> Vec<Value> {
    match catalog {
        Value::Object(fields) if fields.contains_key("product_id") => vec![fields["product_id"].clone()],
        Value::Object(fields) => fields.values().flat_map(product_ids).collect(),
        Value::Array(items) => items.iter().flat_map(product_ids).collect(),
        _ => Vec::new(),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Illness {
    Full,
    Broken,
}

impl Illness {
    fn marker(self) -> &'static str {
        match self {
            Self::Full => "disk-is-full",
            Self::Broken => "disk-is-broken",
        }
    }
}

struct Seller {
    machine: MachineNo,
    till: Option<Arc<Till>>,
    acked: Vec<Acked>,
    illness: Option<Illness>,
}

/// A night under way.
pub(crate) struct Night<'a> {
    stage: &'a mut Stage,
    seed: u64,
    dice: Dice,
    clock: Arc<StandingClock>,
    office: MachineNo,
    server: Option<RunningServer>,
    server_is_ill: bool,
    sellers: Vec<Seller>,
    /// What the server has acknowledged.
    held: BTreeSet<Kept>,
    lives: u64,
    summary: Summary,
    /// What happened, in order.
    story: Vec<String>,
}

/// Plays a night, and once more when asked to. A broken promise is a result; an error is the harness's own.
pub(crate) fn play(stage: &mut Stage, seed: u64, is_twice: bool) -> Result<Summary> {
    let (mut summary, story) = Night::play(stage, seed)?;
    if is_twice {
        let (_, again) = Night::play(stage, seed)?;
        summary.twice += 1;
        summary.look(28);
        if story != again {
            let at = story.iter().zip(&again).take_while(|(once, again)| once == again).count();
            let line = |story: &[String]| story.get(at).map_or("nothing", String::as_str).to_owned();
            let what = format!("invariant 28: played twice, line {at} says {} and {}", line(&story), line(&again));
            summary.problems.push(Problem { seed, what });
        }
    }
    let trace = blake3::hash(story.join("\n").as_bytes()).to_hex()[..16].to_owned();
    summary.traces.insert(seed, trace);
    Ok(summary)
}

impl<'a> Night<'a> {
    fn play(stage: &'a mut Stage, seed: u64) -> Result<(Summary, Vec<String>)> {
        let mut dice = Dice::new(seed, "night", 0);
        let tills = 1 + dice.below(3);
        let office = stage.world.add("office", &stage.templates.join("office"))?;
        let clock = Arc::new(StandingClock::at(THAT_NIGHT.plus_millis(60_000)));
        let mut night = Self {
            stage,
            seed,
            dice,
            clock,
            office,
            server: None,
            server_is_ill: false,
            sellers: Vec::new(),
            held: BTreeSet::new(),
            lives: 0,
            summary: Summary { nights: 1, till_nights: tills, ..Summary::default() },
            story: Vec::new(),
        };
        for number in 1..=tills {
            let name = format!("till{number}");
            let machine = night.stage.world.add(&name, &night.stage.templates.join(&name))?;
            night.sellers.push(Seller { machine, till: None, acked: Vec::new(), illness: None });
        }
        if let Err(problem) = night.run() {
            night.summary.problems.push(Problem { seed, what: format!("{problem:#}") });
        }
        let Night { stage, sellers, server, summary, story, .. } = night;
        drop((sellers, server));
        stage.world.clear()?;
        Ok((summary, story))
    }

    fn run(&mut self) -> Result<()> {
        self.start_server()?;
        for place in 0..self.sellers.len() {
            self.open(place)?;
        }
        for step in 0..STEPS {
            let pause = u32::try_from(self.dice.below(90_000))?;
            self.clock.pass(pause);
            let place = self.dice.index(self.sellers.len());
            let done = match self.dice.below(100) {
                0..55 => self.sale(place),
                55..75 => self.sync(place).map(drop),
                75..79 => self.cut_till(place),
                79..84 => self.cut_till_in_the_middle(place),
                84..87 => self.cut_server(),
                87..90 => self.cut_server_in_the_middle(place),
                90..93 => self.fall_ill(place, Illness::Full),
                93..95 => self.fall_ill(place, Illness::Broken),
                95..97 => self.server_falls_ill(),
                97..99 => self.server_away(),
                _ => self.restart(place),
            };
            done.with_context(|| format!("step {step}"))?;
        }
        self.settle().context("at the end")
    }

    fn note(&mut self, what: &str, place: usize, outcome: impl std::fmt::Debug) {
        self.story.push(format!("{what} {place} {outcome:?}"));
    }

    fn start_server(&mut self) -> Result<()> {
        self.lives += 1;
        let seed = self.seed << 16 | self.lives;
        self.server = Some(start_server(self.stage.world.dir(self.office), self.stage.listen, &self.clock, seed)?);
        Ok(())
    }

    fn open(&mut self, place: usize) -> Result<()> {
        self.lives += 1;
        let seed = self.seed << 16 | self.lives;
        let till = open_till(self.stage.world.dir(self.sellers[place].machine), &self.clock, seed)?;
        ask(&till, "operator.log_in", &self.stage.papers.cashier).map_err(anyhow::Error::msg)?;
        // A cut may have left something on the counter.
        ask(&till, "sale.abandon", &Value::Null).map_err(anyhow::Error::msg)?;
        self.sellers[place].till = Some(till);
        Ok(())
    }

    fn till(&self, place: usize) -> Result<Arc<Till>> {
        self.sellers[place].till.clone().context("the till is open")
    }

    fn sale(&mut self, place: usize) -> Result<()> {
        let till = self.till(place)?;
        let sold = sell(&till, &self.stage.papers, &mut self.dice);
        let seller = &mut self.sellers[place];
        match (sold, seller.illness) {
            (Ok(_), Some(Illness::Broken)) => anyhow::bail!("a sale was answered for on a disk that keeps nothing"),
            (Ok(sale), _) => {
                self.note("sale", place, sale.1);
                self.sellers[place].acked.push(sale);
                self.summary.sales += 1;
            }
            (Err(_), Some(_)) => {
                self.note("refused", place, ());
                self.summary.refused += 1;
            }
            (Err(why), None) => anyhow::bail!("refused on a healthy disk: {why}"),
        }
        Ok(())
    }

    /// True when everything was sent. A failure is allowed where something is ill or away.
    fn sync(&mut self, place: usize) -> Result<bool> {
        let till = self.till(place)?;
        let synced = exchange(&till);
        let may_fail = self.sellers[place].illness.is_some() || self.server_is_ill || self.server.is_none();
        self.note("sync", place, synced.is_ok());
        match synced {
            Ok(report) => {
                // What it proved to the till must never be missing again.
                self.held = self.kept()?;
                Ok(report.unsent_events == 0)
            }
            Err(_) if may_fail => Ok(false),
            Err(why) => anyhow::bail!("not sent, though all is well: {why}"),
        }
    }

    fn kept(&self) -> Result<BTreeSet<Kept>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(read_server(self.stage.world.dir(self.office), flags)?.into_iter().collect())
    }

    /// The power goes while the till rests, ill or not.
    fn cut_till(&mut self, place: usize) -> Result<()> {
        self.stage.world.catch_up()?;
        self.note("cut", place, ());
        let tree = self.stage.world.after_cut(self.sellers[place].machine, &mut self.dice);
        self.bring_back(place, &tree)
    }

    /// The power goes while the till sells or syncs.
    fn cut_till_in_the_middle(&mut self, place: usize) -> Result<()> {
        self.stage.world.catch_up()?;
        let till = self.till(place)?;
        if self.dice.percent(70) {
            // Nobody heard the answer.
            drop(sell(&till, &self.stage.papers, &mut self.dice));
        } else {
            drop(exchange(&till));
        }
        let news = self.stage.world.news()?;
        let moment = self.dice.index(news.len() + 1);
        self.note("cut in the middle", place, (moment, news.len()));
        self.stage.world.see(&news[..moment])?;
        let tree = self.stage.world.after_cut(self.sellers[place].machine, &mut self.dice);
        self.stage.world.see(&news[moment..])?;
        self.summary.cuts_in_the_middle += 1;
        self.bring_back(place, &tree)
    }

    /// The till starts again on what its disk held; ill disks are changed for good ones.
    fn bring_back(&mut self, place: usize, tree: &power_cut::disk::Tree) -> Result<()> {
        self.heal(place)?;
        self.sellers[place].till = None;
        let from = self.stage.world.dir(self.sellers[place].machine).to_owned();
        self.stage.world.revive(self.sellers[place].machine, tree, &from)?;
        self.summary.cuts += 1;
        self.open(place)?;
        for invariant in [1, 2, 5, 20] {
            self.summary.look(invariant);
        }
        let seller = &self.sellers[place];
        prove(self.stage.world.dir(seller.machine), &seller.acked).map(drop)
    }

    /// The power goes at head office.
    fn cut_server(&mut self) -> Result<()> {
        self.stage.world.catch_up()?;
        self.note("server cut", 0, ());
        let tree = self.stage.world.after_cut(self.office, &mut self.dice);
        self.bring_server_back(&tree)
    }

    /// The power goes at head office and at the till that is talking to it, at the same moment.
    fn cut_server_in_the_middle(&mut self, place: usize) -> Result<()> {
        self.stage.world.catch_up()?;
        let till = self.till(place)?;
        drop(exchange(&till));
        let news = self.stage.world.news()?;
        let moment = self.dice.index(news.len() + 1);
        self.note("both cut in the middle", place, (moment, news.len()));
        self.stage.world.see(&news[..moment])?;
        let tree = self.stage.world.after_cut(self.office, &mut self.dice);
        let tills = self.stage.world.after_cut(self.sellers[place].machine, &mut self.dice);
        self.stage.world.see(&news[moment..])?;
        self.summary.cuts_in_the_middle += 1;
        self.bring_server_back(&tree)?;
        self.bring_back(place, &tills)
    }

    fn bring_server_back(&mut self, tree: &power_cut::disk::Tree) -> Result<()> {
        self.heal_server()?;
        self.server = None;
        let from = self.stage.world.dir(self.office).to_owned();
        self.stage.world.revive(self.office, tree, &from)?;
        self.summary.cuts += 1;
        self.start_server()?;
        let kept = self.kept()?;
        let lost = self.held.difference(&kept).count();
        self.summary.look(3);
        ensure!(lost == 0, "invariant 3: {lost} of {} acknowledged events are gone", self.held.len());
        Ok(())
    }

    fn fall_ill(&mut self, place: usize, illness: Illness) -> Result<()> {
        if self.sellers[place].illness.is_some() {
            // A full disk is made room on; after a broken one only a cut and a start help.
            return match self.sellers[place].illness {
                Some(Illness::Full) => self.heal(place),
                _ => self.cut_till(place),
            };
        }
        std::fs::create_dir(self.stage.world.dir(self.sellers[place].machine).join(illness.marker()))?;
        self.sellers[place].illness = Some(illness);
        match illness {
            Illness::Full => self.summary.full += 1,
            Illness::Broken => self.summary.broken += 1,
        }
        self.note("ill", place, illness);
        Ok(())
    }

    fn heal(&mut self, place: usize) -> Result<()> {
        if let Some(illness) = self.sellers[place].illness.take() {
            std::fs::remove_dir(self.stage.world.dir(self.sellers[place].machine).join(illness.marker()))?;
            // A till with workers looks for room every minute; nights have no minutes of that kind.
            if let (Illness::Full, Some(till)) = (illness, &self.sellers[place].till) {
                till.ledger().load_ballast()?;
            }
        }
        Ok(())
    }

    fn server_falls_ill(&mut self) -> Result<()> {
        if self.server_is_ill {
            return self.heal_server();
        }
        std::fs::create_dir(self.stage.world.dir(self.office).join(Illness::Full.marker()))?;
        self.server_is_ill = true;
        self.summary.full += 1;
        self.note("server ill", 0, ());
        Ok(())
    }

    fn heal_server(&mut self) -> Result<()> {
        if std::mem::take(&mut self.server_is_ill) {
            std::fs::remove_dir(self.stage.world.dir(self.office).join(Illness::Full.marker()))?;
        }
        Ok(())
    }

    /// The server is stopped in order, or comes back.
    fn server_away(&mut self) -> Result<()> {
        self.heal_server()?;
        self.note("server away", 0, self.server.is_some());
        if let Some(server) = self.server.take() {
            server.stop();
            return Ok(());
        }
        self.start_server()
    }

    /// The till is closed in order and opened again.
    fn restart(&mut self, place: usize) -> Result<()> {
        if self.sellers[place].illness == Some(Illness::Broken) {
            return self.cut_till(place);
        }
        self.heal(place)?;
        self.sellers[place].till = None;
        self.note("restart", place, ());
        self.open(place)
    }

    /// Everything works again: all that was written goes to head office, and both sides hold the same.
    fn settle(&mut self) -> Result<()> {
        self.heal_server()?;
        if self.server.is_none() {
            self.start_server()?;
        }
        for invariant in [1, 2, 7, 20, 26] {
            self.summary.look(invariant);
        }
        let mut written = BTreeSet::new();
        for place in 0..self.sellers.len() {
            match self.sellers[place].illness {
                Some(Illness::Broken) => self.cut_till(place)?,
                _ => self.heal(place)?,
            }
            let mut is_sent = false;
            for _ in 0..5 {
                is_sent = is_sent || self.sync(place)?;
            }
            ensure!(is_sent, "invariant 26: the till's queue does not drain");
            let seller = &self.sellers[place];
            written.extend(prove(self.stage.world.dir(seller.machine), &seller.acked)?);
        }
        let kept = self.kept()?;
        ensure!(kept.iter().all(|event| event.branch == 0), "invariant 7: two histories of one chain");
        let mut places = kept.iter().map(|event| (&event.chain, event.seq)).collect::<Vec<_>>();
        places.dedup();
        ensure!(places.len() == kept.len(), "invariant 2: two events under one number");
        let kept: BTreeSet<String> = kept.iter().map(|event| event.line.clone()).collect();
        let missing = written.difference(&kept).count();
        ensure!(missing == 0, "invariant 1: {missing} events never reached head office");
        self.summary.events += written.len() as u64;
        self.story.extend(written);
        Ok(())
    }
}
