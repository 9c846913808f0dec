//! How a server knows that its databases were put back or copied. Its databases count beats; the same counts are noted
//! in a small file outside of them, after them. A database that stands behind its note was put back from a copy, and
//! to go on with it as if nothing had happened would hand out numbers twice: it must first become a log of its own.
//!
//! What this cannot see: a copy of everything, note included, to another machine; and a file put back that was copied
//! after the last beat (one a minute, at the start and at the end), because then nothing tells it from the original
//! but what was written within that minute.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use shared::ids::TenantId;

use crate::store::{Instance, Store, StoreError};

/// What is noted outside the databases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The name of the set of databases, hexadecimal.
    pub instance: String,
    /// Beats of the list of companies.
    pub control: u64,
    /// Beats of each company.
    pub tenants: BTreeMap<TenantId, u64>,
}

/// Where the note of a set of databases is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In this directory, in a file named like the set, so that notes of several are beside each other.
    Named(PathBuf),
}

impl Place {
    /// The file of a set of this name.
    pub fn path(&self, name: [u8; 16]) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Named(dir) => dir.join(format!("{}.stamp", HEXLOWER.encode(&name))),
        }
    }

    /// Makes the directory the note is in. Only whoever begins does: a directory that was taken away while a server ran
    /// is not to come back by its last beat.
    pub fn prepare(&self) -> Result<(), StampError> {
        let dir = match self {
            Self::File(path) => parent(path),
            Self::Named(dir) => dir,
        };
        std::fs::create_dir_all(dir).map_err(|source| StampError::File { path: dir.to_owned(), source })
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Why the databases are not served as they are.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// One stands behind its note.
    #[error("{what} was put back from a copy: it stands at beat {found}, and was at {noted} when it was last served")]
    Behind {
        /// Which database.
        what: String,
        /// By the note.
        noted: u64,
        /// By itself.
        found: u64,
    },
    /// One is further than a server of this place can have taken it.
    #[error("{what} was served elsewhere: it stands at beat {found}, and was at {noted} when it was last served here")]
    Ahead {
        /// Which database.
        what: String,
        /// By the note.
        noted: u64,
        /// By itself.
        found: u64,
    },
    /// PostgreSQL has it elsewhere than where it was served.
    #[error("this database was restored or copied: it is {found} of its cluster, and was served as {noted}")]
    Elsewhere {
        /// By itself.
        noted: String,
        /// Where it is now.
        found: String,
    },
    /// They were served before, and there is no note.
    #[error("these databases were served before, and not here: {0} is missing")]
    Missing(PathBuf),
    /// The note is of another set of databases.
    #[error("{0} speaks of other databases than these")]
    Other(PathBuf),
    /// The note cannot be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How strictly a note is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// One server at a time writes these files, and notes every beat.
    Alone,
    /// Other servers beat on the same database.
    Together,
}

/// What the databases say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of the whole set; nothing before it was first served.
    pub instance: Option<Instance>,
    /// Where the database is, if there is a way to tell.
    pub place: Option<String>,
    /// Of each company.
    pub tenants: BTreeMap<TenantId, u64>,
}

impl Found {
    /// Asks them.
    pub async fn ask(store: &Store) -> Result<Self, StoreError> {
        let mut tenants = BTreeMap::new();
        for row in store.list_tenants().await? {
            let tenant = store.load_tenant(row.tenant_id).await?;
            tenants.insert(row.tenant_id, tenant.read().await?.load_beats().await?);
        }
        let (instance, place) = (store.find_instance().await?, store.find_place().await?);
        Ok(Self { instance, place, tenants })
    }

    /// What is noted of them, if anything is.
    pub fn read_note(&self, place: &Place) -> Result<Option<Stamp>, StampError> {
        self.instance.as_ref().map_or(Ok(None), |instance| read(&place.path(instance.name)))
    }
}

/// Whether databases are the ones a note speaks of, no older and no newer.
pub fn compare(found: &Found, noted: Option<&Stamp>, keeper: Keeper, place: &Place) -> Result<(), StampError> {
    let Some(instance) = &found.instance else {
        // Never served; what is noted is of databases that are gone.
        return Ok(());
    };
    if let (Some(noted), Some(found)) = (&instance.place, &found.place)
        && noted != found
    {
        return Err(StampError::Elsewhere { noted: noted.clone(), found: found.clone() });
    }
    let noted = match noted {
        Some(noted) if noted.instance == HEXLOWER.encode(&instance.name) => noted,
        _ if keeper == Keeper::Together => return Ok(()),
        Some(_) => return Err(StampError::Other(place.path(instance.name))),
        None => return Err(StampError::Missing(place.path(instance.name))),
    };
    let one = |what: String, found: u64, noted: u64| {
        if found < noted {
            Err(StampError::Behind { what, noted, found })
        } else if keeper == Keeper::Alone && found > noted + 1 {
            // One more: the power went between the beat and its note.
            Err(StampError::Ahead { what, noted, found })
        } else {
            Ok(())
        }
    };
    one("the list of companies".to_owned(), instance.beats, noted.control)?;
    for (tenant, beats) in &found.tenants {
        let known = noted.tenants.get(tenant).copied();
        // A company founded since the last beat has none.
        one(format!("company {tenant}"), *beats, known.unwrap_or(0))?;
    }
    Ok(())
}

/// One beat of everything, then its note. First a note of how things stand, in case the one of the last beat was never
/// written: so they are never more than one beat ahead of it.
pub async fn beat(store: &Store, place: &Place, name_if_new: [u8; 16]) -> Result<(), StampError> {
    let found = Found::ask(store).await?;
    if let Some(instance) = found.instance {
        note(place, &instance, found.tenants)?;
    }
    let mut tenants = BTreeMap::new();
    for row in store.list_tenants().await? {
        let tenant = store.load_tenant(row.tenant_id).await?;
        let mut tx = tenant.write_beside().await?;
        tenants.insert(row.tenant_id, tx.beat().await?);
        tx.commit().await?;
    }
    let instance = store.beat(name_if_new).await?;
    note(place, &instance, tenants)
}

fn note(place: &Place, instance: &Instance, tenants: BTreeMap<TenantId, u64>) -> Result<(), StampError> {
    let path = place.path(instance.name);
    let stamp = Stamp { instance: HEXLOWER.encode(&instance.name), control: instance.beats, tenants };
    write(&path, &stamp).map_err(|source| StampError::File { path, source })
}

/// The note, if there is one.
pub fn read(path: &Path) -> Result<Option<Stamp>, StampError> {
    let file = |source| StampError::File { path: path.to_owned(), source };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| file(error.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file(error)),
    }
}

/// Whole or not at all, and on the disk when it returns.
fn write(path: &Path, stamp: &Stamp) -> std::io::Result<()> {
    // Servers of one database on one machine may share the place; each drafts in a file of its own.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::File::create(&draft)?;
    serde_json::to_writer(&mut file, stamp)?;
    file.flush()?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    #[cfg(unix)]
    std::fs::File::open(parent(path))?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }

    fn found(control: u64, of_one: u64) -> Found {
        let instance = Some(Instance { name: [7; 16], beats: control, place: Some("1/1".to_owned()) });
        Found { instance, place: Some("1/1".to_owned()), tenants: [(tenant(1), of_one)].into() }
    }

    fn place() -> Place {
        Place::File("stamp".into())
    }

    fn noted(control: u64, of_one: u64) -> Stamp {
        let instance = HEXLOWER.encode(&[7; 16]);
        Stamp { instance, control, tenants: [(tenant(1), of_one)].into() }
    }

    #[test]
    fn databases_are_served_as_they_were_left_and_not_otherwise() {
        let alone = |found: &Found, noted: &Stamp| compare(found, Some(noted), Keeper::Alone, &place());
        assert!(alone(&found(5, 5), &noted(5, 5)).is_ok());
        assert!(alone(&found(6, 5), &noted(5, 5)).is_ok(), "the power went before the note");
        assert!(alone(&found(5, 6), &noted(5, 5)).is_ok(), "the power went in between");
        assert!(matches!(alone(&found(4, 5), &noted(5, 5)), Err(StampError::Behind { .. })));
        assert!(matches!(alone(&found(5, 4), &noted(5, 5)), Err(StampError::Behind { .. })));
        assert!(matches!(alone(&found(7, 5), &noted(5, 5)), Err(StampError::Ahead { .. })));
        assert!(matches!(alone(&found(5, 7), &noted(5, 5)), Err(StampError::Ahead { .. })));
        let other = Stamp { instance: "00".repeat(16), ..noted(5, 5) };
        assert!(matches!(alone(&found(5, 5), &other), Err(StampError::Other(_))));
        assert!(matches!(compare(&found(5, 5), None, Keeper::Alone, &place()), Err(StampError::Missing(_))));
    }

    #[test]
    fn a_company_that_is_new_needs_no_note_and_one_from_elsewhere_does() {
        let mut known = noted(5, 5);
        known.tenants.clear();
        let alone = |found: &Found| compare(found, Some(&known), Keeper::Alone, &place());
        assert!(alone(&found(5, 0)).is_ok() && alone(&found(5, 1)).is_ok());
        assert!(matches!(alone(&found(5, 9)), Err(StampError::Ahead { .. })));
    }

    #[test]
    fn servers_that_share_a_database_only_look_for_one_put_back() {
        let together = |found: &Found, noted: Option<&Stamp>| compare(found, noted, Keeper::Together, &place());
        assert!(together(&found(90, 80), Some(&noted(5, 5))).is_ok());
        assert!(together(&found(90, 80), None).is_ok(), "a server that is new here");
        assert!(matches!(together(&found(90, 4), Some(&noted(5, 5))), Err(StampError::Behind { .. })));
        let elsewhere = Found { place: Some("1/2".to_owned()), ..found(90, 80) };
        assert!(matches!(together(&elsewhere, None), Err(StampError::Elsewhere { .. })), "nobody has to have noted it");
        assert!(together(&Found { place: None, ..found(90, 80) }, None).is_ok(), "where nobody may ask");
    }

    #[test]
    fn notes_of_two_sets_in_one_place_do_not_meet() {
        let named = Place::Named("state".into());
        assert_eq!(named.path([7; 16]), Path::new("state/07070707070707070707070707070707.stamp"));
        assert_ne!(named.path([7; 16]), named.path([8; 16]));
    }

    #[test]
    fn databases_never_served_are_nobody_s_copy() {
        let fresh = Found { instance: None, place: None, tenants: BTreeMap::new() };
        assert!(compare(&fresh, Some(&noted(5, 5)), Keeper::Alone, &place()).is_ok());
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("deep/stamp");
        assert_eq!(read(&path).expect("nothing"), None);
        write(&path, &noted(3, 2)).expect_err("the directory is made by who begins");
        Place::File(path.clone()).prepare().expect("made");
        write(&path, &noted(3, 2)).expect("written");
        assert_eq!(read(&path).expect("a note"), Some(noted(3, 2)));
        std::fs::write(&path, "{").expect("written");
        assert!(matches!(read(&path), Err(StampError::File { .. })));
    }
}
