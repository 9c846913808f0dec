use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use shared::catalog::barcode::Gtin;
use shared::staff::Role;
use sync_server::app::seed;
use sync_server::store::{Page, Store};
use sync_server::{App, Config, Outside};

use super::support::block_on;

#[test]
fn club_valdivia_is_there_once_and_lets_you_in_every_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let outside = Outside::system();
    block_on(async {
        let store = Store::open(dir.path()).await.expect("a store");
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
    let server = App::start(Config::new(dir.path()).on_a_free_port(), outside).expect("it serves the same directory");
    assert!(server.first_admin.is_none(), "somebody is there already");
    server.stop();
}

#[test]
fn a_fresh_directory_needs_no_configuration() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = || App::start(Config::new(dir.path().join("new")).on_a_free_port(), Outside::system());
    let first = start().expect("it starts");
    assert_eq!(first.first_admin.as_ref().map(|admin| admin.password.len()), Some(16));
    let twin = start().err().expect("one server at a time");
    assert_eq!(twin.to_string(), "another server is running on this data directory");
    first.stop();
    let second = start().expect("it starts again");
    assert!(second.first_admin.is_none(), "the password is shown once");
}

#[test]
fn a_database_from_the_future_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    App::start(Config::new(dir.path()).on_a_free_port(), Outside::system()).expect("it starts").stop();
    block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("control.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("a connection");
        sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', 1, x'00', 0)")
            .execute(&mut connection)
            .await
            .expect("a row");
        sqlx::Connection::close(connection).await.expect("a close");
    });
    let refused = App::start(Config::new(dir.path()).on_a_free_port(), Outside::system());
    let error = refused.err().expect("it does not start").to_string();
    assert_eq!(error, "the database's schema cannot be used by this version");
}
