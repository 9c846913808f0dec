//! One behaviour on two databases: the same requests get the same answers and leave the same rows, nobody sees another
//! company's, two servers on one database lose nothing when either is killed, and no reader of a stream ever misses an
//! item.

mod bells;
mod carried;
mod collide;
mod cursor;
#[path = "../api/home.rs"]
#[expect(dead_code, reason = "the tests of the API use the rest")]
mod home;
mod isolation;
mod replicas;
mod schema;
mod script;
#[path = "../api/support.rs"]
#[expect(dead_code, reason = "the tests of the API use the rest")]
mod support;

/// Asks this address from now on instead of the server that was started here.
fn go_through(server: &support::TestServer, address: String) {
    *server.before.lock().expect("an address") = Some(address);
}

/// Of a server that keeps everything there.
fn database_of(server: &support::TestServer) -> &throwaway_postgres::Database {
    server.home.database.as_ref().expect("it is kept in PostgreSQL")
}
