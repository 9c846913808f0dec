//! Devices: their keys, the codes they enrol with, the nonces they have used, when they were last heard of.

use std::collections::{HashMap, HashSet};

use shared::event::Hash;
use shared::ids::{DeviceId, RegisterId, VenueId};
use shared::keys::{PublicKey, Signature};
use shared::sync::certificate::SignedCertificate;
use shared::sync::stream::{StreamName, keys};
use shared::time::Timestamp;
use shared::venue::DeviceRecord;

use super::ingest::ids;
use super::row::{Row, by_constraint};
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, Target, query};
use super::{Result, StoreError, Tenant, TenantTx};

/// A machine, enrolled or waiting to be.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its id.
    pub device_id: DeviceId,
    /// Its short number, printed in tickets.
    pub device_no: u16,
    /// What it sells at.
    pub register_id: RegisterId,
    /// Where it stands.
    pub venue_id: VenueId,
    /// As people call it.
    pub name: String,
    /// What machine it said it is.
    pub description: String,
    /// Its key, once enrolled.
    pub public_key: Option<PublicKey>,
    /// Head office's word for that key.
    pub certificate: Option<SignedCertificate>,
    /// When it enrolled.
    pub enrolled_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
    /// When it was last heard of.
    pub last_contact_at: Option<Timestamp>,
    /// How many events it said it still holds.
    pub unsent_events: u64,
}

impl DeviceRow {
    /// As the other tills know it; `None` until it has a certificate.
    pub fn record(&self) -> Option<DeviceRecord> {
        Some(DeviceRecord {
            device_id: self.device_id,
            device_no: self.device_no,
            register_id: self.register_id,
            name: self.name.clone(),
            certificate: self.certificate.clone()?,
            is_revoked: self.revoked_at.is_some(),
        })
    }
}

/// A code a machine may enrol with, once.
pub struct EnrolmentCode {
    /// Its first characters, by which it is found.
    pub selector: String,
    /// Whose machine it makes.
    pub device_id: DeviceId,
    /// Of the whole code.
    pub code_hash: [u8; 32],
    /// Until when.
    pub expires_at: Timestamp,
}

/// What became of a code that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeOutcome {
    /// Right, and not used before.
    Fresh(DeviceId),
    /// Right, and used before.
    Used(DeviceId),
    /// Wrong, expired, or tried too often; nobody is told which.
    Refused,
}

/// What a device drew for a request, once.
#[derive(Clone, Copy, Debug)]
pub struct Nonce<'a> {
    /// Whose.
    pub device_id: DeviceId,
    /// What it drew.
    pub nonce: &'a str,
    /// Of the request it was drawn for.
    pub content: Hash,
}

/// Wrong tries before a code is dead.
const CODE_TRIES: i64 = 5;

impl TenantTx {
    /// Adds a machine that has yet to enrol, with the next short number.
    pub async fn insert_device(
        &mut self,
        device_id: DeviceId,
        (venue_id, register_id): (VenueId, RegisterId),
        name: &str,
        now: Timestamp,
    ) -> Result<u16> {
        let next = query("SELECT coalesce(max(device_no), 0) + 1 AS next FROM device").fetch_one(self.sql()).await?;
        let device_no: u16 = next.number("next")?;
        query(
            "INSERT INTO device (device_id, device_no, register_id, venue_id, name, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(device_id)
        .bind(i64::from(device_no))
        .bind(register_id)
        .bind(venue_id)
        .bind(name.to_owned())
        .bind(now.as_millis())
        .execute(self.sql())
        .await
        .map_err(by_constraint)?;
        Ok(device_no)
    }

    /// A machine.
    pub async fn find_device(&mut self, device_id: DeviceId) -> Result<Option<DeviceRow>> {
        find_device(self.sql(), device_id).await
    }

    /// The key of a machine by its short number, for its tickets; also of one withdrawn since.
    pub async fn find_device_key(&mut self, device_no: u16) -> Result<Option<PublicKey>> {
        let row = query("SELECT public_key FROM device WHERE device_no = $1")
            .bind(i64::from(device_no))
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| public_key(&row)).transpose().map(Option::flatten)
    }

    /// The same of several at once.
    pub async fn find_device_keys(&mut self, numbers: &HashSet<u16>) -> Result<HashMap<u16, PublicKey>> {
        const KEYS: Sql = Sql {
            sqlite: "SELECT device_no, public_key FROM device WHERE device_no IN (SELECT value FROM json_each($1))",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (no) CROSS JOIN LATERAL
                (SELECT device_no, public_key FROM device WHERE device_no = wanted.no::bigint OFFSET 0) AS found",
        };
        let list = serde_json::to_string(numbers).map_err(|_| StoreError::Corrupt("device_no"))?;
        let mut found = HashMap::new();
        for row in query(KEYS).bind(list).fetch_all(self.sql()).await? {
            if let Some(key) = public_key(&row)? {
                found.insert(row.number("device_no")?, key);
            }
        }
        Ok(found)
    }

    /// Every machine, by short number.
    pub async fn list_devices(&mut self) -> Result<Vec<DeviceRow>> {
        let rows = query("SELECT * FROM device ORDER BY device_no").fetch_all(self.sql()).await?;
        rows.iter().map(device_row).collect()
    }

    /// Gives a machine its key and certificate, and tells every till.
    pub async fn enrol_device(
        &mut self,
        device: &DeviceRow,
        key: &PublicKey,
        certificate: &SignedCertificate,
        description: &str,
        now: Timestamp,
    ) -> Result<()> {
        query(
            "UPDATE device SET public_key = $2, certificate_body = $3, certificate_signature = $4, description = $5,
               enrolled_at = $6, last_contact_at = $6
             WHERE device_id = $1",
        )
        .bind(device.device_id)
        .bind(key.as_bytes().as_slice())
        .bind(certificate.body.clone())
        .bind(certificate.signature.as_bytes().as_slice())
        .bind(description.to_owned())
        .bind(now.as_millis())
        .execute(self.sql())
        .await?;
        self.publish_device(device.device_id).await
    }

    /// Gives a machine a new certificate for the key it has, and tells every till.
    pub async fn renew_certificate(&mut self, device_id: DeviceId, certificate: &SignedCertificate) -> Result<()> {
        query("UPDATE device SET certificate_body = $2, certificate_signature = $3 WHERE device_id = $1")
            .bind(device_id)
            .bind(certificate.body.clone())
            .bind(certificate.signature.as_bytes().as_slice())
            .execute(self.sql())
            .await?;
        self.publish_device(device_id).await
    }

    /// Renames a machine.
    pub async fn rename_device(&mut self, device_id: DeviceId, name: &str) -> Result<()> {
        query("UPDATE device SET name = $2 WHERE device_id = $1")
            .bind(device_id)
            .bind(name.to_owned())
            .execute(self.sql())
            .await?;
        self.publish_device(device_id).await
    }

    /// Withdraws a machine, for good, and tells every till.
    pub async fn revoke_device(&mut self, device_id: DeviceId, now: Timestamp) -> Result<()> {
        query("UPDATE device SET revoked_at = coalesce(revoked_at, $2) WHERE device_id = $1")
            .bind(device_id)
            .bind(now.as_millis())
            .execute(self.sql())
            .await?;
        query("UPDATE enrolment_code SET tries = $2 WHERE device_id = $1")
            .bind(device_id)
            .bind(CODE_TRIES)
            .execute(self.sql())
            .await?;
        self.publish_device(device_id).await
    }

    async fn publish_device(&mut self, device_id: DeviceId) -> Result<()> {
        let device = self.find_device(device_id).await?.ok_or(StoreError::Corrupt("device"))?;
        match device.record() {
            Some(record) => {
                self.publish(StreamName::Catalog, format!("{}{device_id}", keys::DEVICE), &record, None).await
            }
            // Nobody has seen its key, so there is nothing to tell.
            None => Ok(()),
        }
    }

    /// Notes that a machine was heard of, and what it said it still holds.
    pub async fn touch_device(&mut self, device_id: DeviceId, now: Timestamp, unsent: Option<u64>) -> Result<()> {
        let unsent = unsent.map(|unsent| i64::try_from(unsent).unwrap_or(i64::MAX));
        query(
            "UPDATE device SET last_contact_at = $2, unsent_events = coalesce($3, unsent_events) WHERE device_id = $1",
        )
        .bind(device_id)
        .bind(now.as_millis())
        .bind(unsent)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Notes that machines were heard of.
    pub async fn hear_devices(&mut self, devices: HashSet<DeviceId>, now: Timestamp) -> Result<()> {
        const HEAR: Sql = Sql {
            sqlite: "UPDATE device SET last_contact_at = $2
                WHERE device_id IN (SELECT unhex(value) FROM json_each($1))",
            postgres: "UPDATE device SET last_contact_at = $2 FROM json_array_elements_text($1::json) AS heard (id)
                WHERE device_id = heard.id::uuid",
        };
        if let Some(list) = ids(devices) {
            query(HEAR).bind(list).bind(now).execute(self.sql()).await?;
        }
        Ok(())
    }

    /// Notes that a machine said that everything it wrote is proved to be here.
    pub async fn note_all_sent(&mut self, device_id: DeviceId, now: Timestamp) -> Result<()> {
        query("UPDATE device SET all_sent_at = $2 WHERE device_id = $1")
            .bind(device_id)
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Replaces the codes of a machine with this one.
    pub async fn put_enrolment_code(&mut self, code: &EnrolmentCode) -> Result<()> {
        query("DELETE FROM enrolment_code WHERE device_id = $1 OR selector = $2")
            .bind(code.device_id)
            .bind(code.selector.clone())
            .execute(self.sql())
            .await?;
        query("INSERT INTO enrolment_code (selector, device_id, code_hash, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(code.selector.clone())
            .bind(code.device_id)
            .bind(code.code_hash.as_slice())
            .bind(code.expires_at.as_millis())
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Tries a code. A wrong one counts against the code it begins like; the caller commits either way.
    pub async fn try_enrolment_code(
        &mut self,
        selector: &str,
        code_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<CodeOutcome> {
        let row = query("SELECT * FROM enrolment_code WHERE selector = $1")
            .bind(selector.to_owned())
            .fetch_optional(self.sql())
            .await?;
        let Some(row) = row else { return Ok(CodeOutcome::Refused) };
        if row.time("expires_at")? < now || row.int("tries")? >= CODE_TRIES {
            return Ok(CodeOutcome::Refused);
        }
        if row.bytes::<32>("code_hash")? != code_hash {
            self.count_wrong_try(selector).await?;
            return Ok(CodeOutcome::Refused);
        }
        let device_id = row.id("device_id")?;
        if row.maybe_time("used_at")?.is_some() {
            return Ok(CodeOutcome::Used(device_id));
        }
        query("UPDATE enrolment_code SET used_at = $2 WHERE selector = $1")
            .bind(selector.to_owned())
            .bind(now.as_millis())
            .execute(self.sql())
            .await?;
        Ok(CodeOutcome::Fresh(device_id))
    }

    /// Counts a try that went wrong.
    pub async fn count_wrong_try(&mut self, selector: &str) -> Result<()> {
        query("UPDATE enrolment_code SET tries = tries + 1 WHERE selector = $1")
            .bind(selector.to_owned())
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Remembers what requests drew, and forgets what was drawn for requests that their time refuses anyway. Which of them
    /// are what they say: those whose nonce nobody used before, or this very request.
    pub async fn use_nonces(
        &mut self,
        nonces: &[Nonce<'_>],
        (now, forget_before): (Timestamp, Timestamp),
    ) -> Result<Vec<bool>> {
        const FORGET: Sql = Sql {
            sqlite: "DELETE FROM nonce WHERE seen_at < $1",
            // Their own only: no two devices wait for each other over what both want gone.
            postgres: "DELETE FROM nonce USING json_array_elements_text($2::json) AS asking (id)
                WHERE nonce.device_id = asking.id::uuid AND nonce.seen_at < $1",
        };
        let Some(asking) = ids(nonces.iter().map(|nonce| nonce.device_id)) else { return Ok(Vec::new()) };
        query(FORGET).bind(forget_before).bind(asking).execute(self.sql()).await?;
        let mut rows = Rows::new(
            "INSERT INTO nonce (device_id, nonce, content_hash, seen_at)",
            &[Kind::Uuid, Kind::Text, Kind::Bytes, Kind::Int],
            "ON CONFLICT DO NOTHING",
        );
        for Nonce { device_id, nonce, content } in nonces {
            rows.push([device_id.value(), (*nonce).value(), content.value(), now.value()]);
        }
        if usize::try_from(rows.execute(self.sql()).await?) == Ok(nonces.len()) {
            return Ok(vec![true; nonces.len()]);
        }
        let mut own = Vec::with_capacity(nonces.len());
        for Nonce { device_id, nonce, content } in nonces {
            let row = query("SELECT content_hash FROM nonce WHERE device_id = $1 AND nonce = $2")
                .bind(*device_id)
                .bind(*nonce)
                .fetch_one(self.sql())
                .await?;
            own.push(row.hash("content_hash")? == *content);
        }
        Ok(own)
    }
}

impl Tenant {
    /// One machine, by itself: the first question of every request.
    pub async fn find_device(&self, device_id: DeviceId) -> Result<Option<DeviceRow>> {
        match self.database().alone() {
            Some(target) => find_device(target, device_id).await,
            None => self.read().await?.find_device(device_id).await,
        }
    }
}

async fn find_device(from: Target<'_>, device_id: DeviceId) -> Result<Option<DeviceRow>> {
    let row = query("SELECT * FROM device WHERE device_id = $1").bind(device_id).fetch_optional(from).await?;
    row.map(|row| device_row(&row)).transpose()
}

fn public_key(row: &Row) -> Result<Option<PublicKey>> {
    Ok(row.maybe_bytes("public_key")?.map(PublicKey::from_bytes))
}

fn device_row(row: &Row) -> Result<DeviceRow> {
    let certificate = match row.maybe_text("certificate_body")? {
        Some(body) => {
            Some(SignedCertificate { body, signature: Signature::from_bytes(row.bytes("certificate_signature")?) })
        }
        None => None,
    };
    Ok(DeviceRow {
        device_id: row.id("device_id")?,
        device_no: row.number("device_no")?,
        register_id: row.id("register_id")?,
        venue_id: row.id("venue_id")?,
        name: row.text("name")?,
        description: row.text("description")?,
        public_key: public_key(row)?,
        certificate,
        enrolled_at: row.maybe_time("enrolled_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        last_contact_at: row.maybe_time("last_contact_at")?,
        unsent_events: row.number("unsent_events")?,
    })
}
