//! A backup as one file: its files behind each other under zstd, each after a line that names it.
//!
//! ```text
//! {"name":"manifest.json","bytes":812}⏎ …812 bytes… {"name":"control.db","bytes":65536}⏎ …
//! ```

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::BackupError;

/// Names are short.
const MAX_LINE: u64 = 1024;

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    bytes: u64,
}

/// Writes files of a directory into one.
pub(super) fn pack<'a>(dir: &Path, names: impl Iterator<Item = &'a str>, to: &Path) -> Result<(), BackupError> {
    crate::store::make_private_file(to)?;
    let file = File::options().write(true).open(to)?;
    let mut packed = zstd::stream::write::Encoder::new(BufWriter::new(file), 3)?;
    for name in names {
        let mut file = File::open(dir.join(name))?;
        let entry = Entry { name: name.to_owned(), bytes: file.metadata()?.len() };
        serde_json::to_writer(&mut packed, &entry).map_err(std::io::Error::from)?;
        packed.write_all(b"\n")?;
        std::io::copy(&mut file, &mut packed)?;
    }
    let file = packed.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

/// Writes the files of a packed backup into a directory.
pub(super) fn unpack(packed: &Path, dir: &Path) -> Result<(), BackupError> {
    let mut packed = BufReader::new(zstd::stream::read::Decoder::new(File::open(packed)?)?);
    loop {
        let mut line = String::new();
        (&mut packed).take(MAX_LINE).read_line(&mut line).map_err(|_| BackupError::NotABackup)?;
        if line.is_empty() {
            return Ok(());
        }
        let entry: Entry = serde_json::from_str(&line).map_err(|_| BackupError::NotABackup)?;
        // A name that leads elsewhere would write elsewhere.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if !entry.name.chars().all(is_plain) || entry.name.starts_with('.') {
            return Err(BackupError::NotABackup);
        }
        let path = dir.join(&entry.name);
        crate::store::make_private_file(&path)?;
        let mut file = File::options().write(true).open(&path)?;
        let written = std::io::copy(&mut (&mut packed).take(entry.bytes), &mut file);
        if written.map_err(|_| BackupError::Damaged(entry.name.clone()))? != entry.bytes {
            return Err(BackupError::Damaged(entry.name));
        }
        file.sync_all()?;
    }
}
