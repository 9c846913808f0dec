//! Backups that count: taken while the server runs, restored into a scratch place, read from the first line to the last,
//! and only then told to the tills, who may forget nothing that is not in one. And the way back: what was restored is a
//! log of its own, so that no till takes it for what it knew.
//!
//! Runs at a command line, beside a server or instead of one: files are read and written where the caller waits.

mod pack;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shared::event::Hash;
use shared::ids::{LogId, TenantId};
use shared::time::Timestamp;

use super::check::{self, CheckError, Checked};
use crate::Outside;
use crate::stamp::{self, Place, StampError};
use crate::store::{Store, StoreError, Tenant, make_private_dir, make_private_file};

/// How this program writes backups.
const FORMAT: u32 = 1;
/// What lists the files.
const MANIFEST: &str = "manifest.json";
/// So many chains are told of in one transaction.
const AT_ONCE: usize = 500;

/// Why there is no backup, or no way back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is in its place.
    #[error("{0} is there already, and nothing is ever written over")]
    Exists(PathBuf),
    /// Not one, or of a newer program.
    #[error("this is not a backup this program can read")]
    NotABackup,
    /// A file of it is not what its list says.
    #[error("{0} in the backup is damaged")]
    Damaged(String),
    /// What was copied does not hold.
    #[error("company {tenant_id}: {source}")]
    Check {
        /// Whose books.
        tenant_id: TenantId,
        /// What is wrong.
        source: CheckError,
    },
    /// It could not be noted outside.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk refused.
    #[error("the files cannot be used")]
    Io(#[from] std::io::Error),
}

/// What a backup is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How it is written.
    pub format: u32,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// By which program.
    pub version: String,
    /// Its files.
    pub files: Vec<BackupFile>,
    /// What is in them.
    pub companies: Vec<Company>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// BLAKE3.
    pub hash: Hash,
}

/// What a backup holds of a company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// Which.
    pub tenant_id: TenantId,
    /// The log it is of.
    pub log_id: LogId,
    /// Chains.
    pub chains: u64,
    /// Events in them.
    pub events: u64,
    /// Items of its streams.
    pub items: u64,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// What is in the backup.
    pub manifest: Manifest,
    /// To how many chains' devices it was told that they may rely on it.
    pub told: u64,
}

/// Takes a backup into a file, or into a directory when `to` is one or ends like one.
pub async fn backup(store: &Store, to: &Path, outside: &Outside) -> Result<Done, BackupError> {
    let now = outside.now();
    let is_dir = to.is_dir() || to.to_string_lossy().ends_with('/');
    let is_taken = if is_dir { to.is_dir() && to.read_dir()?.next().is_some() } else { to.exists() };
    if is_taken {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let work = Scratch::beside(to, "part")?;
    store.copy_into(&work.0).await?;
    let files = list_files(&work.0)?;
    let checked = prove(&work.0, &files, to).await?;
    let companies = checked.iter().map(|(tenant, log_id, checked)| Company {
        tenant_id: *tenant,
        log_id: *log_id,
        chains: checked.chains.len() as u64,
        events: checked.events,
        items: checked.items,
    });
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, taken_at: now, version, files, companies: companies.collect() };
    write_manifest(&work.0, &manifest)?;
    if is_dir {
        move_into(&work.0, to)?;
    } else {
        let packed = PathBuf::from(format!("{}.new", to.display()));
        let _ = std::fs::remove_file(&packed);
        let names = std::iter::once(MANIFEST).chain(manifest.files.iter().map(|file| file.name.as_str()));
        pack::pack(&work.0, names, &packed)?;
        // What counts is what is in the file, so the file is what is read.
        let again = Scratch::beside(to, "check")?;
        pack::unpack(&packed, &again.0)?;
        read_manifest(&again.0)?;
        std::fs::rename(&packed, to)?;
    }
    let mut told = 0;
    for (tenant_id, _, checked) in &checked {
        told += tell(&*store.load_tenant(*tenant_id).await?, checked, now).await?;
    }
    Ok(Done { manifest, told })
}

/// Restores copies of files into a scratch place and reads them there, as a server would.
async fn prove(
    work: &Path,
    files: &[BackupFile],
    beside: &Path,
) -> Result<Vec<(TenantId, LogId, Checked)>, BackupError> {
    let scratch = Scratch::beside(beside, "check")?;
    for file in files {
        std::fs::copy(work.join(&file.name), scratch.0.join(&file.name))?;
    }
    let store = Store::open(&scratch.0).await?;
    let checked = prove_store(&store).await;
    store.close().await;
    checked
}

async fn prove_store(store: &Store) -> Result<Vec<(TenantId, LogId, Checked)>, BackupError> {
    store.check_files().await?;
    let mut all = Vec::new();
    for row in store.list_tenants().await? {
        let tenant = store.load_tenant(row.tenant_id).await?;
        let checked = check::check(&tenant).await;
        let checked = checked.map_err(|source| BackupError::Check { tenant_id: row.tenant_id, source })?;
        all.push((row.tenant_id, tenant.log_id, checked));
    }
    Ok(all)
}

/// Tells devices how far their chains are in a backup that holds.
async fn tell(tenant: &Tenant, checked: &Checked, now: Timestamp) -> Result<u64, StoreError> {
    let mut told = 0;
    for chains in checked.chains.chunks(AT_ONCE) {
        let mut tx = tenant.write().await?;
        for chain in chains {
            told += u64::from(tx.note_durable(chain.device_id, chain.head, now).await?);
        }
        tx.commit().await?;
    }
    Ok(told)
}

/// Restores a backup into a data directory that holds nothing yet, as a log of its own. Whichever database it was taken
/// of.
pub async fn restore(from: &Path, data_dir: &Path, note: &Place, outside: &Outside) -> Result<Manifest, BackupError> {
    let is_taken = data_dir.is_dir() && data_dir.read_dir()?.next().is_some();
    if is_taken {
        return Err(BackupError::Exists(data_dir.to_owned()));
    }
    let work = Scratch::beside(data_dir, "part")?;
    let (manifest, store) = unfold(from, &work.0, outside).await?;
    // A note inside the directory moves there with it.
    let noted = async {
        let inside = match note {
            Place::File(path) => path.strip_prefix(data_dir).ok().map(|rest| Place::File(work.0.join(rest))),
            Place::Named(_) => None,
        };
        let note = inside.as_ref().unwrap_or(note);
        note.prepare()?;
        stamp::beat(&store, note, outside.random()).await
    }
    .await;
    store.close().await;
    noted?;
    move_into(&work.0, data_dir)?;
    Ok(manifest)
}

/// Restores a backup into a PostgreSQL database that holds nothing yet, as a log of its own, all of it or nothing.
/// Whichever database it was taken of. It is unfolded and proved beside `aside` first.
pub async fn restore_into(
    database: &Store,
    from: &Path,
    aside: &Path,
    outside: &Outside,
) -> Result<Manifest, BackupError> {
    if !database.list_tenants().await?.is_empty() {
        return Err(StoreError::Occupied.into());
    }
    let work = Scratch::beside(aside, "part")?;
    let (manifest, store) = unfold(from, &work.0, outside).await?;
    let filled = database.fill_from(&store).await;
    store.close().await;
    filled?;
    Ok(manifest)
}

/// Unpacks a backup, proves it, and makes it a log of its own.
async fn unfold(from: &Path, work: &Path, outside: &Outside) -> Result<(Manifest, Store), BackupError> {
    if from.is_dir() {
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            let to = work.join(entry.file_name());
            make_private_file(&to)?;
            std::io::copy(&mut File::open(entry.path())?, &mut File::options().write(true).open(to)?)?;
        }
    } else {
        pack::unpack(from, work)?;
    }
    let manifest = read_manifest(work)?;
    std::fs::remove_file(work.join(MANIFEST))?;
    let store = Store::open(work).await?;
    let done = async {
        prove_store(&store).await?;
        let taken_at = jiff::Timestamp::from_millisecond(manifest.taken_at.as_millis()).unwrap_or_default();
        begin_log(&store, &format!("restored from a backup of {taken_at}"), outside).await
    }
    .await;
    match done {
        Ok(()) => Ok((manifest, store)),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

/// Makes databases a log of their own, wherever they came from: cursors and acknowledgements of the one before are
/// compared, tills that were enrolled are waited for, and nobody is signed in.
pub async fn begin_anew(store: &Store, reason: &str, note: &Place, outside: &Outside) -> Result<(), BackupError> {
    begin_log(store, reason, outside).await?;
    note.prepare()?;
    Ok(stamp::beat(store, note, outside.random()).await?)
}

async fn begin_log(store: &Store, reason: &str, outside: &Outside) -> Result<(), BackupError> {
    let now = outside.now();
    for row in store.list_tenants().await? {
        let tenant = store.load_tenant(row.tenant_id).await?;
        store.house_devices(&tenant).await?;
        let mut tx = tenant.write().await?;
        tx.begin_log(LogId::new(now, &*outside.entropy), reason, now).await?;
        tx.await_devices().await?;
        tx.commit().await?;
    }
    store.end_sessions().await?;
    Ok(store.rename_instance(outside.random()).await?)
}

fn list_files(dir: &Path) -> Result<Vec<BackupFile>, BackupError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| BackupError::NotABackup)?;
        let is_database = Path::new(&name).extension().is_some_and(|extension| extension == "db");
        if is_database {
            let (bytes, hash) = hash_file(&entry.path())?;
            files.push(BackupFile { name, bytes, hash });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn hash_file(path: &Path) -> Result<(u64, Hash), BackupError> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, blake3::Hasher::new(), vec![0; 64 * 1024]);
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, Hash::from_bytes(hasher.finalize().into())));
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
}

fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = dir.join(MANIFEST);
    make_private_file(&path)?;
    let text = serde_json::to_string_pretty(manifest).map_err(std::io::Error::from)?;
    std::fs::write(&path, text)?;
    Ok(File::open(&path)?.sync_all()?)
}

/// Reads the list of files, and each file whether it is the one listed.
fn read_manifest(dir: &Path) -> Result<Manifest, BackupError> {
    let text = std::fs::read(dir.join(MANIFEST)).map_err(|_| BackupError::NotABackup)?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| BackupError::NotABackup)?;
    if manifest.format != FORMAT {
        return Err(BackupError::NotABackup);
    }
    for file in &manifest.files {
        let path = dir.join(&file.name);
        if !path.is_file() || hash_file(&path)? != (file.bytes, file.hash) {
            return Err(BackupError::Damaged(file.name.clone()));
        }
    }
    Ok(manifest)
}

fn move_into(from: &Path, to: &Path) -> Result<(), BackupError> {
    if to.is_dir() {
        // Empty, as was made sure of.
        std::fs::remove_dir(to)?;
    }
    Ok(std::fs::rename(from, to)?)
}

/// A directory that goes when nobody needs it any more, or was moved to its place.
struct Scratch(PathBuf);

impl Scratch {
    /// Beside what is being made, so that it can be moved there in one step.
    fn beside(path: &Path, kind: &str) -> Result<Self, BackupError> {
        let path = path.to_string_lossy();
        let dir = PathBuf::from(format!("{}.{kind}", path.trim_end_matches('/')));
        // Left by one that was interrupted.
        match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        make_private_dir(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
