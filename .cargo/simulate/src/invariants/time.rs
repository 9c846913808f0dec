//! Invariants 24 and 25: clocks that rise, people who stay withdrawn.

use shared::ids::StaffId;
use shared::sync::stream::StreamName;

use crate::till::night::Written;
use crate::world::World;

impl World {
    /// 7, 15, 24, 25: an event as it is about to be written.
    pub(crate) fn check_written(&mut self, till: usize, written: &Written) {
        self.written.insert(*written.event.hash.as_bytes());
        self.checks.look(24);
        let machine = &mut self.tills[till];
        let (latest, now) = (machine.latest_hlc, written.hlc.bits());
        machine.latest_hlc = latest.max(now);
        if now <= latest {
            return self.broken(24, format!("till {till} wrote {now} after {latest}"));
        }
        if let Some(sale) = &written.sale {
            self.check_sale(till, sale);
        }
        self.check_actor(till, written);
        self.check_sealed(till, &written.event);
    }

    /// 25: nobody acts whom this till knows to be withdrawn.
    fn check_actor(&mut self, till: usize, written: &Written) {
        let Some(actor) = written.actor else { return };
        self.checks.look(25);
        let key = format!("staff/{actor}");
        let copies = self.tills[till].disk.copies.get(&StreamName::Catalog);
        let is_withdrawn =
            copies.and_then(|it| it.get(key.as_str())).is_some_and(|it| it.contains(r#""is_active":false"#));
        if is_withdrawn {
            self.broken(25, format!("{actor} acted at till {till}, which knew better"));
        }
    }

    /// 25: who was withdrawn is not let in again by an edit.
    pub(crate) fn check_revocation(&mut self, company: usize, id: StaffId, is_active: bool) {
        self.checks.look(25);
        if is_active && self.dbs[company].revoked_staff.contains_key(id.to_string().as_str()) {
            self.broken(25, format!("{id} was withdrawn, and is back"));
        }
    }
}
