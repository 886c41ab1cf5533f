//! The rows of expectations.

use diesel::dsl::exists;
use diesel::prelude::*;
use syft_space_domain::expectation::Expectation;
use syft_space_domain::expectation::ports::{ExpectationRows, ExpectationView};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::policy::{HypotheticalCaller, Purpose};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::codec::{Key, parse, to_u64, unreadable_column};
use crate::schema::{endpoints, expectations};
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = expectations)]
struct ExpectationRow {
    tenant_id: Key,
    endpoint_id: Key,
    position: i64,
    email: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    hub_role: Option<String>,
    purpose: Option<String>,
    verdict: String,
    note: String,
}

impl ExpectationRow {
    fn new(scope: &TenantScope, endpoint: EndpointId, position: i64, expectation: &Expectation) -> Self {
        let (email, hub_user) = match &expectation.caller {
            HypotheticalCaller::Address(email) => (Some(email), None),
            HypotheticalCaller::HubUser { issuer, subject, role, email } => {
                (email.as_ref(), Some((issuer.to_string(), subject.clone(), role.as_str().to_owned())))
            }
        };
        let (issuer, subject, hub_role) = hub_user
            .map_or((None, None, None), |(issuer, subject, role)| (Some(issuer), Some(subject), Some(role)));
        Self {
            tenant_id: scope.into(),
            endpoint_id: endpoint.into(),
            position,
            email: email.map(ToString::to_string),
            issuer,
            subject,
            hub_role,
            purpose: expectation.purpose.as_ref().map(|purpose| purpose.as_str().to_owned()),
            verdict: expectation.verdict.as_str().to_owned(),
            note: expectation.note.clone(),
        }
    }
}

impl TryFrom<ExpectationRow> for Expectation {
    type Error = StoreError;
    fn try_from(row: ExpectationRow) -> Result<Self, StoreError> {
        let email = row.email.map(|text| parse("expectations.email", &text)).transpose()?;
        let caller = match (row.issuer, row.subject, row.hub_role) {
            (Some(issuer), Some(subject), Some(role)) => HypotheticalCaller::HubUser {
                issuer: parse("expectations.issuer", &issuer)?,
                subject,
                role: parse("expectations.hub_role", &role)?,
                email,
            },
            _ => HypotheticalCaller::Address(
                email.ok_or_else(|| StoreError::failed("an expectation names nobody"))?,
            ),
        };
        Ok(Self {
            caller,
            purpose: row.purpose.map(|text| purpose(&text)).transpose()?,
            verdict: parse("expectations.verdict", &row.verdict)?,
            note: row.note,
        })
    }
}

fn purpose(text: &str) -> Result<Purpose, StoreError> {
    Purpose::parse(text).map_err(|error| unreadable_column("expectations.purpose", &error))
}

impl ExpectationView for Session<'_> {
    fn count_expectations(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            let own = expectations::table.filter(expectations::tenant_id.eq(Key::from(scope)));
            own.count().get_result(connection)
        })?;
        to_u64(count)
    }

    fn expectations(
        &mut self,
        scope: &TenantScope,
        endpoint: Option<EndpointId>,
    ) -> Result<Vec<(EndpointId, Expectation)>, StoreError> {
        let rows: Vec<ExpectationRow> = self.read(|connection| {
            let own = expectations::table
                .filter(expectations::tenant_id.eq(Key::from(scope)))
                .order((expectations::endpoint_id, expectations::position))
                .select(ExpectationRow::as_select());
            match endpoint {
                None => own.load(connection),
                Some(id) => own.filter(expectations::endpoint_id.eq(Key::from(id))).load(connection),
            }
        })?;
        rows.into_iter().map(|row| Ok((row.endpoint_id.into(), row.try_into()?))).collect()
    }
}

impl ExpectationRows for Session<'_> {
    fn set_expectations(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        wanted: &[Expectation],
    ) -> Result<(), StoreError> {
        let (tenant_id, endpoint_id) = (Key::from(scope), Key::from(endpoint));
        let has_endpoint: bool = self.read(|connection| {
            diesel::select(exists(endpoints::table.find((tenant_id, endpoint_id)))).get_result(connection)
        })?;
        // With expectations the schema would refuse; without any there is no row to refuse.
        if !has_endpoint {
            return Err(StoreError::Conflict(format!("there is no endpoint {endpoint}")));
        }
        let rows: Vec<_> = (0..)
            .zip(wanted)
            .map(|(position, one)| ExpectationRow::new(scope, endpoint, position, one))
            .collect();
        self.atomically(|session| {
            session.write(|connection| {
                diesel::delete(expectations::table)
                    .filter(expectations::tenant_id.eq(tenant_id))
                    .filter(expectations::endpoint_id.eq(endpoint_id))
                    .execute(connection)
            })?;
            // One by one: several rows with columns that may be null begin a transaction of their own.
            for row in rows {
                session.write(|connection| {
                    diesel::insert_into(expectations::table).values(row).execute(connection)
                })?;
            }
            Ok(())
        })
    }
}
