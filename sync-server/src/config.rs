//! Where the data is and where to listen. Everything else has a value that works.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::stamp::Place;
use crate::store::{Result, Store};

/// The server's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory: `control.db` and one file per company. Made when absent.
    pub data_dir: PathBuf,
    /// A PostgreSQL database, `postgres://…`, instead of files. Any number of servers may share one.
    pub database_url: Option<String>,
    /// Where it is noted how far the databases are, to notice copies put in their place: best outside of the directory.
    /// Inside of it when absent, as `server.stamp`, or named like the PostgreSQL database.
    pub stamp: Option<Place>,
    /// Where to listen. Port 0 picks a free one.
    pub listen: SocketAddr,
}

impl Config {
    /// Where a server listens that was not told: this machine only, because TLS is someone else's task.
    pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

    /// A data directory, listening where nobody has to choose.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), database_url: None, stamp: None, listen: Self::DEFAULT_LISTEN }
    }

    /// In a PostgreSQL database instead of files.
    #[must_use]
    pub fn in_database(self, url: impl Into<String>) -> Self {
        Self { database_url: Some(url.into()), ..self }
    }

    /// With the note of how far the databases are at this place.
    #[must_use]
    pub fn noted_at(self, stamp: impl Into<PathBuf>) -> Self {
        Self { stamp: Some(Place::File(stamp.into())), ..self }
    }

    /// Where it is noted how far the databases are.
    pub fn stamp_place(&self) -> Place {
        match (&self.stamp, &self.database_url) {
            (Some(place), _) => place.clone(),
            (None, None) => Place::File(self.data_dir.join("server.stamp")),
            (None, Some(_)) => Place::Named(self.data_dir.clone()),
        }
    }

    /// On a free port of this machine: for tests, and for several servers side by side.
    #[must_use]
    pub fn on_a_free_port(self) -> Self {
        Self { listen: SocketAddr::new(Self::DEFAULT_LISTEN.ip(), 0), ..self }
    }

    /// Opens what it names and brings it up to date.
    pub async fn open_store(&self) -> Result<Store> {
        match &self.database_url {
            Some(url) => Store::connect(url).await,
            None => Store::open(&self.data_dir).await,
        }
    }
}
