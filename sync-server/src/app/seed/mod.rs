//! Club Valdivia, to try things with: a venue with a menu, people and three registers.

mod menu;

use serde::Serialize;
use shared::catalog::barcode::{Gtin, check_digit};
use shared::catalog::{Category, Product};
use shared::ids::{CategoryId, DeviceId, ProductId, RegisterId, StaffId, VenueId};
use shared::merge::Marks;
use shared::money::{CashRounding, Currency, Tie};
use shared::staff::{Role, StaffMember};
use shared::tax::RateBp;
use shared::venue::{PaperTemplate, RedemptionPolicy, Register, Venue};

use super::admin::{self, AdminError};
use super::enroll::{self, EnrollError};
use super::secret::{self, HashError};
use crate::Outside;
use crate::store::{AdminRole, Page, Store, StoreError, Tenant, TenantTx};

const SLUG: &str = "club-valdivia";
/// Head office's sign-in name.
const ADMIN: &str = "valentina";
/// The people, their PINs and what they are. Demo people: everyone may know their PINs.
const STAFF: &[(&str, &str, &[Role])] = &[
    ("Camila R.", "2580", &[Role::Cashier]),
    ("Javiera P.", "3691", &[Role::Cashier]),
    ("Ignacia T.", "7410", &[Role::Cashier]),
    ("Diego M.", "4826", &[Role::Bartender]),
    ("Matías S.", "5937", &[Role::Bartender, Role::Cashier]),
    ("Rodrigo L.", "6048", &[Role::Bartender]),
    ("Fernanda C.", "8215", &[Role::Cashier]),
    ("Antonia V.", "915274", &[Role::Supervisor]),
    ("Nicolás B.", "7302", &[Role::Auditor]),
    ("Valentina O.", "482913", &[Role::Manager]),
];
const REGISTERS: [(&str, &str); 3] = [("BMB", "Mesón"), ("BTZ", "Terraza"), ("BVP", "Barra VIP")];

/// Why nothing was seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A PIN was not hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The administrator was not made.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// A till was not added.
    #[error(transparent)]
    Enroll(#[from] EnrollError),
}

/// What a script needs to go on.
#[derive(Debug, Serialize)]
pub struct SeedReport {
    /// Head office.
    pub admin: SeededAdmin,
    /// The venue.
    pub venue_id: VenueId,
    /// Its people.
    pub staff: Vec<SeededStaff>,
    /// Its registers, each with a till.
    pub registers: Vec<SeededRegister>,
    /// How many products.
    pub products: usize,
}

/// Someone at head office.
#[derive(Debug, Serialize)]
pub struct SeededAdmin {
    /// What to sign in with.
    pub name: String,
    /// And how. Fresh each time; the one before is void.
    pub password: String,
}

/// Someone at a till.
#[derive(Debug, Serialize)]
pub struct SeededStaff {
    /// Their id.
    pub staff_id: StaffId,
    /// As shown.
    pub name: String,
    /// Their PIN.
    pub pin: &'static str,
    /// What they are.
    pub roles: Vec<Role>,
}

/// A register and its till.
#[derive(Debug, Serialize)]
pub struct SeededRegister {
    /// Its id.
    pub register_id: RegisterId,
    /// Three letters.
    pub code: String,
    /// As people call it.
    pub name: String,
    /// The till's id.
    pub device_id: DeviceId,
    /// For its till, within ten minutes; none when it is enrolled already.
    pub enrolment_code: Option<String>,
}

/// Fills in Club Valdivia. Once it is there, only mints what is needed to get in: a password, and codes for tills that
/// have not enrolled.
pub async fn club_valdivia(store: &Store, outside: &Outside) -> Result<SeedReport, SeedError> {
    let now = outside.now();
    let tenant = match store.find_tenant_by_slug(SLUG).await? {
        Some(tenant_id) => store.load_tenant(tenant_id).await?,
        None => store.create_tenant(SLUG, "Club Valdivia", now, &*outside.entropy).await?,
    };
    let mut tx = tenant.write().await?;
    // All of it in one transaction: it is there, or it is not.
    if tx.list_venues(Page::ALL).await?.items.is_empty() {
        fill(&mut tx, &tenant, outside).await?;
    }
    let venue_id = tx.list_venues(Page::ALL).await?.items.first().ok_or(StoreError::Corrupt("venue"))?.venue_id;
    let registers = tills(store, &tenant, &mut tx, outside).await?;
    let staff = tx.list_staff(Page::ALL).await?.items;
    let products = tx.list_products(Page::ALL).await?.items.len();
    tx.commit().await?;

    let password = secret::new_password(&*outside.entropy);
    admin::put_admin(store, tenant.tenant_id, (ADMIN, &password, AdminRole::Admin), outside).await?;
    let staff = staff.into_iter().filter_map(|member| {
        let (_, pin, _) = STAFF.iter().find(|(name, ..)| *name == member.name)?;
        Some(SeededStaff { staff_id: member.staff_id, name: member.name, pin, roles: member.roles })
    });
    Ok(SeedReport {
        admin: SeededAdmin { name: ADMIN.to_owned(), password },
        venue_id,
        staff: staff.collect(),
        registers,
        products,
    })
}

async fn fill(tx: &mut TenantTx, tenant: &Tenant, outside: &Outside) -> Result<(), SeedError> {
    let (now, entropy) = (outside.now(), &*outside.entropy);
    // Ids a millisecond apart, so that lists by id show everything in the order written here.
    let ids = std::cell::Cell::new(now);
    let next = || ids.replace(ids.get().plus_millis(1));
    let venue = Venue {
        venue_id: VenueId::new(now, entropy),
        name: "Club Valdivia".to_owned(),
        tax_id: "76.543.210-3".to_owned(),
        address: "Avenida Costanera 1250, Valdivia".to_owned(),
        currency: Currency::Clp,
        time_zone: "America/Santiago".to_owned(),
        cut_over_minutes: 8 * 60,
        cash_rounding: CashRounding { unit_minor: 10, tie: Tie::Down, keeps_nonzero: false },
        ticket_valid_days: 1,
        redemption_policy: RedemptionPolicy::default(),
        paper: PaperTemplate::default(),
    };
    tx.put_venue(&venue, now).await?;
    for (code, name) in REGISTERS {
        let register = Register {
            register_id: RegisterId::new(next(), entropy),
            venue_id: venue.venue_id,
            code: code.to_owned(),
            name: name.to_owned(),
        };
        tx.put_register(&register, now).await?;
    }
    for (name, pin, roles) in STAFF {
        let pin_verifier = secret::hash_pin(pin, &tenant.pin_pepper, entropy)?;
        let (staff_id, name) = (StaffId::new(next(), entropy), (*name).to_owned());
        let member = StaffMember { staff_id, name, roles: roles.to_vec(), pin_verifier, is_active: true };
        tx.put_staff(&member, now).await?;
    }
    let mut number = 0;
    for (group, tint) in menu::MENU.iter().zip(1_u8..) {
        let category_id = CategoryId::new(next(), entropy);
        let (name, position) = (group.name.to_owned(), u16::from(tint));
        tx.put_category(&Category { category_id, name, tint, position, is_active: true }, now).await?;
        for ((name, price_minor, barcode), place) in group.products.iter().zip(1_u16..) {
            number += 1;
            let product = Product {
                product_id: ProductId::new(next(), entropy),
                number,
                sku: format!("{}-{place:03}", group.prefix),
                name: (*name).to_owned(),
                category_id,
                price_minor: *price_minor,
                tax_rate_bp: RateBp(1_900),
                barcodes: gtin(*barcode).into_iter().map(|gtin| gtin.to_string()).collect(),
                is_ticketed: group.is_ticketed,
                position: place,
                is_active: true,
                tags: Vec::new(),
                marks: Marks::default(),
            };
            tx.put_product(&product, now).await?;
        }
    }
    Ok(())
}

/// An EAN-13 of twelve digits and their check digit; none for 0.
fn gtin(twelve: u64) -> Option<Gtin> {
    let digits: Vec<u8> = twelve.to_string().bytes().map(|digit| digit - b'0').collect();
    format!("{twelve}{}", check_digit(&digits)).parse().ok().filter(|_| twelve != 0)
}

async fn tills(
    store: &Store,
    tenant: &Tenant,
    tx: &mut TenantTx,
    outside: &Outside,
) -> Result<Vec<SeededRegister>, SeedError> {
    let mut seeded = Vec::new();
    let devices = tx.list_devices().await?;
    for Register { register_id, code, name, .. } in tx.list_registers(Page::ALL).await?.items {
        let of_register = |device: &&_| {
            let device: &crate::store::DeviceRow = device;
            device.register_id == register_id && device.revoked_at.is_none()
        };
        let (device_id, enrolment_code) = match devices.iter().find(of_register) {
            Some(device) if device.public_key.is_some() => (device.device_id, None),
            Some(device) => {
                let code = enroll::mint_code(store, tenant.tenant_id, tx, device.device_id, outside).await?;
                (device.device_id, Some(code))
            }
            None => {
                let till = format!("Caja {}", seeded.len() + 1);
                let (device_id, code) = enroll::add_till(store, tenant, tx, (register_id, &till), outside).await?;
                (device_id, Some(code))
            }
        };
        seeded.push(SeededRegister { register_id, code, name, device_id, enrolment_code });
    }
    Ok(seeded)
}
