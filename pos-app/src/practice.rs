//! A head office made up on the spot, with a clock that stands still: for tests, benches and rehearsals. What it says
//! goes in by the same doors as what the server says; what its tills sell, nobody else believes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64URL_NOPAD;
use shared::catalog::barcode::check_digit;
use shared::catalog::{Category, Product};
use shared::event::Seen;
use shared::ids::{CategoryId, DeviceId, Entropy, LogId, ProductId, RegisterId, StaffId, TenantId, VenueId};
use shared::keys::{PublicKey, SigningKey};
use shared::merge::Marks;
use shared::money::{CashRounding, Currency, Tie};
use shared::staff::{Role, StaffMember};
use shared::sync::certificate::Certificate;
use shared::sync::protocol::EnrollReply;
use shared::tax::RateBp;
use shared::time::{Clock, Timestamp};
use shared::venue::{DeviceRecord, PaperTemplate, RedemptionPolicy, Register, Venue};

use crate::app::Till;
use crate::commands::CommandError;
use crate::ledger::{catalog, product};

/// 21 November 2026, 23:53 in Santiago.
pub const THAT_NIGHT: Timestamp = Timestamp::from_millis(1_795_315_980_000);

/// A clock that moves when told to.
#[derive(Debug)]
pub struct StandingClock {
    wall_ms: AtomicI64,
    up_ms: AtomicU64,
}

impl StandingClock {
    /// Stands at a moment.
    pub fn at(now: Timestamp) -> Self {
        Self { wall_ms: AtomicI64::new(now.as_millis()), up_ms: AtomicU64::new(0) }
    }

    /// Time passes.
    pub fn pass(&self, ms: u32) {
        self.wall_ms.fetch_add(i64::from(ms), Ordering::SeqCst);
        self.up_ms.fetch_add(u64::from(ms), Ordering::SeqCst);
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, now: Timestamp) {
        self.wall_ms.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall_ms.load(Ordering::SeqCst))
    }

    fn up_ms(&self) -> u64 {
        self.up_ms.load(Ordering::SeqCst)
    }
}

/// Bytes that look random and are the same for the same seed.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<blake3::OutputReader>);

impl SeededEntropy {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_be_bytes());
        Self(Mutex::new(hasher.finalize_xof()))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill(bytes);
    }
}

/// A company with one venue, three registers, two categories and a few products.
pub struct HeadOffice {
    /// Whose.
    pub tenant_id: TenantId,
    /// Where.
    pub venue: Venue,
    /// The drawers: BMB, BTZ, BVP.
    pub registers: Vec<Register>,
    /// What is sold: 1 Piscola (ticketed), 2 Cerveza (ticketed), 3 Agua, 4 Papas fritas, 5 withdrawn.
    pub products: Vec<Product>,
    /// Bar and kitchen.
    pub categories: Vec<Category>,
    key: SigningKey,
    pepper: Vec<u8>,
    log_id: LogId,
    entropy: SeededEntropy,
}

impl HeadOffice {
    /// Opens one. The same seed gives the same company.
    pub fn new(seed: u64) -> Self {
        let entropy = SeededEntropy::new(seed);
        let mut secret = [0; 64];
        entropy.fill(&mut secret);
        let (key, pepper) = secret.split_at(32);
        let venue = Venue {
            venue_id: VenueId::new(THAT_NIGHT, &entropy),
            name: "Club Valdivia".into(),
            tax_id: "76.543.210-3".into(),
            address: "General Lagos 1234, Valdivia".into(),
            currency: Currency::Clp,
            time_zone: "America/Santiago".into(),
            cut_over_minutes: 360,
            cash_rounding: CashRounding { unit_minor: 10, tie: Tie::Down, keeps_nonzero: false },
            ticket_valid_days: 1,
            redemption_policy: RedemptionPolicy::default(),
            paper: PaperTemplate::default(),
        };
        let register = |(code, name): (&str, &str)| Register {
            register_id: RegisterId::new(THAT_NIGHT, &entropy),
            venue_id: venue.venue_id,
            code: code.into(),
            name: name.into(),
        };
        let registers = [("BMB", "Barra principal"), ("BTZ", "Terraza"), ("BVP", "VIP")].map(register).to_vec();
        let category = |(position, name): (u16, &str)| Category {
            category_id: CategoryId::new(THAT_NIGHT, &entropy),
            name: name.into(),
            tint: 1,
            position,
            is_active: true,
        };
        let categories = [(1, "Tragos"), (2, "Cocina")].map(category).to_vec();
        let product =
            |(number, name, place, price_minor, is_ticketed, is_active): (u16, &str, usize, _, _, _)| Product {
                product_id: ProductId::new(THAT_NIGHT, &entropy),
                number,
                sku: format!("CV-{number:03}"),
                name: name.into(),
                category_id: categories[place].category_id,
                price_minor,
                tax_rate_bp: RateBp(1_900),
                barcodes: vec![barcode(number)],
                is_ticketed,
                position: number,
                is_active,
                tags: Vec::new(),
                marks: Marks::default(),
            };
        let products = [
            (1, "Piscola Alto del Carmen", 0, 5_990, true, true),
            (2, "Cerveza Kunstmann Torobayo", 0, 3_500, true, true),
            (3, "Agua mineral sin gas", 0, 1_995, false, true),
            (4, "Papas fritas", 1, 4_500, false, true),
            (5, "Ponche de la casa", 0, 2_000, true, false),
        ];
        let products = products.map(product).to_vec();
        let (tenant_id, log_id) = (TenantId::new(THAT_NIGHT, &entropy), LogId::new(THAT_NIGHT, &entropy));
        let key = SigningKey::from_bytes(key.try_into().expect("half of 64 bytes"));
        Self { tenant_id, venue, registers, products, categories, key, pepper: pepper.to_vec(), log_id, entropy }
    }

    /// Makes a machine its till, number `device_no` at that register, and publishes what it sells.
    pub fn enroll(&self, till: &Till, device_no: u16) -> Result<DeviceRecord, CommandError> {
        let register = self.registers[usize::from(device_no - 1) % self.registers.len()].clone();
        let device_id = DeviceId::new(THAT_NIGHT, &self.entropy);
        let record = DeviceRecord {
            device_id,
            device_no,
            register_id: register.register_id,
            name: format!("Caja {device_no}"),
            certificate: self.certify(device_id, device_no, till.public_key()?),
            is_revoked: false,
        };
        let reply = EnrollReply {
            tenant_id: self.tenant_id,
            device_id,
            device_no,
            device_name: record.name.clone(),
            venue: self.venue.clone(),
            register,
            certificate: record.certificate.clone(),
            tenant_key: PublicKey::of(&self.key),
            pin_pepper: BASE64URL_NOPAD.encode(&self.pepper),
            log_id: self.log_id,
            server_time: THAT_NIGHT,
        };
        till.complete_enrolment("http://127.0.0.1:9", &reply)?;
        self.publish(till)?;
        Ok(record)
    }

    fn certify(
        &self,
        device_id: DeviceId,
        device_no: u16,
        public_key: PublicKey,
    ) -> shared::sync::certificate::SignedCertificate {
        let (tenant_id, venue_id) = (self.tenant_id, self.venue.venue_id);
        let (not_before, not_after) = (THAT_NIGHT, THAT_NIGHT.plus_millis(1_000 * 60 * 60 * 24 * 365));
        Certificate {
            tenant_id,
            venue_id,
            device_id,
            device_no,
            public_key,
            not_before,
            not_after,
            offline_until: None,
        }
        .sign(&self.key)
    }

    /// Publishes venue, registers, categories and products.
    pub fn publish(&self, till: &Till) -> Result<(), CommandError> {
        let (registers, categories, products) =
            (self.registers.clone(), self.categories.clone(), self.products.clone());
        let venue = self.venue.clone();
        till.ledger().write(move |tx| {
            let to = tx.connection();
            tx.put_venue(&venue)?;
            registers.iter().try_for_each(|register| tx.put_register(register))?;
            categories.iter().try_for_each(|category| catalog::put_category(to, category))?;
            products.iter().try_for_each(|product| product::put(to, product))?;
            let seen = tx.seen();
            tx.set_seen(Seen(seen.0 + 1, seen.1))
        })?;
        Ok(())
    }

    /// A person with a PIN, known at these tills.
    pub fn hire(&self, tills: &[&Till], name: &str, roles: &[Role], pin: &str) -> Result<StaffId, CommandError> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let params = Params::new(19_456, 2, 1, None).expect("parameters within bounds");
        let argon2 = Argon2::new_with_secret(&self.pepper, Algorithm::Argon2id, Version::V0x13, params);
        let argon2 = argon2.expect("a short pepper");
        let verifier = argon2.hash_password_with_salt(pin.as_bytes(), &salt).expect("a PIN hashes").to_string();
        let staff = StaffMember {
            staff_id: StaffId::new(THAT_NIGHT, &self.entropy),
            name: name.into(),
            roles: roles.to_vec(),
            pin_verifier: verifier,
            is_active: true,
        };
        for till in tills {
            self.describe(till, &staff)?;
        }
        Ok(staff.staff_id)
    }

    /// Tells a till about a person.
    pub fn describe(&self, till: &Till, staff: &StaffMember) -> Result<(), CommandError> {
        let staff = staff.clone();
        till.ledger().write(move |tx| tx.put_staff(&staff))?;
        Ok(())
    }

    /// Tells a till about another, so that it can check the other's tickets.
    pub fn introduce(&self, till: &Till, other: &DeviceRecord) -> Result<(), CommandError> {
        let other = other.clone();
        till.ledger().write(move |tx| catalog::put_device(tx.connection(), &other))?;
        Ok(())
    }
}

/// The barcode of a product number, fourteen digits, from the range for use inside a company.
pub fn barcode(number: u16) -> String {
    let digits = format!("02900000{number:05}");
    let values: Vec<u8> = digits.bytes().map(|byte| byte - b'0').collect();
    format!("{digits}{}", check_digit(&values))
}
