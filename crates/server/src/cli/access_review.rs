//! The command `syft-space access-review`.

use clap::Args;
use reqwest::Method;
use serde::Serialize;
use syft_space_domain::identity::oidc::{EmailDomain, Group};

use crate::cli::api::ApiClient;
use crate::cli::csv::{self, guard};
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::instant::time;
use crate::cli::names::Names;
use crate::cli::output::{Column, Output, text};
use crate::routes::access_review::{
    Access, AccessReview as Page, ReviewedEntry, ReviewedSubject, SubjectKind,
};

const PATH: &str = "/api/v1/access-review";

/// In which form.
#[derive(Args)]
pub(super) struct AccessReview {
    /// Write it as CSV (RFC 4180), a line for each endpoint that somebody can query
    #[arg(long)]
    csv: bool,
}

/// One line of a review: somebody, and an endpoint that they can query, if any.
#[derive(Serialize)]
struct Line {
    kind: &'static str,
    who: String,
    holder: String,
    role: String,
    endpoint: String,
    reason: String,
    policy: String,
    rule: String,
    last_used: String,
    ends: String,
    remarks: String,
    id: String,
}

const LINES: &[Column<Line>] = &[
    text("KIND", |line| line.kind.to_owned()),
    text("WHO", |line| line.who.clone()),
    text("ROLE", |line| line.role.clone()),
    text("ENDPOINT", |line| line.endpoint.clone()),
    text("WHY", |line| match (&*line.policy, &*line.rule) {
        ("", _) => line.reason.clone(),
        (policy, "") => format!("{} ({policy})", line.reason),
        (policy, rule) => format!("{} ({policy}: {rule})", line.reason),
    }),
    text("LAST USED", |line| line.last_used.clone()),
    text("REMARKS", |line| line.remarks.clone()),
];

pub(super) async fn run(api: &ApiClient, form: &AccessReview, out: &mut Output) -> anyhow::Result<()> {
    let last = if out.json {
        if form.csv {
            let message = "--json and --csv are two forms: leave one out";
            return Err(CommandError::new(ExitStatus::Usage, message).into());
        }
        let mut table = out.table::<ReviewedSubject>(&[]);
        let last = read(api, |subjects| table.items(subjects)).await?;
        table.end()?;
        last
    } else {
        let names = Names::read(api).await?;
        if form.csv {
            let mut has_header = false;
            let write = |subjects: &[ReviewedSubject]| {
                let lines: Vec<Line> = lines(subjects, &names).iter().map(Line::guarded).collect();
                out.text(&csv::text(&lines, !std::mem::replace(&mut has_header, true))?)
            };
            read(api, write).await?
        } else {
            let mut table = out.table(LINES);
            let last = read(api, |subjects| table.items(&lines(subjects, &names))).await?;
            table.end()?;
            last
        }
    };
    if let Page { as_of, digest: Some(digest), review_token: Some(token), .. } = last {
        let as_of = time(as_of);
        out.remark(&format!(
            "This review is {digest}, as of {as_of}. An owner who has seen it signs it off within 30 days:\n  syft-space \
             sign-off --as EMAIL {digest} {token}"
        ));
    }
    Ok(())
}

/// Reads a review to its end, a page at a time, and answers the last one.
async fn read(
    api: &ApiClient,
    mut tell: impl FnMut(&[ReviewedSubject]) -> anyhow::Result<()>,
) -> anyhow::Result<Page> {
    let mut cursor = None::<String>;
    loop {
        let query: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        let page: Page = api.read(api.request(Method::GET, PATH, &query)?).await?;
        tell(&page.list.items)?;
        if page.list.next_cursor.is_none() {
            return Ok(page);
        }
        cursor = page.list.next_cursor;
    }
}

impl Line {
    fn guarded(&self) -> Self {
        Self {
            kind: self.kind,
            who: guard(&self.who),
            holder: guard(&self.holder),
            role: guard(&self.role),
            endpoint: guard(&self.endpoint),
            reason: guard(&self.reason),
            policy: guard(&self.policy),
            rule: guard(&self.rule),
            last_used: guard(&self.last_used),
            ends: guard(&self.ends),
            remarks: guard(&self.remarks),
            id: guard(&self.id),
        }
    }
}

fn lines(subjects: &[ReviewedSubject], names: &Names) -> Vec<Line> {
    let of = |subject: &ReviewedSubject| {
        let access = subject.access.iter().map(Some);
        // Who can query nothing stands in a review too.
        let access = access.chain(subject.access.is_empty().then_some(None));
        access.map(|access| line(subject, access, names)).collect::<Vec<_>>()
    };
    subjects.iter().flat_map(of).collect()
}

fn line(subject: &ReviewedSubject, access: Option<&Access>, names: &Names) -> Line {
    let is_used = matches!(subject.kind, SubjectKind::Member | SubjectKind::ApiKey);
    let (member, entry) = (subject.member.as_ref(), subject.entry.as_ref());
    let role = member.map(|member| member.role).or(entry.and_then(|entry| entry.role));
    let ends_at = subject.api_key.as_ref().map(|key| key.expires_at);
    let ends_at = ends_at.or(entry.and_then(|entry| entry.expires_at));
    Line {
        kind: match subject.kind {
            SubjectKind::Member => "member",
            SubjectKind::ApiKey => "api key",
            SubjectKind::HubUsers => "hub's users",
            SubjectKind::HubGuests => "hub's guests",
            SubjectKind::OidcProvider => "provider's people",
            SubjectKind::Invitation => "invitation",
        },
        who: match (subject.kind, member, entry.and_then(|entry| entry.issuer.as_ref())) {
            (SubjectKind::ApiKey, Some(holder), _) => format!("{}: {}", holder.email, subject.name),
            (_, _, Some(issuer)) => format!("{} ({issuer})", subject.name),
            _ => subject.name.clone(),
        },
        holder: member.map_or_else(String::new, |member| member.email.to_string()),
        role: role.map_or_else(String::new, |role| role.to_string()),
        endpoint: access.map_or_else(|| "(none)".to_owned(), |access| access.slug.to_string()),
        reason: access.map_or_else(String::new, |access| access.reason_code.clone()),
        policy: access.map_or_else(String::new, |access| {
            let decided = access.policy_id.iter();
            let policies = decided.chain(access.policies.iter().map(|policy| &policy.id));
            policies.map(|id| names.of(&id.to_string())).collect::<Vec<_>>().join(", ")
        }),
        rule: access.and_then(|access| access.rule.clone()).unwrap_or_default(),
        last_used: match subject.last_used_at {
            Some(at) => time(at),
            None if is_used => "never".to_owned(),
            None => String::new(),
        },
        ends: ends_at.map_or_else(String::new, time),
        remarks: remarks(subject).join(", "),
        id: subject.id.clone(),
    }
}

/// What whoever reviews may want to do something about.
fn remarks(subject: &ReviewedSubject) -> Vec<String> {
    let of_member = subject.member.iter().flat_map(|member| {
        [
            (!member.active).then_some("disabled"),
            member.must_enrol.then_some("must enrol a second factor"),
            (!member.second_factor && !member.must_enrol && member.password).then_some("no second factor"),
            (!member.password).then_some("no password here"),
        ]
    });
    let of_key = subject.api_key.iter().flat_map(|key| {
        [
            key.due.then_some("due to be rotated"),
            key.unused.then_some("unused"),
            key.addresses.is_some().then_some("not from everywhere"),
        ]
    });
    let of_content = subject.reads_content.then_some("reads content without endpoints");
    let told = of_member.chain(of_key).chain([of_content]).flatten().map(str::to_owned);
    subject.entry.as_ref().and_then(who_enters).into_iter().chain(told).collect()
}

/// Whom an identity provider makes what the line says, in words. Who is invited stands in a line of their own, where groups do not say
/// what they become.
fn who_enters(entry: &ReviewedEntry) -> Option<String> {
    entry.issuer.as_ref()?;
    let list = |texts: Vec<&str>| texts.join(" or ");
    let domains = list(entry.domains.iter().map(EmailDomain::as_str).collect());
    let groups = entry.claim.as_ref().map(|claim| {
        let groups = list(entry.groups.iter().map(Group::as_str).collect());
        format!("whoever has {groups} in {claim}")
    });
    Some(match (groups, &*domains) {
        (None, "") => "only who is invited".to_owned(),
        (None, domains) => format!("whoever has an address of {domains}"),
        (Some(groups), "") => format!("{groups}, once invited"),
        (Some(groups), domains) => format!("{groups} and an address of {domains}, or once invited"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z4_no_cell_of_a_review_is_a_formula_and_each_stays_in_its_place() {
        let line = |who: &str| Line {
            kind: "member",
            who: who.to_owned(),
            holder: String::new(),
            role: "user".to_owned(),
            endpoint: "birds".to_owned(),
            reason: "allowed_by_policy".to_owned(),
            policy: "a \"quoted\", name".to_owned(),
            rule: "*@example.org\nmore".to_owned(),
            last_used: "never".to_owned(),
            ends: String::new(),
            remarks: String::new(),
            id: "1".to_owned(),
        };
        for bad in ["=1+1", "+1", "-1", "@sum", " =1", "\u{a0}＝1", "＠sum", "﹦1"] {
            let written = csv::text(&[line(bad).guarded()], true).unwrap();
            let mut read = ::csv::Reader::from_reader(written.as_bytes());
            assert_eq!(read.headers().unwrap().len(), 12);
            let row = read.records().next().unwrap().unwrap();
            assert_eq!(&row[1], format!("'{bad}"));
            assert_eq!((&row[6], &row[7]), ("a \"quoted\", name", "*@example.org\nmore"));
        }
        assert!(csv::text(&[line("a").guarded()], false).unwrap().starts_with("member,a,"));
    }
}
