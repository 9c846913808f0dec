use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use shared::catalog::barcode::Gtin;
use shared::staff::Role;
use sync_server::app::seed;
use sync_server::store::Page;
use sync_server::{App, Outside};

use super::support::{BACKEND, Backend, Home, block_on};

#[test]
fn club_valdivia_is_there_once_and_lets_you_in_every_time() {
    let home = Home::new(BACKEND);
    let outside = Outside::system();
    block_on(async {
        let store = home.open().await;
        let first = seed::club_valdivia(&store, &outside).await.expect("seeded");
        let second = seed::club_valdivia(&store, &outside).await.expect("seeded again");
        assert_eq!((first.venue_id, first.products), (second.venue_id, 120));
        assert_eq!(second.products, 120);
        let codes = |report: &seed::SeedReport| {
            report.registers.iter().map(|r| (r.code.clone(), r.enrolment_code.clone())).collect::<Vec<_>>()
        };
        assert_eq!(codes(&first).iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["BMB", "BTZ", "BVP"]);
        assert!(codes(&first).iter().zip(codes(&second)).all(|(a, b)| a.1.is_some() && a.1 != b.1), "fresh codes");

        let tenant = store.find_tenant_by_slug("club-valdivia").await.expect("an answer").expect("the company");
        let tenant = store.load_tenant(tenant).await.expect("the company");
        let mut tx = tenant.read().await.expect("a transaction");
        let products = tx.list_products(Page::ALL).await.expect("products").items;
        assert!(products.iter().all(|product| product.price_minor > 0 && product.price_minor % 10 == 0));
        assert!(products.iter().zip(1..).all(|(product, number)| product.number == number), "dense from 1");
        let barcodes: Vec<_> = products.iter().flat_map(|product| &product.barcodes).collect();
        assert!(barcodes.len() > 25 && barcodes.iter().all(|code| code.parse::<Gtin>().is_ok()));
        assert!(products.iter().any(|product| product.name == "Guardarropía" && !product.is_ticketed));

        let staff = tx.list_staff(Page::ALL).await.expect("people").items;
        let params = Params::new(19_456, 2, 1, None).expect("parameters");
        let argon2 = Argon2::new_with_secret(&tenant.pin_pepper, Algorithm::Argon2id, Version::V0x13, params);
        let argon2 = argon2.expect("a verifier");
        for (told, member) in first.staff.iter().zip(&staff).filter(|(told, _)| told.roles.contains(&Role::Manager)) {
            assert!(told.pin.len() >= 6, "a manager's PIN is long");
            let hash = PasswordHash::new(&member.pin_verifier).expect("PHC text");
            argon2.verify_password(told.pin.as_bytes(), &hash).expect("the till can check it");
            Argon2::default().verify_password(told.pin.as_bytes(), &hash).expect_err("not without the pepper");
        }
        drop(tx);
        store.close().await;
    });
    let server = App::start(home.config(), outside).expect("it serves the same data");
    assert!(server.first_admin.is_none(), "somebody is there already");
    server.stop();
}

#[test]
fn a_fresh_place_needs_no_configuration() {
    let home = Home::new(BACKEND);
    let start = || App::start(home.config(), Outside::system());
    let first = start().expect("it starts");
    assert_eq!(first.first_admin.as_ref().map(|admin| admin.password.len()), Some(16));
    match (BACKEND, start()) {
        (Backend::Sqlite, Err(twin)) => {
            assert_eq!(twin.to_string(), "another server is running on this data directory");
        }
        (Backend::Postgres, Ok(twin)) => assert!(twin.first_admin.is_none(), "two share a database"),
        (backend, twin) => panic!("{backend:?}: {:?}", twin.map(|twin| twin.url())),
    }
    first.stop();
    let second = start().expect("it starts again");
    assert!(second.first_admin.is_none(), "the password is shown once");
}

#[test]
fn a_database_from_the_future_is_left_alone() {
    let home = Home::new(BACKEND);
    App::start(home.config(), Outside::system()).expect("it starts").stop();
    home.claim_to_be_newer();
    let refused = App::start(home.config(), Outside::system());
    let error = refused.err().expect("it does not start").to_string();
    assert_eq!(error, "the database's schema cannot be used by this version");
}
