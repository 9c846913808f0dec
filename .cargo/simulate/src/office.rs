//! Head office at work, and everything that goes wrong on its own.

use shared::catalog::Product;
use shared::ids::{CategoryId, LogId, ProductId, StaffId};
use shared::merge::Marks;
use shared::sync::stream::StreamName;
use shared::tax::RateBp;

use crate::faults::Fault;
use crate::invariants::Violation;
use crate::sabotage::Bug;
use crate::server::{self, project};
use crate::till::Till;
use crate::till::disk::products;
use crate::world::{Due, World};

/// Machines in a world, copies included.
const MOST_TILLS: usize = 8;
const TEN_YEARS_MS: i64 = 10 * 365 * 24 * 3600 * 1000;

impl World {
    /// Something head office does.
    pub(crate) fn office(&mut self) {
        if self.quiet {
            return;
        }
        let next = self.now + self.rng.between(5_000, 120_000);
        self.at(next, Due::Office);
        let company = self.rng.place(self.dbs.len());
        match self.rng.below(9) {
            0 | 1 => self.publish_product(company),
            2 => self.change_product(company),
            3 => self.withdraw_product(company),
            4 => self.revoke_staff(company),
            5 => self.edit_staff(company),
            6 => self.snapshot(company),
            7 => self.back_up(company),
            _ => self.cut_streams(company),
        }
    }

    pub(crate) fn publish_product(&mut self, company: usize) {
        self.products += 1;
        let id = ProductId::from_uuid(uuid::Uuid::from_u128(u128::from(self.products)));
        self.put_product(company, id);
    }

    fn put_product(&mut self, company: usize, id: ProductId) {
        let dear = self.rng.chance(100);
        let price_minor = if dear { self.rng.between(10_000_000, 90_000_000) } else { self.rng.between(100, 99_999) };
        let product = Product {
            product_id: id,
            number: 1,
            sku: format!("SKU-{id}"),
            name: format!("Product of company {company}"),
            category_id: CategoryId::from_uuid(uuid::Uuid::from_u128(1)),
            price_minor,
            tax_rate_bp: RateBp(if self.rng.chance(500) { 2_100 } else { 1_200 }),
            barcodes: Vec::new(),
            is_ticketed: false,
            position: 1,
            is_active: true,
            tags: Vec::new(),
            marks: Marks::default(),
        };
        let value = serde_json::to_string(&product).unwrap_or_default();
        server::publish(&mut self.dbs[company], StreamName::Catalog, &format!("product/{id}"), &value, self.now);
    }

    fn some_product(&mut self, company: usize) -> Option<String> {
        let records = &self.dbs[company].streams.get(&StreamName::Catalog)?.records;
        let keys = products(records).map(|(key, _)| key);
        let count = keys.clone().count();
        keys.clone().nth(self.rng.place(count)).map(ToString::to_string)
    }

    fn change_product(&mut self, company: usize) {
        let id = self.some_product(company).and_then(|key| key.strip_prefix("product/")?.parse().ok());
        if let Some(id) = id {
            self.put_product(company, id);
        }
    }

    fn withdraw_product(&mut self, company: usize) {
        let Some(key) = self.some_product(company) else { return };
        let stream = self.dbs[company].streams.entry(StreamName::Catalog).or_default();
        if products(&stream.records).count() > 3 {
            stream.delete(&key, self.now);
        }
    }

    /// A person as the catalogue shows them. Who was withdrawn stays withdrawn, whatever is edited after.
    pub(crate) fn publish_staff(&mut self, company: usize, id: StaffId, is_active: bool) {
        let db = &mut self.dbs[company];
        let key = id.to_string();
        let was_revoked = db.revoked_staff.contains_key(key.as_str());
        let is_active = is_active && (!was_revoked || self.bug == Some(Bug::Unrevoked));
        let value = format!(r#"{{"staff_id":"{id}","name":"Somebody","is_active":{is_active}}}"#);
        let stream = db.streams.entry(StreamName::Catalog).or_default();
        stream.put(&format!("staff/{id}"), &value, self.now);
        if !is_active {
            let seq = stream.head_seq();
            db.revoked_staff.entry(key.as_str().into()).or_insert(seq);
        }
        self.check_revocation(company, id, is_active);
    }

    fn somebody(&mut self, company: usize) -> Option<StaffId> {
        let till = self.tills.iter().find(|till| till.company == company)?;
        let place = self.rng.place(till.staff.len());
        Some(till.staff[place])
    }

    fn revoke_staff(&mut self, company: usize) {
        if self.faults.has(Fault::Revocation)
            && let Some(id) = self.somebody(company)
        {
            self.publish_staff(company, id, false);
        }
    }

    fn edit_staff(&mut self, company: usize) {
        if let Some(id) = self.somebody(company) {
            self.publish_staff(company, id, true);
        }
    }

    /// Makes snapshots of a company's streams.
    fn snapshot(&mut self, company: usize) {
        let key = self.company_key(company).clone();
        let db = &mut self.dbs[company];
        let names: Vec<_> = db.streams.keys().copied().collect();
        for name in names {
            let log_id = db.log_id;
            let Some(stream) = db.streams.get_mut(&name) else { continue };
            // A bug reads the records a little before the number: in between, something is published.
            let before = (self.bug == Some(Bug::SnapshotTorn)).then(|| stream.clone());
            if before.is_some() {
                let id = ProductId::from_uuid(uuid::Uuid::from_u128(u128::from(self.products) + 1_000_000));
                self.products += 1;
                stream.put(&format!("product/{id}"), "{}", self.now);
            }
            stream.make_snapshot(name, log_id, &key, before.as_ref());
        }
        self.check_snapshots(company);
    }

    fn back_up(&mut self, company: usize) {
        let backup = self.dbs[company].clone();
        self.backups[company].push(backup);
    }

    /// Cuts off what is in a snapshot.
    fn cut_streams(&mut self, company: usize) {
        if !self.faults.has(Fault::Compaction) || self.is_old {
            return;
        }
        self.snapshot(company);
        for stream in self.dbs[company].streams.values_mut() {
            let keep = self.rng.below(6);
            let covered = stream.snapshot.as_ref().map_or(0, |(manifest, _)| manifest.seq);
            stream.truncate_before(covered.saturating_sub(keep));
        }
    }

    /// Something goes wrong.
    pub(crate) fn trouble(&mut self) {
        if self.quiet {
            return;
        }
        let next = self.now + self.rng.between(5_000, 60_000);
        self.at(next, Due::Trouble);
        let till = self.rng.place(self.tills.len());
        if self.rng.chance(300) && self.tills[till].backups.len() < 4 {
            let backup = self.tills[till].disk.clone();
            self.tills[till].backups.push(backup);
        }
        let on: Vec<_> = self.faults.list().collect();
        if on.is_empty() {
            return;
        }
        let fault = on[self.rng.place(on.len())];
        self.note(50, &[fault as u64, till as u64]);
        match fault {
            Fault::Partition => {
                let cut = if self.rng.chance(100) { 72 * 3_600_000 } else { self.rng.between(10_000, 900_000) };
                self.tills[till].cut_until = self.now + cut;
            }
            Fault::TillCrash if self.tills[till].process.is_some() => self.kill(till),
            Fault::ServerCrash if self.is_up => self.crash_server(),
            Fault::TillRestore if self.rng.chance(400) => self.restore_till(till),
            Fault::ServerRestore if self.rng.chance(400) => self.restore_server(),
            Fault::DiskClone if self.tills.len() < MOST_TILLS => self.clone_disk(till),
            Fault::LiveClone if self.tills.len() < MOST_TILLS => self.clone_live(till),
            Fault::ClockJump => {
                let jump = if self.rng.chance(500) { TEN_YEARS_MS } else { 3_600_000 };
                self.tills[till].skew = self.rng.between(-jump, jump);
            }
            Fault::DiskFull => self.tills[till].full_until = self.now + self.rng.between(1_000, 300_000),
            Fault::Upgrade => self.upgrade(till),
            Fault::Revocation if self.rng.chance(150) => self.revoke(till),
            Fault::Pressure => self.window = [1, 7, 100, 4_096][self.rng.place(4)],
            Fault::OldServer if self.rng.chance(100) => self.is_old = false,
            _ => {}
        }
    }

    /// What nobody holds any more after a disaster was lost by the disaster, and by nothing else.
    fn excusing(&mut self, disaster: impl FnOnce(&mut Self)) {
        let before: Vec<_> = self.told.iter().map(|(company, event)| self.is_held(*company, event)).collect();
        disaster(self);
        for (place, was_held) in before.into_iter().enumerate() {
            let (company, event) = &self.told[place];
            if was_held && !self.is_held(*company, event) {
                self.excused.insert(*event.hash.as_bytes());
            }
        }
    }

    fn restore_till(&mut self, till: usize) {
        if self.tills[till].backups.is_empty() {
            return;
        }
        self.excusing(|world| {
            let place = world.rng.place(world.tills[till].backups.len());
            let backup = world.tills[till].backups[place].clone();
            world.tills[till].synced = Some(backup.clone());
            world.tills[till].latest_hlc = backup.hlc.bits();
            world.tills[till].disk = backup;
            world.tills[till].process = None;
        });
        let back = self.now + self.rng.between(500, 90_000);
        self.at(back, Due::Boot(till));
    }

    fn restore_server(&mut self) {
        let company = self.rng.place(self.dbs.len());
        if self.backups[company].is_empty() {
            return;
        }
        self.excusing(|world| {
            let place = world.rng.place(world.backups[company].len());
            let mut db = world.backups[company][place].clone();
            // What was withdrawn is withdrawn: the restore tool carries that over.
            db.revoked.clone_from(&world.dbs[company].revoked);
            // A program is not restored with its data.
            if world.dbs[company].knows_tips && !db.knows_tips {
                db.knows_tips = true;
                project::replay(&mut db, world.bug, world.now);
            }
            if world.bug != Some(Bug::LogKept) {
                let parent = db.log_id;
                db.parent_logs.insert(0, parent);
                db.log_id = LogId::from_uuid(world.rng.id());
            }
            world.dbs[company] = db;
            // A cut stream needs a snapshot of the new log: the restore tool makes it.
            world.snapshot(company);
            if let Some(durable) = &mut world.durable {
                durable.clone_from(&world.dbs);
            }
        });
        self.epoch += 1;
        self.is_up = false;
        let back = self.now + self.rng.between(1_000, 120_000);
        self.at(back, Due::ServerUp);
    }

    fn copy_of(&mut self, till: usize) -> usize {
        let of = &self.tills[till];
        let copy = Till {
            company: of.company,
            origin: of.origin,
            key: of.key.clone(),
            register: of.register,
            staff: of.staff.clone(),
            disk: of.disk.clone(),
            synced: of.synced.clone(),
            process: None,
            backups: Vec::new(),
            skew: of.skew,
            cut_until: of.cut_until,
            full_until: of.full_until,
            acts_left: of.acts_left / 2,
            twin: Some(till),
            is_revoked: of.is_revoked,
            is_new: of.is_new,
            latest_hlc: of.latest_hlc,
            told: Vec::new(),
            checked: Vec::new(),
        };
        self.tills.push(copy);
        let no = self.tills.len() - 1;
        self.tills[till].twin = Some(no);
        let first = self.now + self.rng.between(1_000, 30_000);
        self.at(first, Due::Act(no));
        no
    }

    fn clone_disk(&mut self, till: usize) {
        let copy = self.copy_of(till);
        let first = self.now + self.rng.between(100, 60_000);
        self.at(first, Due::Boot(copy));
    }

    fn clone_live(&mut self, till: usize) {
        let Some(chain) = self.tills[till].process.as_ref().map(|process| process.chain) else { return };
        let copy = self.copy_of(till);
        self.copied.insert(chain);
        self.go_on(copy, chain);
    }

    fn upgrade(&mut self, till: usize) {
        if self.rng.chance(300) {
            self.learn_tips();
            return;
        }
        self.tills[till].is_new = true;
        if self.bug == Some(Bug::UpgradeDropsUnsent) {
            let disk = &mut self.tills[till].disk;
            if let Some(log_id) = disk.log_id {
                for chain in disk.chains.values_mut() {
                    let seq = chain.events.len() as u64;
                    chain.proof = Some(shared::sync::outbox::Proof { log_id, seq });
                }
            }
        }
        // An upgrade is a start.
        if self.tills[till].process.is_some() {
            self.kill(till);
        }
    }

    /// The server is upgraded: what it set aside is looked at again.
    pub(crate) fn learn_tips(&mut self) {
        let (bug, now) = (self.bug, self.now);
        for db in &mut self.dbs {
            if !db.knows_tips {
                db.knows_tips = true;
                project::replay(db, bug, now);
            }
        }
        self.check_quarantine();
    }

    fn revoke(&mut self, till: usize) {
        let (company, device) = (self.tills[till].company, self.tills[till].origin.device);
        self.dbs[company].revoked.insert(device);
        for machine in &mut self.tills {
            machine.is_revoked |= machine.origin.device == device;
        }
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&mut self) {
        self.quiet = true;
        (self.is_up, self.is_old, self.window) = (true, false, 4_096);
        for till in 0..self.tills.len() {
            self.tills[till].acts_left = 0;
            if self.tills[till].process.is_none() {
                self.boot(till);
            }
        }
    }

    /// The first thing broken ends the night.
    pub(crate) fn broken(&mut self, invariant: u8, detail: String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, detail });
        }
    }
}
